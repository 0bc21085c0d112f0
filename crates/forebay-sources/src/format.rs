//! The input formats and their options. The names are those of `--format`; they are stable.

use std::{fmt, str::FromStr};

use forebay_domain::pointer::Pointer;

use crate::{
    block::Ending, csv::options::CsvOptions, encoding::TextEncoding, error::Error, fetch::Bounds,
    singer::SingerOptions,
};

/// The format of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Detected from the content.
    #[default]
    Auto,
    /// JSON (RFC 8259): an array of records, an object that contains one, a single record, or several documents in a
    /// row.
    Json,
    /// One JSON record per line.
    JsonLines,
    /// Delimited text with a header row (RFC 4180; see [`CsvOptions`]).
    Csv,
    /// Messages of a Singer tap, one per line. Never detected, because they look like JSON Lines.
    Singer,
}

impl Format {
    /// Every format, in the order of `--help`.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Json, Self::JsonLines, Self::Csv, Self::Singer];

    /// The name on the command line.
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
    /// The array of records in a document, such as `/data/items`; JSON only. Default: none, which means a top-level
    /// array of records or a top-level object as one record.
    pub records: Option<Pointer>,
    /// The maximum size of a record in bytes. Default: 16 MiB.
    pub max_record_bytes: usize,
    /// Options of [`Format::Csv`]. If one is given, [`Format::Auto`] is CSV. Default: a header row, everything
    /// detected.
    pub csv: CsvOptions,
    /// The encoding of the input, after decompression. Default: UTF-8, and input in another recognisable encoding is
    /// refused.
    pub encoding: Option<TextEncoding>,
    /// Options of [`Format::Singer`]. Default: read the only stream.
    pub singer: SingerOptions,
    /// Limits on the input after decompression of detected gzip. Default: none, for trusted local input.
    pub bounds: Option<Bounds>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            format: Format::Auto,
            records: None,
            max_record_bytes: 16 << 20,
            csv: CsvOptions::default(),
            encoding: None,
            singer: SingerOptions::default(),
            bounds: None,
        }
    }
}

impl ReadOptions {
    /// How an input has ended that can't be read to its end. A tap has then activated no new version.
    pub fn unfinished(&self) -> Ending {
        match self.format {
            Format::Singer => {
                Ending { is_complete: Some(false), version: self.singer.activated, ..Ending::default() }
            }
            _ => Ending::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_to_their_format() {
        for format in Format::ALL {
            assert_eq!(format.name().parse::<Format>().unwrap(), format);
        }
        assert_eq!("yaml".parse::<Format>().unwrap_err().code(), "invalid_format");
    }
}
