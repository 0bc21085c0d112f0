//! Finds the end of a JSON value, in text that arrives in pieces.
//!
//! The scan only knows strings, escapes and brackets: a delimited value may still be invalid, which the parser reports.
//! All brackets count the same, so a record with a wrong bracket inside is delimited like any other, and only that
//! record is lost.

use memchr::memchr2;

/// A resumable scan over one value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan {
    depth: u64,
    mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Inside brackets, between strings.
    Open,
    InString,
    /// After a backslash in a string.
    Escaped,
    /// A number or a word.
    Bare,
}

impl Scan {
    /// A scan before a value whose first byte is `first`.
    pub(crate) const fn value(first: u8) -> Self {
        match first {
            b'{' | b'[' | b'"' => Self { depth: 0, mode: Mode::Open },
            _ => Self { depth: 0, mode: Mode::Bare },
        }
    }

    /// A scan inside `depth` open brackets.
    pub(crate) const fn inside(depth: u64) -> Self {
        Self { depth, mode: Mode::Open }
    }

    /// Whether the value is a number or a word, which may end with the input.
    pub(crate) fn is_bare(self) -> bool {
        self.mode == Mode::Bare
    }

    /// Scans `bytes[from..]`. Returns the index after the value, or none if the value continues.
    pub(crate) fn advance(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        let mut at = from;
        while at < bytes.len() {
            match self.mode {
                Mode::Open => {
                    at += bytes[at..].iter().position(|&b| matches!(b, b'"' | b'{' | b'[' | b'}' | b']'))?;
                    match bytes[at] {
                        b'"' => self.mode = Mode::InString,
                        b'{' | b'[' => self.depth += 1,
                        _ => self.depth = self.depth.saturating_sub(1),
                    }
                    at += 1;
                    if self.mode == Mode::Open && self.depth == 0 {
                        return Some(at);
                    }
                }
                Mode::InString => {
                    at += memchr2(b'"', b'\\', &bytes[at..])?;
                    self.mode = if bytes[at] == b'"' { Mode::Open } else { Mode::Escaped };
                    at += 1;
                    if self.mode == Mode::Open && self.depth == 0 {
                        return Some(at);
                    }
                }
                Mode::Escaped => {
                    self.mode = Mode::InString;
                    at += 1;
                }
                Mode::Bare => return bytes[at..].iter().position(|&b| ends_bare(b)).map(|n| at + n),
            }
        }
        None
    }
}

/// Whether a byte ends a number or word.
const fn ends_bare(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b',' | b'{' | b'}' | b'[' | b']' | b'"')
}

/// Whether a byte can start a JSON value.
pub(crate) const fn begins_value(byte: u8) -> bool {
    matches!(byte, b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
}

/// Whether a byte is whitespace in JSON.
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The index of the first byte from `from` on that is not whitespace.
pub(crate) fn skip_space(bytes: &[u8], from: usize) -> Option<usize> {
    bytes.get(from..)?.iter().position(|&b| !is_space(b)).map(|n| from + n)
}

/// Whether text is one value with closed brackets and strings, and otherwise whitespace.
pub(crate) fn is_one_value(text: &[u8]) -> bool {
    let Some(start) = skip_space(text, 0) else { return false };
    let mut scan = Scan::value(text[start]);
    match scan.advance(text, start) {
        Some(end) => skip_space(text, end).is_none(),
        None => scan.is_bare(),
    }
}

/// Whether all brackets and strings in a text are closed.
pub(crate) fn is_closed(text: &[u8]) -> bool {
    let mut at = 0;
    while let Some(start) = skip_space(text, at) {
        let mut scan = Scan::value(text[start]);
        match scan.advance(text, start) {
            // A bare value without length is a stray comma or closing bracket, so nothing is open.
            Some(end) => at = end.max(start + 1),
            None => return scan.is_bare(),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_value_is_found_in_any_pieces() {
        let cases: [(&[u8], usize); 7] = [
            (br#"{"a":"}]\"","b":[1,{}]} "#, 23),
            (br#""a\\" "#, 5),
            (b"[[]],", 4),
            (b"12,", 2),
            (b"true]", 4),
            (b"{]x", 2),
            (br#""\\\"" "#, 6),
        ];
        for (text, end) in cases {
            assert_eq!(Scan::value(text[0]).advance(text, 0), Some(end));
            for cut in 1..text.len() {
                let mut scan = Scan::value(text[0]);
                let found = scan.advance(&text[..cut], 0).or_else(|| scan.advance(text, cut));
                assert_eq!(found, Some(end), "cut at {cut}");
            }
        }
    }

    #[test]
    fn text_is_complete_when_brackets_and_strings_are_closed() {
        for whole in [&b"{}"[..], b" {\"a\":\"{\"} ", b"12", b"{\"a\":1}}", b"{} {}", b"word"] {
            assert!(is_closed(whole), "{}", whole.escape_ascii());
        }
        for cut in [&b"{"[..], b"{\"a\":\"}", b"[{}", b"\"a\\\"", b"{} {"] {
            assert!(!is_closed(cut), "{}", cut.escape_ascii());
        }
        assert!(is_one_value(b" {\"a\":1} \r"));
        assert!(!is_one_value(b"{\"a\":1},"));
        assert!(!is_one_value(b"{} {}"));
        assert!(!is_one_value(b" "));
    }
}
