//! The formats that can be read, and how to read them.
//!
//! The words are those of `--format`; they are stable.

use std::fmt;
use std::str::FromStr;

use crate::fetch::Bounds;
use crate::{Error, SingerOptions};

/// The format of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Told by the content.
    #[default]
    Auto,
    /// JSON (RFC 8259): an array of records, an object that holds one, a single record, or several documents
    /// one after another.
    Json,
    /// One JSON record a line.
    JsonLines,
    /// Delimited text with a header row (RFC 4180; the delimiter may be a comma, semicolon, tab or bar).
    Csv,
    /// Messages of a Singer tap, one a line. The content does not tell it from JSON Lines, so it has to be named.
    Singer,
}

impl Format {
    /// Every format, in the order of `--help`.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Json, Self::JsonLines, Self::Csv, Self::Singer];

    /// The word for it on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
            Self::Singer => "singer",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| Error::InvalidFormat { name: name.to_owned() })
    }
}

/// How to read an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// The format. Default: [`Format::Auto`].
    pub format: Format,
    /// A JSON pointer (RFC 6901) to the array of records, such as `/data/items`; JSON only. Default: none,
    /// which takes a top-level array as the records and a top-level object as one record.
    pub records: Option<String>,
    /// The most bytes that one record may have. Default: 16 MiB.
    pub max_record_bytes: usize,
    /// What only [`Format::Singer`] asks for. Default: the only stream that comes.
    pub singer: SingerOptions,
    /// How much may be read, after decompression of gzip that the content tells. Default: no bounds, which is for input
    /// from this machine.
    pub bounds: Option<Bounds>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            format: Format::Auto,
            records: None,
            max_record_bytes: 16 << 20,
            singer: SingerOptions::default(),
            bounds: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for format in Format::ALL {
            assert_eq!(format.name().parse::<Format>().unwrap(), format);
        }
        assert_eq!("yaml".parse::<Format>().unwrap_err().code(), "invalid_format");
    }
}
