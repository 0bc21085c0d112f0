//! From the parser's positions, in characters, to places in the file, in bytes.

use std::ops::Range;

use saphyr_parser::{Marker, Span};

use super::Node;
use crate::content::lines::Lines;

/// Every this many characters, the offset in bytes is stored.
const STEP: usize = 64;

/// Places of a YAML text inside a file.
pub(super) struct Places<'a> {
    yaml: &'a str,
    /// Where the YAML begins in the file.
    offset: usize,
    /// The lines of the file.
    lines: Lines,
    /// The offsets of the characters 0, 64, 128 …; empty if all characters are ASCII.
    steps: Vec<usize>,
}

impl<'a> Places<'a> {
    pub(super) fn new(yaml: &'a str, offset: usize, lines: Lines) -> Self {
        let steps = if yaml.is_ascii() {
            Vec::new()
        } else {
            yaml.char_indices().step_by(STEP).map(|(at, _)| at).collect()
        };
        Self { yaml, offset, lines, steps }
    }

    /// The bytes of a span.
    pub(super) fn range(&self, span: Span) -> Range<usize> {
        let start = self.byte(span.start);
        start..self.byte(span.end).max(start)
    }

    /// The line of a position.
    pub(super) fn line(&self, marker: &Marker) -> u32 {
        self.line_of(self.byte(*marker))
    }

    /// The line of an offset in the file.
    pub(super) fn line_of(&self, at: usize) -> u32 {
        self.lines.line(at)
    }

    /// The text of a range.
    pub(super) fn text(&self, range: &Range<usize>) -> &'a str {
        &self.yaml[range.start - self.offset..range.end - self.offset]
    }

    /// Puts an omitted value right after the colon of its key; the parser reports it at the next token.
    pub(super) fn omitted_after(&self, key: &Node, mut value: Node) -> Node {
        if value.span.is_empty() {
            let after = &self.yaml[key.span.end - self.offset..];
            let blanks = after.len() - after.trim_start_matches([' ', '\t']).len();
            let colon = usize::from(after[blanks..].starts_with(':'));
            let at = key.span.end + (blanks + 1) * colon;
            value.span = at..at;
            value.line = self.line_of(at);
        }
        value
    }

    /// The range of a quoted scalar. The parser ends it where the next token begins, after any comment.
    pub(super) fn quoted(&self, range: Range<usize>) -> Range<usize> {
        let text = self.text(&range);
        let is_single = text.starts_with('\'');
        let mut characters = text.char_indices().skip(1).peekable();
        while let Some((at, character)) = characters.next() {
            match character {
                '\'' if is_single && characters.peek().is_some_and(|(_, next)| *next == '\'') => {
                    characters.next();
                }
                '\\' if !is_single => {
                    characters.next();
                }
                '\'' if is_single => return range.start..range.start + at + 1,
                '"' if !is_single => return range.start..range.start + at + 1,
                _ => {}
            }
        }
        range
    }

    /// The range of a block scalar from its indicator on. The parser begins it at its first line of text; the indicator
    /// follows after `from`, where the last scalar ended.
    pub(super) fn block(&self, range: Range<usize>, from: usize, is_empty: bool) -> Range<usize> {
        let before = &self.yaml[from - self.offset..];
        let mut start = 0;
        while let Some(at) = before[start..].find(['#', '!', '|', '>']) {
            start += at;
            let rest = &before[start..];
            let skipped = match rest.as_bytes()[0] {
                b'#' => rest.find(['\n', '\r']),
                b'!' => rest.find([' ', '\t', '\n', '\r']),
                _ => break,
            };
            start += skipped.unwrap_or(rest.len());
        }
        let header =
            before[start..].trim_start_matches(|one: char| "|>+-".contains(one) || one.is_ascii_digit());
        let header_end = before.len() - header.len();
        let text_end = (range.end - from).min(before.len());
        let end = if is_empty { header_end } else { text_end.max(header_end) };
        let length = before[start..end].trim_end_matches([' ', '\t', '\n', '\r']).len();
        from + start..from + start + length
    }

    fn byte(&self, marker: Marker) -> usize {
        let index = marker.index();
        let known = self.steps.get(index / STEP).map(|step| (*step, index % STEP));
        let at = match known {
            Some((step, rest)) => self.yaml[step..].char_indices().nth(rest).map(|(at, _)| step + at),
            None if self.steps.is_empty() => Some(index),
            None => None,
        };
        self.offset + at.unwrap_or(self.yaml.len()).min(self.yaml.len())
    }
}
