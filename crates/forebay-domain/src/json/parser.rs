//! The loop over the text: containers, scalars, keys and their order.
//!
//! When changing this file, keep the loop free of recursion: the author of the text controls the nesting.

use std::cmp::Ordering;

use super::{
    document::{DECODED, Document, IN_ORDER, Kind, Node, REPLACED, Tape, VERBATIM},
    expectation::unexpected,
    number,
    scan::{self, byte_at},
};
use crate::reject::{Reject, RejectReason};

/// Maximum nesting of objects and arrays, unless a source sets another.
pub const DEFAULT_MAX_DEPTH: usize = 128;

/// Upper limit of the nesting that a source may set: recursive readers must not exhaust the stack.
pub const MAX_DEPTH_LIMIT: usize = 1024;

/// Entries that a buffer keeps between records, so that one huge record doesn't hold its memory forever.
const KEPT_ENTRIES: usize = 1 << 16;

/// The byte order mark that some writers put before UTF-8 text; RFC 8259 allows parsers to ignore it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A reusable parser: keep one per thread and pass it one text after another.
#[derive(Debug)]
pub struct Parser {
    tape: Tape,
    /// Keys of the objects that are still open; each frame stores where its own keys begin.
    pending: Vec<PendingKey>,
    /// The containers around the current one.
    outer: Vec<Frame>,
    max_depth: usize,
    /// Number of deviations from the canonical form so far. A container during which it doesn't change is canonical.
    blemishes: u32,
}

/// A key of an open object, ready to be compared.
#[derive(Clone, Copy, Debug)]
struct PendingKey {
    prefix: u64,
    node: u32,
}

/// A container that is still open, or the text around the only value.
#[derive(Clone, Copy, Debug)]
struct Frame {
    kind: FrameKind,
    /// Whether every key so far sorts after the one before it.
    in_order: bool,
    node: u32,
    first_key: u32,
    blemishes: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FrameKind {
    Text,
    Array,
    Object,
}

impl Frame {
    const TEXT: Self = Self { kind: FrameKind::Text, in_order: true, node: 0, first_key: 0, blemishes: 0 };
}

impl Default for Parser {
    fn default() -> Self {
        Self::new(DEFAULT_MAX_DEPTH)
    }
}

impl Parser {
    /// A parser that rejects nesting deeper than `max_depth` (at most [`MAX_DEPTH_LIMIT`]).
    pub fn new(max_depth: usize) -> Self {
        Self {
            tape: Tape::default(),
            pending: Vec::new(),
            outer: Vec::new(),
            max_depth: max_depth.min(MAX_DEPTH_LIMIT),
            blemishes: 0,
        }
    }

    /// Parses one JSON text.
    ///
    /// Rejects with `invalid_utf8`, `invalid_json` (the message names the byte and what was expected there),
    /// `too_deep`, `duplicate_json_key`, `number_out_of_range` or, above 4 GiB, `record_too_long`.
    pub fn parse<'p>(&'p mut self, text: &'p [u8]) -> Result<Document<'p>, Reject> {
        self.clear();
        if u32::try_from(text.len()).is_err() {
            return Err(Reject::new(RejectReason::RecordTooLong, "the record is longer than 4 GiB"));
        }
        let text = std::str::from_utf8(text).map_err(|error| {
            let message = format!("invalid UTF-8 at byte {}", error.valid_up_to());
            Reject::new(RejectReason::InvalidUtf8, message)
        })?;
        self.read(text)?;
        Ok(Document::new(text, &self.tape))
    }

    fn clear(&mut self) {
        self.tape.clear(KEPT_ENTRIES);
        self.pending.clear();
        self.pending.shrink_to(KEPT_ENTRIES);
        self.outer.clear();
        self.blemishes = 0;
    }

    fn read(&mut self, text: &str) -> Result<(), Reject> {
        let bytes = text.as_bytes();
        let start = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let mut at = self.space(bytes, start);
        let mut frame = Frame::TEXT;
        'value: loop {
            match byte_at(bytes, at) {
                b'"' => at = self.string(text, at)?,
                b'{' => {
                    self.open(&mut frame, FrameKind::Object, at)?;
                    at = self.space(bytes, at + 1);
                    if byte_at(bytes, at) != b'}' {
                        at = self.key(text, at, &mut frame)?;
                        continue 'value;
                    }
                    at += 1;
                    self.close(text, &mut frame, at)?;
                }
                b'[' => {
                    self.open(&mut frame, FrameKind::Array, at)?;
                    at = self.space(bytes, at + 1);
                    if byte_at(bytes, at) != b']' {
                        continue 'value;
                    }
                    at += 1;
                    self.close(text, &mut frame, at)?;
                }
                b'-' | b'0'..=b'9' => {
                    let number = number::scan(bytes, at)?;
                    self.scalar(Kind::Number, at, number.end, number.canonical);
                    at = number.end;
                }
                b't' => at = self.word(bytes, at, b"true", Kind::True)?,
                b'f' => at = self.word(bytes, at, b"false", Kind::False)?,
                b'n' => at = self.word(bytes, at, b"null", Kind::Null)?,
                _ => return Err(unexpected(text, at, "a value")),
            }
            loop {
                at = self.space(bytes, at);
                match (frame.kind, byte_at(bytes, at)) {
                    (FrameKind::Object, b',') => {
                        at = self.space(bytes, at + 1);
                        at = self.key(text, at, &mut frame)?;
                        continue 'value;
                    }
                    (FrameKind::Array, b',') => {
                        at = self.space(bytes, at + 1);
                        continue 'value;
                    }
                    (FrameKind::Object, b'}') | (FrameKind::Array, b']') => {
                        at += 1;
                        self.close(text, &mut frame, at)?;
                    }
                    (FrameKind::Text, _) if at == bytes.len() => return Ok(()),
                    (FrameKind::Text, _) => return Err(unexpected(text, at, "the end of the text")),
                    (FrameKind::Object, _) => return Err(unexpected(text, at, "a comma or a closing brace")),
                    (FrameKind::Array, _) => {
                        return Err(unexpected(text, at, "a comma or a closing bracket"));
                    }
                }
            }
        }
    }

    /// Skips whitespace; canonical text has none.
    #[inline]
    fn space(&mut self, bytes: &[u8], at: usize) -> usize {
        if byte_at(bytes, at) > b' ' {
            return at;
        }
        let end = scan::space_end(bytes, at);
        self.blemishes += u32::from(end != at);
        end
    }

    #[inline]
    fn scalar(&mut self, kind: Kind, start: usize, end: usize, canonical: bool) {
        self.blemishes += u32::from(!canonical);
        let flags = if canonical { VERBATIM } else { 0 };
        self.tape.nodes.push(Node {
            kind,
            flags,
            start: position(start),
            end: position(end),
            next: 0,
            extra: 0,
        });
    }

    fn word(&mut self, bytes: &[u8], at: usize, word: &'static [u8], kind: Kind) -> Result<usize, Reject> {
        let end = at + word.len();
        if bytes.get(at..end) != Some(word) {
            return Err(Reject::new(
                RejectReason::InvalidJson,
                format!("expected null, true or false at byte {at}"),
            ));
        }
        self.scalar(kind, at, end, true);
        Ok(end)
    }

    /// Reads the string whose opening quote is at `at`; returns the position after the closing one.
    #[inline]
    fn string(&mut self, text: &str, at: usize) -> Result<usize, Reject> {
        let bytes = text.as_bytes();
        let end = scan::string_end(bytes, at + 1);
        if byte_at(bytes, end) != b'"' {
            return self.string_with_escapes(text, at, end);
        }
        self.scalar(Kind::String, at, end + 1, true);
        Ok(end + 1)
    }

    /// Continues at the first byte that isn't plain. The decoded text goes to the tape's buffer.
    #[inline(never)]
    fn string_with_escapes(&mut self, text: &str, start: usize, stop: usize) -> Result<usize, Reject> {
        let bytes = text.as_bytes();
        let decoded_from = self.tape.decoded.len();
        let replaced_before = self.tape.replaced;
        let mut canonical = true;
        let mut run = start + 1;
        let mut at = stop;
        loop {
            self.tape.decoded.push_str(&text[run..at]);
            match byte_at(bytes, at) {
                b'\\' => {
                    let escape = scan::escape(text, at)?;
                    canonical &= escape.canonical;
                    self.tape.replaced += u32::from(escape.replaced);
                    self.tape.decoded.push(escape.character);
                    run = escape.end;
                    at = scan::string_end(bytes, run);
                }
                b'"' => break,
                _ if at >= bytes.len() => return Err(unexpected(text, at, "the end of a string")),
                control => {
                    let message = format!("the control character {control:#04x} at byte {at} is not escaped");
                    return Err(Reject::new(RejectReason::InvalidJson, message));
                }
            }
        }
        let replaced = self.tape.replaced != replaced_before;
        self.scalar(Kind::String, start, at + 1, canonical && !replaced);
        let decoded_to = self.tape.decoded.len();
        if let Some(node) = self.tape.nodes.last_mut() {
            node.flags |= if replaced { DECODED | REPLACED } else { DECODED };
            node.next = narrow(decoded_from)?;
            node.extra = narrow(decoded_to)?;
        }
        Ok(at + 1)
    }

    /// Reads a key and its colon; returns where the value begins.
    #[inline]
    fn key(&mut self, text: &str, at: usize, frame: &mut Frame) -> Result<usize, Reject> {
        let bytes = text.as_bytes();
        if byte_at(bytes, at) != b'"' {
            return Err(unexpected(text, at, "a key in double quotes"));
        }
        let node = position(self.tape.nodes.len());
        let end = scan::string_end(bytes, at + 1);
        let (after, prefix) = if byte_at(bytes, end) == b'"' {
            self.scalar(Kind::String, at, end + 1, true);
            (end + 1, scan::key_prefix(bytes, at + 1, end))
        } else {
            let decoded_from = self.tape.decoded.len();
            let after = self.string_with_escapes(text, at, end)?;
            let decoded = self.tape.decoded.as_bytes();
            (after, scan::key_prefix(decoded, decoded_from, decoded.len()))
        };
        let key = PendingKey { prefix, node };
        if frame.in_order
            && let Some(last) = self.pending[frame.first_key as usize..].last()
            && compare(&self.tape, text, last, &key) != Ordering::Less
        {
            frame.in_order = false;
        }
        self.pending.push(key);
        let colon = self.space(bytes, after);
        if byte_at(bytes, colon) != b':' {
            return Err(unexpected(text, colon, "a colon"));
        }
        Ok(self.space(bytes, colon + 1))
    }

    fn open(&mut self, frame: &mut Frame, kind: FrameKind, at: usize) -> Result<(), Reject> {
        if frame.kind != FrameKind::Text {
            self.outer.push(*frame);
        }
        // `outer` contains the containers around the one that opens here.
        if self.outer.len() >= self.max_depth {
            let message = format!("nested deeper than {} at byte {at}", self.max_depth);
            return Err(Reject::new(RejectReason::TooDeep, message));
        }
        *frame = Frame {
            kind,
            in_order: true,
            node: position(self.tape.nodes.len()),
            first_key: position(self.pending.len()),
            blemishes: self.blemishes,
        };
        let kind = if kind == FrameKind::Object { Kind::Object } else { Kind::Array };
        self.scalar(kind, at, at, true);
        Ok(())
    }

    fn close(&mut self, text: &str, frame: &mut Frame, end: usize) -> Result<(), Reject> {
        let mut extra = IN_ORDER;
        if frame.kind == FrameKind::Object {
            if !frame.in_order {
                extra = self.sort_keys(text, frame)?;
                self.blemishes += 1;
            }
            self.pending.truncate(frame.first_key as usize);
        }
        let next = position(self.tape.nodes.len());
        let node = &mut self.tape.nodes[frame.node as usize];
        node.end = position(end);
        node.next = next;
        node.extra = extra;
        if self.blemishes != frame.blemishes {
            node.flags &= !VERBATIM;
        }
        *frame = self.outer.pop().unwrap_or(Frame::TEXT);
        Ok(())
    }

    /// Writes the order of an object's keys to the tape, after their number; returns where it begins.
    fn sort_keys(&mut self, text: &str, frame: &Frame) -> Result<u32, Reject> {
        let tape = &mut self.tape;
        let keys = &mut self.pending[frame.first_key as usize..];
        keys.sort_unstable_by(|a, b| compare(tape, text, a, b));
        for pair in keys.windows(2) {
            if compare(tape, text, &pair[0], &pair[1]) == Ordering::Equal {
                let start = tape.nodes[frame.node as usize].start;
                let key: String = tape.string(text, pair[0].node).chars().take(64).collect();
                let message = format!("the key {key:?} is repeated in the object at byte {start}");
                return Err(Reject::new(RejectReason::DuplicateJsonKey, message));
            }
        }
        let from = narrow(tape.order.len())?;
        tape.order.push(position(keys.len()));
        tape.order.extend(keys.iter().map(|key| key.node));
        Ok(from)
    }
}

/// The order of two keys by UTF-16 code units, as RFC 8785 (section 3.2.3) sorts them.
#[inline]
fn compare(tape: &Tape, text: &str, a: &PendingKey, b: &PendingKey) -> Ordering {
    match a.prefix.cmp(&b.prefix) {
        Ordering::Equal => scan::compare_keys(tape.string(text, a.node), tape.string(text, b.node)),
        unequal => unequal,
    }
}

/// A position in a text or tape. Texts are shorter than 4 GiB, and a tape has at most one node for each byte.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "`parse` refuses texts whose positions need more than 32 bits"
)]
fn position(at: usize) -> u32 {
    at as u32
}

/// A position in a buffer that can grow beyond the text (a replaced escape may be longer than its source).
fn narrow(at: usize) -> Result<u32, Reject> {
    u32::try_from(at).map_err(|_| Reject::new(RejectReason::RecordTooLong, "the record is longer than 4 GiB"))
}
