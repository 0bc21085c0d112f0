//! Maps a record's language to a text search configuration.

/// ISO 639 codes and the names of Postgres's configurations for their languages.
const CODES: [(&str, &str); 66] = [
    ("ar", "arabic"),
    ("ara", "arabic"),
    ("ca", "catalan"),
    ("cat", "catalan"),
    ("da", "danish"),
    ("dan", "danish"),
    ("de", "german"),
    ("deu", "german"),
    ("ger", "german"),
    ("el", "greek"),
    ("ell", "greek"),
    ("gre", "greek"),
    ("en", "english"),
    ("eng", "english"),
    ("eo", "esperanto"),
    ("es", "spanish"),
    ("spa", "spanish"),
    ("et", "estonian"),
    ("est", "estonian"),
    ("eu", "basque"),
    ("eus", "basque"),
    ("baq", "basque"),
    ("fi", "finnish"),
    ("fin", "finnish"),
    ("fr", "french"),
    ("fra", "french"),
    ("fre", "french"),
    ("ga", "irish"),
    ("gle", "irish"),
    ("hi", "hindi"),
    ("hin", "hindi"),
    ("hu", "hungarian"),
    ("hun", "hungarian"),
    ("hy", "armenian"),
    ("hye", "armenian"),
    ("id", "indonesian"),
    ("ind", "indonesian"),
    ("it", "italian"),
    ("ita", "italian"),
    ("lt", "lithuanian"),
    ("lit", "lithuanian"),
    ("ne", "nepali"),
    ("nb", "norwegian"),
    ("nn", "norwegian"),
    ("no", "norwegian"),
    ("nor", "norwegian"),
    ("nl", "dutch"),
    ("nld", "dutch"),
    ("dut", "dutch"),
    ("pl", "polish"),
    ("pt", "portuguese"),
    ("por", "portuguese"),
    ("ro", "romanian"),
    ("ron", "romanian"),
    ("rum", "romanian"),
    ("ru", "russian"),
    ("rus", "russian"),
    ("sr", "serbian"),
    ("srp", "serbian"),
    ("sv", "swedish"),
    ("swe", "swedish"),
    ("ta", "tamil"),
    ("tam", "tamil"),
    ("tr", "turkish"),
    ("tur", "turkish"),
    ("yi", "yiddish"),
];

/// The configuration for an unknown or missing language.
const SIMPLE: &str = "simple";

/// The text search configurations of the database.
#[derive(Debug)]
pub(super) struct Languages {
    known: Vec<String>,
}

impl Languages {
    pub(super) fn new(known: Vec<String>) -> Self {
        Self { known }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.known.iter().any(|known| known == name)
    }

    /// The names, for messages.
    pub(super) fn names(&self) -> String {
        self.known.join(", ")
    }

    /// The configuration for `en`, `en-GB`, `eng`, `English` and similar. A language without a configuration gets
    /// `simple`, because another language's rules would stem its words incorrectly.
    pub(super) fn of(&self, given: &str) -> &str {
        let given = given.trim().to_lowercase();
        let code = given.split(['-', '_']).next().unwrap_or_default();
        let of_code = CODES.iter().find(|(known, _)| *known == code).map(|(_, name)| *name);
        let name = of_code.unwrap_or(&given);
        self.known.iter().find(|known| *known == name).map_or(SIMPLE, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_names_and_regions_map_to_configurations() {
        let languages = Languages::new(["dutch", "english", "my_own", "simple"].map(str::to_owned).to_vec());
        for (given, expected) in [
            ("en", "english"),
            ("en-GB", "english"),
            ("ENG", "english"),
            (" English ", "english"),
            ("nl_BE", "dutch"),
            ("my_own", "my_own"),
            ("de", "simple"),
            ("", "simple"),
            ("zh", "simple"),
        ] {
            assert_eq!(languages.of(given), expected, "{given}");
        }
    }
}
