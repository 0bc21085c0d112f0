//! Enums whose variants are words in columns, configuration and output.
//!
//! [`words!`](crate::words!) defines such an enum. Each word is written once; parsing, printing and serde all use it.
//! A word that the enum doesn't contain is an error, never a default: a newer Forebay may have written it.

use std::fmt;

use schemars::{Schema, SchemaGenerator, json_schema};
#[doc(hidden)]
pub use serde;

/// An enum defined by [`words!`](crate::words!).
pub trait Word: Copy + Sized + 'static {
    /// All words, in the order of their definition.
    const WORDS: &'static [&'static str];

    /// The word of this variant.
    fn word(self) -> &'static str;

    /// The variant of a word.
    fn from_word(word: &str) -> Option<Self>;
}

/// The JSON Schema of an enum defined by [`words!`](crate::words!), for `#[schemars(schema_with = "…")]`.
pub fn schema<W: Word>(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": W::WORDS })
}

/// The error of `FromStr` for an enum defined by [`words!`](crate::words!).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWord {
    /// The word.
    pub word: String,
    /// The words that the enum contains.
    pub expected: Vec<&'static str>,
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown word {:?}; expected one of {}", self.word, self.expected.join(", "))
    }
}

impl std::error::Error for UnknownWord {}

/// Defines an enum whose variants are words.
///
/// Generates `ALL` (in the order of definition), `as_str`, `parse`, `Display`, `FromStr`, [`Word`], and serde's traits.
///
/// ```
/// forebay_domain::words! {
///     /// The color of a traffic light.
///     pub enum Light {
///         /// Stop.
///         Red = "red",
///         /// Go.
///         Green = "green",
///     }
/// }
/// assert_eq!(Light::Red.as_str(), "red");
/// assert_eq!("green".parse(), Ok(Light::Green));
/// assert_eq!(Light::parse("blue"), None);
/// ```
#[macro_export]
macro_rules! words {
    ($($(#[$about:meta])* $vis:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        $vis enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// All variants, in the order of their definition.
            $vis const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word in columns and output.
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The variant of a word.
            $vis fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl $crate::words::Word for $name {
            const WORDS: &'static [&'static str] = &[$($word),+];

            fn word(self) -> &'static str {
                self.as_str()
            }

            fn from_word(word: &str) -> Option<Self> {
                Self::parse(word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;

            fn from_str(word: &str) -> std::result::Result<Self, Self::Err> {
                Self::parse(word).ok_or_else(|| $crate::words::UnknownWord {
                    word: word.to_owned(),
                    expected: Self::ALL.iter().map(|known| known.as_str()).collect(),
                })
            }
        }

        impl $crate::words::serde::Serialize for $name {
            fn serialize<S: $crate::words::serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::words::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::words::serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str> as $crate::words::serde::Deserialize>::deserialize(deserializer)?;
                let words = <Self as $crate::words::Word>::WORDS;
                Self::parse(&word)
                    .ok_or_else(|| $crate::words::serde::de::Error::unknown_variant(&word, words))
            }
        }
    )+};
}

#[cfg(test)]
mod tests {
    words! {
        /// Only for the tests.
        enum Side {
            /// One.
            Left = "left",
            /// The other.
            Right = "right",
        }
    }

    #[test]
    fn words_survive_parsing_and_serde() {
        assert_eq!(Side::ALL.map(Side::as_str), ["left", "right"]);
        assert_eq!(<Side as super::Word>::WORDS, ["left", "right"]);
        for side in Side::ALL {
            assert_eq!(side.to_string().parse(), Ok(side));
            let json = serde_json::to_string(&side).unwrap();
            assert_eq!(json, format!("\"{side}\""));
            assert_eq!(serde_json::from_str::<Side>(&json).unwrap(), side);
        }
    }

    #[test]
    fn unknown_words_are_errors() {
        assert_eq!(Side::parse("Left"), None);
        let error = "up".parse::<Side>().unwrap_err();
        assert_eq!(error.to_string(), "unknown word \"up\"; expected one of left, right");
        assert!(serde_json::from_str::<Side>("\"up\"").is_err());
    }
}
