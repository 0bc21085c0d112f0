//! Scope: the part of a source that one run covers.
//!
//! Completeness, removal and freshness are decided per scope, so equal scopes must have equal text. A scope is a set of
//! `key=value` pairs, sorted by key; the empty scope is the whole source. Columns and output contain its text form,
//! `semester=Spring 2026,university=CSI`. In values, `%` and `,` are written as `%25` and `%2C`, so the text parses
//! back into the same pairs.
//!
//! Database indexes contain the text, so the limits here keep it well below the size of an index entry. Never change
//! the text form: stored scopes would be orphaned.

use std::{collections::BTreeMap, fmt, str::FromStr};

use thiserror::Error;

use crate::percent;

/// Maximum length of a key, in bytes.
pub const MAX_KEY_BYTES: usize = 64;

/// Maximum length of a value, in bytes.
pub const MAX_VALUE_BYTES: usize = 256;

/// Maximum length of a scope's text form, in bytes.
pub const MAX_TEXT_BYTES: usize = 1024;

/// A sorted set of `key=value` pairs; empty means the whole source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    pairs: BTreeMap<String, String>,
}

/// Why a text is not a scope.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScopeError {
    /// A pair without `=`.
    #[error("scope `{0}` has no `=`; write it as key=value")]
    NoEquals(String),
    /// A key outside of `[A-Za-z0-9_.-]{1,64}`.
    #[error("scope key `{0}` is not 1 to {MAX_KEY_BYTES} letters, digits, `_`, `.` or `-`")]
    InvalidKey(String),
    /// The same key twice.
    #[error("scope key `{0}` is given twice; give each key once")]
    DuplicateKey(String),
    /// A control character, such as a line break, in a value.
    #[error("the value of scope key `{0}` contains a control character; remove it")]
    ControlCharacter(String),
    /// A value over the limit.
    #[error("the value of scope key `{key}` has {len} bytes; the limit is {MAX_VALUE_BYTES}")]
    ValueTooLong {
        /// The pair's key.
        key: String,
        /// The value's length in bytes.
        len: usize,
    },
    /// A text form over the limit.
    #[error("the scope takes {0} bytes as text; the limit is {MAX_TEXT_BYTES}")]
    TooLong(usize),
    /// In the text form, a `%` that is not followed by two hexadecimal digits, or bytes that are not UTF-8.
    #[error("the value of scope key `{0}` is not percent-encoded correctly; write `%` as %25 and `,` as %2C")]
    InvalidEncoding(String),
}

impl ScopeError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoEquals(_) => "scope_no_equals",
            Self::InvalidKey(_) => "scope_invalid_key",
            Self::DuplicateKey(_) => "scope_duplicate_key",
            Self::ControlCharacter(_) => "scope_control_character",
            Self::ValueTooLong { .. } => "scope_value_too_long",
            Self::TooLong(_) => "scope_too_long",
            Self::InvalidEncoding(_) => "scope_invalid_encoding",
        }
    }
}

impl Scope {
    /// Parses pairs from the command line, one `key=value` each. Values are not decoded, and may contain `=`, `,` and
    /// `%`.
    pub fn parse<I>(pairs: I) -> Result<Self, ScopeError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut scope = Self::default();
        for pair in pairs {
            let (key, value) = split(pair.as_ref())?;
            scope.insert(key, value.to_owned())?;
        }
        scope.checked()
    }

    /// Whether this is the whole source.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The value for a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.get(key).map(String::as_str)
    }

    /// All pairs, sorted by key.
    pub fn pairs(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    fn insert(&mut self, key: &str, value: String) -> Result<(), ScopeError> {
        let is_key_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        if key.is_empty() || key.len() > MAX_KEY_BYTES || !key.bytes().all(is_key_byte) {
            return Err(ScopeError::InvalidKey(shorten(key)));
        }
        if value.len() > MAX_VALUE_BYTES {
            return Err(ScopeError::ValueTooLong { key: key.to_owned(), len: value.len() });
        }
        if value.chars().any(char::is_control) {
            return Err(ScopeError::ControlCharacter(key.to_owned()));
        }
        match self.pairs.insert(key.to_owned(), value) {
            Some(_) => Err(ScopeError::DuplicateKey(key.to_owned())),
            None => Ok(()),
        }
    }

    fn checked(self) -> Result<Self, ScopeError> {
        let len = self.to_string().len();
        if len > MAX_TEXT_BYTES { Err(ScopeError::TooLong(len)) } else { Ok(self) }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (key, value)) in self.pairs.iter().enumerate() {
            let separator = if position == 0 { "" } else { "," };
            write!(f, "{separator}{key}=")?;
            for part in value.split_inclusive(['%', ',']) {
                if let Some(plain) = part.strip_suffix('%') {
                    write!(f, "{plain}%25")?;
                } else if let Some(plain) = part.strip_suffix(',') {
                    write!(f, "{plain}%2C")?;
                } else {
                    f.write_str(part)?;
                }
            }
        }
        Ok(())
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    /// Parses the text form; the pairs may be in any order.
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let mut scope = Self::default();
        if text.is_empty() {
            return Ok(scope);
        }
        for pair in text.split(',') {
            let (key, encoded) = split(pair)?;
            let value = percent::decode(encoded).ok_or_else(|| ScopeError::InvalidEncoding(shorten(key)))?;
            scope.insert(key, value)?;
        }
        scope.checked()
    }
}

fn split(pair: &str) -> Result<(&str, &str), ScopeError> {
    pair.split_once('=').ok_or_else(|| ScopeError::NoEquals(shorten(pair)))
}

/// Keeps hostile input out of messages: a bounded piece without control characters.
fn shorten(text: &str) -> String {
    text.chars().take(MAX_KEY_BYTES).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_form_is_sorted_and_encoded() {
        let scope = Scope::parse(["university=CSI", "semester=Spring 2026"]).unwrap();
        assert_eq!(scope.to_string(), "semester=Spring 2026,university=CSI");
        assert_eq!(scope.get("university"), Some("CSI"));
        let odd = Scope::parse(["q=50%, a=b", "empty="]).unwrap();
        assert_eq!(odd.to_string(), "empty=,q=50%25%2C a=b");
        assert_eq!("q=50%25%2c a=b,empty=".parse(), Ok(odd));
    }

    #[test]
    fn the_whole_source_is_the_empty_text() {
        assert_eq!(Scope::default().to_string(), "");
        assert_eq!("".parse(), Ok(Scope::default()));
        assert!(Scope::parse::<[&str; 0]>([]).unwrap().is_empty());
    }

    #[test]
    fn errors_name_the_problem() {
        let cases: [(&[&str], &str); 8] = [
            (&["semester"], "scope_no_equals"),
            (&["=x"], "scope_invalid_key"),
            (&["se mester=x"], "scope_invalid_key"),
            (&["seméster=x"], "scope_invalid_key"),
            (&["a=1", "b=2", "a=1"], "scope_duplicate_key"),
            (&["a=line\nbreak"], "scope_control_character"),
            (&[&format!("a={}", "x".repeat(257))], "scope_value_too_long"),
            (&[&format!("{}=x", "k".repeat(65))], "scope_invalid_key"),
        ];
        for (pairs, code) in cases {
            assert_eq!(Scope::parse(pairs).map_err(|error| error.code()), Err(code), "{pairs:?}");
        }
        let many: Vec<String> = (0..5).map(|n| format!("k{n}={}", "x".repeat(256))).collect();
        assert_eq!(Scope::parse(&many).map_err(|error| error.code()), Err("scope_too_long"));
        for text in ["a=%", "a=%2", "a=%+1", "a=%zz", "a=%ff", "a=%é"] {
            assert_eq!(text.parse::<Scope>(), Err(ScopeError::InvalidEncoding("a".into())), "{text}");
        }
        assert_eq!("a=%0A".parse::<Scope>(), Err(ScopeError::ControlCharacter("a".into())));
        assert_eq!("a=1,".parse::<Scope>(), Err(ScopeError::NoEquals(String::new())));
    }

    proptest! {
        #[test]
        fn text_round_trips(
            pairs in proptest::collection::btree_map("[A-Za-z0-9_.-]{1,8}", "\\PC{0,12}|[%,=0-9A-F]{0,9}", 0..5)
        ) {
            let given: Vec<String> = pairs.iter().rev().map(|(key, value)| format!("{key}={value}")).collect();
            let scope = Scope::parse(&given).unwrap();
            prop_assert!(scope.pairs().eq(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))));
            prop_assert_eq!(scope.to_string().parse::<Scope>(), Ok(scope));
        }

        #[test]
        fn no_text_makes_parsing_panic(text in "[a-c=,%0-9é\n ]{0,30}") {
            if let Ok(scope) = text.parse::<Scope>() {
                prop_assert_eq!(scope.to_string().parse::<Scope>(), Ok(scope));
            }
        }
    }
}
