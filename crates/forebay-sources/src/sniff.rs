//! Detects the format of an input from its first bytes, and refuses encodings other than UTF-8 early.
//!
//! Pure: it returns the format, or asks for more bytes. It must decide after the first line, because a slow pipe may
//! take long to send the second.

use memchr::memchr;

use crate::{
    error::Error,
    format::Format,
    scan::{is_one_value, skip_space},
};

/// How many bytes are read in search of the end of the first line.
pub(crate) const MAX_SNIFF: usize = 1 << 20;
/// The delimiters of delimited text. If two are equally frequent, the earlier one here wins.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The length of a byte order mark, if it is one of UTF-8; an error if it is one of UTF-16 or UTF-32.
pub(crate) fn byte_order_mark(head: &[u8]) -> Result<usize, Error> {
    match head {
        [0xef, 0xbb, 0xbf, ..] => Ok(3),
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Err(Error::NotUtf8 { encoding: "UTF-32" }),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(Error::NotUtf8 { encoding: "UTF-16" }),
        _ => Ok(0),
    }
}

/// Whether more bytes are needed to recognise a byte order mark. Asks for no more than needed: a record on a slow pipe
/// may be as short as three bytes.
pub(crate) fn needs_more_for_mark(head: &[u8]) -> bool {
    head.len() < 4 && head.first().is_none_or(|b| matches!(b, 0xef | 0xff | 0xfe | 0))
}

/// The format of an input that starts with `head`, or none if more bytes are needed. With `last`, there are no more.
pub(crate) fn format(head: &[u8], last: bool) -> Result<Option<Format>, Error> {
    let Some(start) = skip_space(head, 0) else {
        return Ok(last.then_some(Format::JsonLines));
    };
    let text = &head[start..];
    match text[0] {
        b'[' => Ok(Some(Format::Json)),
        b'{' => Ok(object(text, last)),
        _ => {
            let (end, delimiter) = header(text);
            let Some(end) = end.or(last.then_some(text.len())) else { return Ok(None) };
            let line = &text[..end];
            if is_header(line, delimiter) || stated_delimiter(line).is_some() {
                Ok(Some(Format::Csv))
            } else {
                Err(unknown(text))
            }
        }
    }
}

/// An object that is complete on the first line is a record of JSON Lines. Otherwise it is a document over several
/// lines, or a broken first record of JSON Lines; in the latter case the next line starts an object where a document
/// could not contain one.
fn object(text: &[u8], last: bool) -> Option<Format> {
    let Some(newline) = memchr(b'\n', text) else {
        return last.then(|| if is_one_value(text) { Format::JsonLines } else { Format::Json });
    };
    let line = text[..newline].trim_ascii_end();
    if is_one_value(line) {
        return Some(Format::JsonLines);
    }
    let next = skip_space(text, newline);
    if next.is_none() && !last {
        return None;
    }
    let could_hold_one = line.last().is_some_and(|b| matches!(b, b'[' | b',' | b':' | b'{'));
    let starts_object = next.is_some_and(|next| text[next] == b'{');
    Some(if starts_object && !could_hold_one { Format::JsonLines } else { Format::Json })
}

/// Whether a line looks like a header of delimited text: printable, with at least two names.
fn is_header(line: &[u8], delimiter: u8) -> bool {
    let names = line.split(|&b| b == delimiter).collect::<Vec<_>>();
    line[0] != b'<'
        && names.len() > 1
        && names.iter().any(|name| !name.trim_ascii().is_empty())
        && std::str::from_utf8(line)
            .is_ok_and(|line| !line.chars().any(|c| c.is_control() && !"\t\r\n".contains(c)))
}

/// The end of the first line of delimited text, if there is one, and its most frequent delimiter; both outside quotes.
pub(crate) fn header(text: &[u8]) -> (Option<usize>, u8) {
    let mut counts = [0usize; DELIMITERS.len()];
    let mut quoted = false;
    // Only a quote at the start of a field opens a quoted field, or else a stray quote would consume the rest.
    let mut at_field_start = true;
    let mut end = None;
    for (at, &byte) in text.iter().enumerate() {
        if byte == b'"' {
            let quote = quoted || at_field_start;
            quoted ^= quote;
            // The second quote of a pair reopens the field.
            at_field_start = quote;
            continue;
        }
        let delimiter = DELIMITERS.iter().position(|&d| d == byte && !quoted);
        at_field_start = delimiter.is_some();
        if let Some(which) = delimiter {
            counts[which] += 1;
        } else if byte == b'\n' && !quoted {
            end = Some(at);
            break;
        }
    }
    let mut best = 0;
    for which in 1..counts.len() {
        if counts[which] > counts[best] {
            best = which;
        }
    }
    (end, DELIMITERS[best])
}

/// The delimiter that a line before the header states, as spreadsheets write it: `sep=;`.
pub(crate) fn stated_delimiter(line: &[u8]) -> Option<u8> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (name, delimiter) = line.split_at_checked(4)?;
    match delimiter {
        [byte] if name.eq_ignore_ascii_case(b"sep=") && !matches!(byte, b'"' | b'\r') => Some(*byte),
        _ => None,
    }
}

fn unknown(text: &[u8]) -> Error {
    if text.len() > 1 && (text[0] == 0 || text[1] == 0) {
        return Error::NotUtf8 { encoding: "binary or UTF-16" };
    }
    let head = String::from_utf8_lossy(&text[..text.len().min(200)]);
    let seen = head.chars().map(|c| if c.is_control() { ' ' } else { c }).take(40).collect();
    Error::UnknownFormat { seen }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_detected() {
        let cases: [(&str, Format); 16] = [
            ("", Format::JsonLines),
            (" \n\n", Format::JsonLines),
            ("[]", Format::Json),
            ("\n [1", Format::Json),
            ("{\"a\":1}", Format::JsonLines),
            ("{\"a\":1}\n", Format::JsonLines),
            ("{\"a\":1}\r\n{\"a\":2}", Format::JsonLines),
            ("{\"a\":1}\nnonsense\n", Format::JsonLines),
            ("{\"a\":\n{\"b\":1}}", Format::Json),
            ("{\n  \"a\": 1\n}", Format::Json),
            ("{\"data\": [\n{\"a\":1},\n{\"a\":2}\n]}", Format::Json),
            ("{\"a\": \"cut\n{\"a\":2}\n", Format::JsonLines),
            ("id,name\n1,a", Format::Csv),
            ("id\tname", Format::Csv),
            ("\"a;b\";c\n", Format::Csv),
            ("id|näme\r\n", Format::Csv),
        ];
        for (text, expected) in cases {
            assert_eq!(format(text.as_bytes(), true).unwrap(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn no_more_bytes_are_requested_than_needed() {
        assert_eq!(format(b"  ", false).unwrap(), None);
        assert_eq!(format(b"{\"a\":1}", false).unwrap(), None);
        assert_eq!(format(b"{\"a\":1}\n", false).unwrap(), Some(Format::JsonLines));
        assert_eq!(format(b"{\n", false).unwrap(), None);
        assert_eq!(format(b"id,na", false).unwrap(), None);
        assert_eq!(format(b"[", false).unwrap(), Some(Format::Json));
    }

    #[test]
    fn unknown_content_is_quoted() {
        let error = format(b"<html>, hello\x07\n", true).unwrap_err();
        assert_eq!(error.code(), "unknown_format");
        assert!(error.to_string().contains("<html>, hello"), "{error}");
        assert!(error.hint().contains("--format"));
        assert_eq!(format(b"plain words", true).unwrap_err().code(), "unknown_format");
        assert_eq!(format(b"a\0b\0", true).unwrap_err().code(), "not_utf8");
    }

    #[test]
    fn the_most_frequent_delimiter_outside_quotes_wins() {
        assert_eq!(header(b"a,b;c,d\n;;;;"), (Some(7), b','));
        assert_eq!(header(b"\"x,y,z\n\"\"\";b;c\n"), (Some(14), b';'));
        assert_eq!(header(b"a|b\tc\"\n"), (Some(6), b'\t'));
        assert_eq!(header(b"\"alone\n"), (None, b','));
    }
}
