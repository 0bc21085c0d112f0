//! How to read delimited text.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// How to read delimited text. Only for the format `csv`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvOptions {
    /// Character between fields, or `tab`. Default: that of a `sep=` line, or the most frequent of comma, semicolon,
    /// tab and vertical bar in the header.
    #[serde(default)]
    pub delimiter: Option<Symbol>,
    /// Character at the start of lines to skip. Default: none.
    #[serde(default)]
    pub comment: Option<Symbol>,
    /// What the first row is. Default: `strict`.
    #[serde(default)]
    pub header: HeaderPolicy,
}

/// What the first row is, and what happens to names that are missing or repeated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeaderPolicy {
    /// A header that must name every column once.
    #[default]
    Strict,
    /// A header: an empty name becomes `column_3`, and a repeated one `name_2`.
    Rename,
    /// A record: the columns are `column_1`, `column_2` and so on.
    None,
}

/// One ASCII character of delimited text, or `tab`.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Symbol(u8);

impl Symbol {
    /// The character.
    pub const fn byte(self) -> u8 {
        self.0
    }
}

impl FromStr for Symbol {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.as_bytes() {
            b"tab" | b"\\t" => Ok(Self(b'\t')),
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(Self(*byte)),
            _ => Err(Error::InvalidSymbol { given: text.to_owned() }),
        }
    }
}

impl TryFrom<String> for Symbol {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Symbol> for String {
    fn from(symbol: Symbol) -> Self {
        symbol.to_string()
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\t' => f.write_str("tab"),
            byte => write!(f, "{}", char::from(byte)),
        }
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_one_character() {
        for (text, byte) in [(";", b';'), ("tab", b'\t'), ("\\t", b'\t'), ("\t", b'\t'), (" ", b' ')] {
            assert_eq!(text.parse::<Symbol>().unwrap().byte(), byte);
        }
        assert_eq!(Symbol(b'\t').to_string(), "tab");
        for text in ["", ";;", "\"", "\n", "ä"] {
            assert_eq!(text.parse::<Symbol>().unwrap_err().code(), "invalid_symbol", "{text:?}");
        }
    }
}
