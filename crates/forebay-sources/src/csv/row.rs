//! One row: where it ends, and its fields.

use memchr::{memchr, memchr3};

/// A scan for the end of a row, in text that arrives in pieces.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RowScan {
    state: State,
    has_stray_text: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    FieldStart,
    /// In a field without quotes, or after the text that follows a closing quote.
    Plain,
    Quoted,
    /// After a quote in a quoted field: it closes the field, or is the first of a pair.
    AfterQuote,
    /// After a closing quote and spaces.
    Closed,
}

impl RowScan {
    /// Whether the text so far ends inside a quoted field.
    pub(super) fn is_quoted(self) -> bool {
        self.state == State::Quoted
    }

    /// Whether text other than spaces followed a closing quote.
    pub(super) fn has_stray_text(self) -> bool {
        self.has_stray_text
    }

    /// Scans `bytes[from..]`. Returns the index of the newline or carriage return that ends the row, or none if the row
    /// continues.
    pub(super) fn advance(&mut self, bytes: &[u8], from: usize, delimiter: u8) -> Option<usize> {
        let mut at = from;
        while at < bytes.len() {
            match self.state {
                State::Plain => {
                    at += memchr3(delimiter, b'\n', b'\r', &bytes[at..])?;
                }
                State::Quoted => {
                    at += memchr(b'"', &bytes[at..])? + 1;
                    self.state = State::AfterQuote;
                    continue;
                }
                State::FieldStart | State::AfterQuote | State::Closed => {}
            }
            let byte = bytes[at];
            self.state = match (self.state, byte) {
                (_, b'\n' | b'\r') => return Some(at),
                (_, byte) if byte == delimiter => State::FieldStart,
                (State::FieldStart | State::AfterQuote, b'"') => State::Quoted,
                (State::AfterQuote | State::Closed, b' ') => State::Closed,
                (State::AfterQuote | State::Closed, _) => {
                    self.has_stray_text = true;
                    State::Plain
                }
                _ => State::Plain,
            };
            at += 1;
        }
        None
    }
}

/// One field of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// Its text without enclosing quotes.
    pub(super) text: &'a [u8],
    /// Whether it was quoted, so that two quotes in it are one.
    pub(super) is_quoted: bool,
}

/// The fields of a row without stray text. An open quoted field extends to the end.
pub(super) fn fields(row: &[u8], delimiter: u8) -> impl Iterator<Item = Field<'_>> {
    let mut rest = Some(row);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(quoted) = text.strip_prefix(b"\"") else {
            let end = memchr(delimiter, text);
            rest = end.map(|end| &text[end + 1..]);
            return Some(Field { text: &text[..end.unwrap_or(text.len())], is_quoted: false });
        };
        let mut end = 0;
        loop {
            match memchr(b'"', &quoted[end..]) {
                Some(quote) if quoted.get(end + quote + 1) == Some(&b'"') => end += quote + 2,
                Some(quote) => {
                    end += quote;
                    break;
                }
                None => {
                    end = quoted.len();
                    break;
                }
            }
        }
        let after = quoted.get(end + 1..).unwrap_or_default();
        rest = memchr(delimiter, after).map(|next| &after[next + 1..]);
        Some(Field { text: &quoted[..end], is_quoted: true })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(row: &str) -> (Option<usize>, bool, bool) {
        let mut whole = RowScan::default();
        let found = whole.advance(row.as_bytes(), 0, b',');
        for cut in 0..row.len() {
            let mut scan = RowScan::default();
            let again = scan
                .advance(&row.as_bytes()[..cut], 0, b',')
                .or_else(|| scan.advance(row.as_bytes(), cut, b','));
            assert_eq!((again, scan.is_quoted()), (found, whole.is_quoted()), "{row} cut at {cut}");
        }
        (found, whole.is_quoted(), whole.has_stray_text())
    }

    #[test]
    fn rows_end_at_newlines_outside_quotes() {
        assert_eq!(end("a,b\nc"), (Some(3), false, false));
        assert_eq!(end("a,b\r\nc"), (Some(3), false, false));
        assert_eq!(end("\"a\n\"\"\n\",\"\"\n"), (Some(10), false, false));
        assert_eq!(end("a\"b\n"), (Some(3), false, false));
        assert_eq!(end("\"a\" ,\"b\"  \n"), (Some(10), false, false));
        assert_eq!(end("\"a\nb"), (None, true, false));
        assert_eq!(end("a,\"\n6,\"t6\"\n"), (Some(10), false, true));
        assert_eq!(end("\"a\"b\"\n"), (Some(5), false, true));
        assert_eq!(end(""), (None, false, false));
    }

    #[test]
    fn fields_are_split_outside_quotes() {
        let texts = |row: &'static str| {
            let texts = fields(row.as_bytes(), b',')
                .map(|field| (std::str::from_utf8(field.text).unwrap(), field.is_quoted));
            texts.collect::<Vec<_>>()
        };
        assert_eq!(texts(""), [("", false)]);
        assert_eq!(texts("a,,b\"c"), [("a", false), ("", false), ("b\"c", false)]);
        assert_eq!(texts("\"a,\n\"\"b\"\"\" ,\"\","), [("a,\n\"\"b\"\"", true), ("", true), ("", false)]);
        assert_eq!(texts("1,\"open,\n2"), [("1", false), ("open,\n2", true)]);
    }
}
