//! The key under which two paths are the same file on some file system.
//!
//! Windows and macOS ignore case by default, and macOS also ignores the Unicode form. The key follows canonical
//! caseless matching (The Unicode Standard, section 3.13, D145): decompose, fold, compose. Folding is upper case and
//! then lower case of each character, as the standard library knows them; this equals Unicode's full case folding,
//! except that the dotless `ı` is left alone here as it is there. A wrong key would only refuse a pair of files.

use unicode_normalization::UnicodeNormalization;

use super::relative::RelativePath;

/// A path after folding. Equal keys: some file system cannot hold both files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FoldKey(String);

impl FoldKey {
    /// The key of a text: a path, a folder or a name.
    pub fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Self(text.to_ascii_lowercase());
        }
        Self(text.nfd().flat_map(folded).nfc().collect())
    }

    /// The key as text, for columns with a unique index.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RelativePath {
    /// The key of this path.
    pub fn fold(&self) -> FoldKey {
        FoldKey::of(self.as_str())
    }
}

/// Folds one character. The first lower case handles letters such as `ẞ`, whose upper case is themselves although
/// their lower case has another one.
fn folded(character: char) -> impl Iterator<Item = char> {
    let dotless = (character == 'ı').then_some(character);
    let others = dotless
        .is_none()
        .then(|| character.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase));
    dotless.into_iter().chain(others.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_and_form_do_not_matter() {
        for (one, other) in [
            ("Lessons/A.md", "lessons/a.md"),
            ("caf\u{e9}.md", "CAFE\u{301}.md"),
            ("straße", "STRASSE"),
            ("STRAẞE", "strasse"),
            ("ΟΔΟΣ", "οδος"),
            ("\u{212a}", "k"),
            ("\u{212b}", "\u{e5}"),
            ("ﬁn", "FIN"),
            ("İ", "i\u{307}"),
            ("\u{1e9b}\u{323}", "\u{1e69}"),
            ("ᾳ", "ΑΙ"),
        ] {
            assert_eq!(FoldKey::of(one), FoldKey::of(other), "{one} {other}");
        }
    }

    #[test]
    fn different_names_have_different_keys() {
        for (one, other) in [("a", "á"), ("sık", "sik"), ("１", "1"), ("a-b", "a_b"), ("o", "ø"), ("²", "2")]
        {
            assert_ne!(FoldKey::of(one), FoldKey::of(other), "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn keys_ignore_the_form(text in "\\PC{0,12}") {
            let key = FoldKey::of(&text);
            prop_assert_eq!(&FoldKey::of(&text.nfc().collect::<String>()), &key);
            prop_assert_eq!(&FoldKey::of(&text.nfd().collect::<String>()), &key);
        }

        #[test]
        fn keys_of_letters_ignore_the_case(text in "[a-zà-öø-þα-ωа-яßſ/.-]{0,12}") {
            prop_assert_eq!(FoldKey::of(&text.to_uppercase()), FoldKey::of(&text));
            prop_assert_eq!(FoldKey::of(FoldKey::of(&text).as_str()), FoldKey::of(&text));
        }

        #[test]
        fn slashes_stay_where_they_are(text in "[aÉß/\u{301}]{0,12}") {
            let num_slashes = |text: &str| text.matches('/').count();
            prop_assert_eq!(num_slashes(FoldKey::of(&text).as_str()), num_slashes(&text));
        }
    }
}
