//! The removal flag: a value in a record by which the source itself says that the record is gone.
//!
//! A flag is worth more than absence: it removes a reference even in a run that covers only a part of its scope. So the
//! rule is strict about what is *no* flag. Exports write "not deleted" in many ways (`0`, `f`, `no`, `NULL`, a date of
//! zeros), and a reference that stays by mistake costs less than one that goes by mistake.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

use crate::{
    field_path::{FieldPath, FieldPathError},
    json::{Kind, Value},
};

/// The field that Singer taps and targets use, with the time of the deletion.
const SINGER_FIELD: &str = "_sdc_deleted_at";

/// Texts that say no, in lower case.
const NO: [&str; 7] = ["false", "f", "no", "n", "off", "null", "none"];

/// Which value of a record is the flag: a setting of its source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RemovedWhen {
    /// None; of the records of a Singer tap, `_sdc_deleted_at`.
    #[default]
    Usual,
    /// None, not even of the records of a tap. In a configuration `false`, on a command line the empty text.
    Never,
    /// The value at this place.
    At(FieldPath),
}

impl RemovedWhen {
    /// Where the flag is, if the setting says so by itself.
    pub const fn field(&self) -> Option<&FieldPath> {
        match self {
            Self::At(field) => Some(field),
            Self::Usual | Self::Never => None,
        }
    }

    /// The setting for records of a Singer tap.
    #[must_use]
    pub fn of_tap(self) -> Self {
        match self {
            Self::Usual => Self::At(FieldPath::of_name(SINGER_FIELD)),
            given => given,
        }
    }

    /// The same setting after a top-level field was renamed.
    #[must_use]
    pub fn renamed(self, from: &str, to: &str) -> Self {
        match self {
            Self::At(field) => Self::At(field.renamed(from, to)),
            other => other,
        }
    }
}

impl FromStr for RemovedWhen {
    type Err = FieldPathError;

    fn from_str(text: &str) -> Result<Self, FieldPathError> {
        if text.is_empty() { Ok(Self::Never) } else { text.parse().map(Self::At) }
    }
}

/// As in a configuration; `null` where that has no such setting.
impl Serialize for RemovedWhen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Usual => serializer.serialize_none(),
            Self::Never => serializer.serialize_bool(false),
            Self::At(field) => serializer.serialize_str(field.as_str()),
        }
    }
}

impl<'de> Deserialize<'de> for RemovedWhen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Setting;

        impl Visitor<'_> for Setting {
            type Value = RemovedWhen;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name, a JSON pointer such as /meta/deleted, or false")
            }

            fn visit_bool<E: de::Error>(self, is_on: bool) -> Result<RemovedWhen, E> {
                if is_on {
                    Err(E::invalid_value(de::Unexpected::Bool(true), &self))
                } else {
                    Ok(RemovedWhen::Never)
                }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RemovedWhen, E> {
                FieldPath::try_from(text.to_owned()).map(RemovedWhen::At).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Setting)
    }
}

impl JsonSchema for RemovedWhen {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "RemovedWhen".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string", "minLength": 1 }, { "const": false }] })
    }
}

/// Whether the value at `flag` says that the record is gone.
pub fn is_set(flag: &FieldPath, record: Value<'_>) -> bool {
    flag.locate(record).is_some_and(is_true)
}

/// Whether a value says yes. These say no: null, `false`, a number equal to 0, an empty array or object, and a text
/// that is blank, consists of zeros as in `0` or `0000-00-00 00:00:00`, or is `false`, `f`, `no`, `n`, `off`, `null` or
/// `none` in any case. Everything else says yes.
fn is_true(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Null | Kind::False => false,
        Kind::True => true,
        Kind::Number => {
            let digits = value.source().split(['e', 'E']).next().unwrap_or_default();
            digits.contains(|digit: char| ('1'..='9').contains(&digit))
        }
        Kind::String => value.as_str().is_some_and(says_yes),
        Kind::Array => value.elements().next().is_some(),
        Kind::Object => value.sorted_members().next().is_some(),
    }
}

fn says_yes(text: &str) -> bool {
    let text = text.trim();
    // RFC 3339 allows both cases of T and Z.
    let is_of_zeros = |character: char| "0-+:./ TtZz".contains(character);
    let is_zero = text.contains('0') && text.chars().all(is_of_zeros);
    !text.is_empty() && !is_zero && !NO.iter().any(|no| text.eq_ignore_ascii_case(no))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::{Parser, samples};

    fn says(value: &str) -> bool {
        let record = format!(r#"{{"id":1,"meta":{{"deleted":{value}}}}}"#);
        let mut parser = Parser::new(64);
        is_set(&"/meta/deleted".parse().unwrap(), parser.parse(record.as_bytes()).unwrap().root())
    }

    #[test]
    fn yes_and_no_are_what_the_documentation_says() {
        for yes in [
            "true",
            "1",
            "-1",
            "0.5",
            "1e-3",
            "10",
            r#""true""#,
            r#""1""#,
            r#""Y""#,
            r#""deleted""#,
            r#""-""#,
            r#""2026-01-02T03:04:05Z""#,
            r#""2000-01-01""#,
            "[0]",
            r#"{"at":null}"#,
            r#""T""#,
        ] {
            assert!(says(yes), "{yes}");
        }
        for no in [
            "null",
            r#""0000-00-00t00:00:00z""#,
            "false",
            "0",
            "-0",
            "0.0",
            "0e9",
            r#""""#,
            r#"" \t""#,
            r#""0""#,
            r#"" 0.00 ""#,
            r#""False""#,
            r#""f""#,
            r#""NO""#,
            r#""n""#,
            r#""off""#,
            r#""NULL""#,
            r#""None""#,
            r#""0000-00-00""#,
            r#""0000-00-00 00:00:00""#,
            r#""0000-00-00T00:00:00Z""#,
            "[]",
            "{}",
        ] {
            assert!(!says(no), "{no}");
        }
    }

    #[test]
    fn an_absent_value_is_no_flag() {
        let mut parser = Parser::new(8);
        let flag: FieldPath = "/meta/deleted".parse().unwrap();
        for record in [r#"{"id":1}"#, r#"{"meta":1}"#, r#"{"meta":{}}"#, r#"{"meta":["deleted"]}"#] {
            assert!(!is_set(&flag, parser.parse(record.as_bytes()).unwrap().root()), "{record}");
        }
    }

    #[test]
    fn the_setting_is_a_place_or_off() {
        let read = |json: &str| serde_json::from_str::<RemovedWhen>(json).map_err(|error| error.to_string());
        let at = |text: &str| RemovedWhen::At(text.parse().unwrap());
        assert_eq!(read("\"/meta/deleted\""), Ok(at("/meta/deleted")));
        assert_eq!(read("false"), Ok(RemovedWhen::Never));
        for wrong in ["true", "\"\"", "1", "null"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert_eq!("".parse(), Ok(RemovedWhen::Never));
        assert_eq!("gone".parse(), Ok(at("gone")));
        assert_eq!(RemovedWhen::Usual.of_tap(), at("_sdc_deleted_at"));
        assert_eq!(RemovedWhen::Never.of_tap(), RemovedWhen::Never);
        assert_eq!(at("gone").of_tap(), at("gone"));
    }

    proptest! {
        #[test]
        fn every_spelling_of_a_value_says_the_same(value in samples::value(), seed in any::<u64>()) {
            prop_assert_eq!(says(&samples::spelled(&value, seed)), says(&value.to_string()));
        }

        #[test]
        fn a_number_says_yes_unless_it_is_zero(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
            prop_assert_eq!(says(&serde_json::json!(number).to_string()), number != 0.0);
        }

        #[test]
        fn a_text_says_what_its_trimmed_text_says(text in "[a-zA-Z0-9 :./-]{0,12}") {
            let quoted = |text: &str| serde_json::json!(text).to_string();
            prop_assert_eq!(says(&quoted(&format!(" {text}\n"))), says(&quoted(&text)));
            prop_assert_eq!(says(&quoted(&text.to_ascii_uppercase())), says(&quoted(&text.to_ascii_lowercase())) );
        }
    }
}
