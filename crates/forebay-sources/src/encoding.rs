//! The encoding of an input: its bytes become UTF-8 before a format reads them.

use std::{fmt, str::FromStr};

use encoding_rs::{Decoder, Encoding};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A character encoding by a label of the Encoding Standard, such as `windows-1252` or `shift_jis`.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct TextEncoding(&'static Encoding);

impl FromStr for TextEncoding {
    type Err = Error;

    fn from_str(label: &str) -> Result<Self, Error> {
        let unknown = || Error::InvalidEncoding { label: label.to_owned() };
        Encoding::for_label_no_replacement(label.as_bytes()).map(Self).ok_or_else(unknown)
    }
}

impl TryFrom<String> for TextEncoding {
    type Error = Error;

    fn try_from(label: String) -> Result<Self, Error> {
        label.parse()
    }
}

impl From<TextEncoding> for String {
    fn from(encoding: TextEncoding) -> Self {
        encoding.to_string()
    }
}

impl fmt::Display for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name().to_ascii_lowercase())
    }
}

impl fmt::Debug for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Decodes an input that arrives in pieces. A byte order mark decides before the encoding does.
pub(crate) struct Decoding {
    encoding: TextEncoding,
    decoder: Decoder,
    has_ended: bool,
    has_replaced: bool,
}

impl Decoding {
    pub(crate) fn new(encoding: TextEncoding) -> Self {
        Self { encoding, decoder: encoding.0.new_decoder(), has_ended: false, has_replaced: false }
    }

    /// Appends the text of more bytes; none end the input.
    pub(crate) fn decode(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.has_ended {
            return;
        }
        self.has_ended = bytes.is_empty();
        let start = out.len();
        // The length is known unless it overflows, which no buffer in memory can.
        let most = self.decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(usize::MAX);
        out.resize(start + most, 0);
        let (_, _, written, has_replaced) =
            self.decoder.decode_to_utf8(bytes, &mut out[start..], self.has_ended);
        out.truncate(start + written);
        self.has_replaced |= has_replaced;
    }

    /// A sentence about bytes that are invalid in the encoding, if there were any.
    pub(crate) fn sentence(&self) -> Option<String> {
        let encoding = self.encoding;
        self.has_replaced.then(|| format!("Bytes that are invalid in {encoding} were replaced by U+FFFD."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_may_be_cut_between_pieces() {
        let cases: [(&str, &[u8], &str, bool); 5] = [
            ("latin1", b"caf\xe9 \x80", "café €", false),
            ("Shift_JIS", b"\x83\x65\x83\x58", "\u{30c6}\u{30b9}", false),
            ("utf-16le", b"\xff\xfea\0\xe9\0", "aé", false),
            ("utf-16", b"\xfe\xff\0a", "a", false),
            ("utf-8", b"a\xffb\xc3", "a\u{fffd}b\u{fffd}", true),
        ];
        for (label, bytes, expected, is_replaced) in cases {
            for size in 1..=bytes.len() {
                let mut decoding = Decoding::new(label.parse().unwrap());
                let mut out = Vec::new();
                for piece in bytes.chunks(size).chain([&[][..]]) {
                    decoding.decode(piece, &mut out);
                }
                assert_eq!(String::from_utf8(out).unwrap(), expected, "{label} in pieces of {size}");
                assert_eq!(decoding.sentence().is_some(), is_replaced, "{label}");
            }
        }
    }

    #[test]
    fn labels_are_those_of_the_encoding_standard() {
        assert_eq!("ISO-8859-1".parse::<TextEncoding>().unwrap().to_string(), "windows-1252");
        assert_eq!("klingon".parse::<TextEncoding>().unwrap_err().code(), "invalid_encoding");
    }
}
