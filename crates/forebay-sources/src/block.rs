//! [`Block`], what a reader passes to the persist pipeline, and [`Delimit`], the interface of the formats.
//!
//! A block is reused between calls, so its buffers grow to the size of the input's records and then allocate no more.

use forebay_domain::{
    end_line::EndLine,
    reject::{Place, Reject, RejectReason},
};

use crate::{error::Error, input::Filled};

/// How many bytes of a rejected piece of input are kept.
pub(crate) const MAX_RAW: usize = 64 << 10;

/// Maximum number of records and rejected pieces in a block. Each costs up to about 200 bytes besides its text, so
/// without this limit, a mebibyte of two-byte records would cost 70 times its size.
pub(crate) const MAX_PIECES: usize = 8 << 10;

/// Maximum number of bytes that are kept of all rejected pieces in a block, not counting the last piece.
const MAX_RAW_BYTES: usize = 1 << 20;

/// One delimited record: `start..end` of the block's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Index of the record's first byte in [`Block::bytes`].
    pub start: usize,
    /// Index after its last byte.
    pub end: usize,
    /// Where it started in the input.
    pub place: Place,
}

/// A piece of input that is not a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Where it started in the input.
    pub place: Place,
    /// Why.
    pub reject: Reject,
    /// Its first bytes as in the input, at most 64 KiB.
    pub raw: Vec<u8>,
    /// Its full length in bytes.
    pub raw_len: u64,
}

/// Delimited records and rejected pieces, each in input order. Either list may be empty.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The text that the spans point into.
    pub bytes: Vec<u8>,
    /// The JSON text of the records. It has not been parsed, so it may be invalid.
    pub records: Vec<Span>,
    /// Pieces that cannot be records.
    pub rejected: Vec<Rejected>,
    /// The JSON text of the last state (a Singer STATE message) in this block, if there is one. It covers all messages
    /// before it, so it may be stored once this block and all earlier ones are committed.
    pub state: Option<String>,
}

impl Block {
    /// Approximate memory use until its records are stored: their text, as read and as prepared, and what each piece
    /// needs besides.
    pub fn size(&self) -> usize {
        const PER_PIECE: usize = 256;
        2 * self.bytes.len() + PER_PIECE * (self.records.len() + self.rejected.len())
    }

    /// The bytes of one of this block's records.
    pub fn text(&self, span: &Span) -> &[u8] {
        self.bytes.get(span.start..span.end).unwrap_or_default()
    }
}

/// How an input ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// If the input ended early: one sentence that says what was truncated, and where. A run with such an input has not
    /// seen all records, so it must not remove any.
    pub truncated: Option<String>,
    /// How many records the rest that could not be read stands for, judged by its length, in addition to the rejected
    /// piece that it is. 0: there is no such rest.
    pub num_unread: u64,
    /// What the producer said at its end (an end line of JSON Lines). None: it said nothing.
    pub end_line: Option<EndLine>,
    /// Whether the format of the input has no end lines, so that their absence means nothing.
    pub never_has_end_line: bool,
    /// The JSON text of the last state of the input, even if it ended early.
    pub state: Option<String>,
    /// Whether the input says that it contains all records (Singer's `ACTIVATE_VERSION`). None: the format cannot say
    /// so.
    pub is_complete: Option<bool>,
    /// The version that the input declares complete (Singer's `ACTIVATE_VERSION`), for the next run's
    /// [`SingerOptions::activated`](crate::SingerOptions).
    pub version: Option<i64>,
    /// Notes about the input for the operator, one sentence each, such as ignored streams and different keys.
    pub notes: Vec<String>,
}

/// Whether more bytes of an input follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// More may follow.
    Open,
    /// The input is complete.
    Complete,
    /// The input was truncated (a gzip stream), so the last record may be incomplete even if it looks complete.
    Cut,
}

impl From<Filled> for Tail {
    fn from(filled: Filled) -> Self {
        match filled {
            Filled::Some => Self::Open,
            Filled::End => Self::Complete,
            Filled::Cut => Self::Cut,
        }
    }
}

/// The result of one call of a format.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) records: Vec<Span>,
    pub(crate) rejected: Vec<Rejected>,
    /// Text that the format wrote, if records are not slices of the input.
    pub(crate) text: Vec<u8>,
    /// Bytes of the rejected pieces.
    pub(crate) raw_bytes: usize,
    /// See [`Block::state`].
    pub(crate) state: Option<String>,
    /// Whether the format stopped because the block is full; the same bytes, with the same tail, continue it.
    pub(crate) stopped: bool,
    /// Where the rest of the input starts that could not be delimited, and its length in bytes. It is the last rejected
    /// piece.
    pub(crate) rest: Option<(u64, u64)>,
    pub(crate) ending: Ending,
}

impl Found {
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.rejected.is_empty()
    }

    /// Whether the block takes no more pieces. If it is full, the format must stop before the next piece, and note
    /// that.
    pub(crate) fn is_full(&mut self) -> bool {
        self.stopped =
            self.records.len() + self.rejected.len() >= MAX_PIECES || self.raw_bytes >= MAX_RAW_BYTES;
        self.stopped
    }

    /// Rejects a piece of input that is buffered as a whole.
    pub(crate) fn reject(
        &mut self,
        place: Place,
        reason: RejectReason,
        message: impl Into<String>,
        raw: &[u8],
    ) {
        self.reject_part(place, reason, message, head(raw), raw.len() as u64);
    }

    /// Rejects a piece of input of which only the first bytes are buffered.
    pub(crate) fn reject_part(
        &mut self,
        place: Place,
        reason: RejectReason,
        message: impl Into<String>,
        raw: Vec<u8>,
        raw_len: u64,
    ) {
        self.raw_bytes += raw.len();
        self.rejected.push(Rejected { place, reject: Reject::new(reason, message), raw, raw_len });
    }

    /// Marks the last rejected piece as the rest of the input, which could not be delimited.
    pub(crate) fn set_rest(&mut self) {
        self.rest = self.rejected.last().map(|last| (last.place.offset, last.raw_len));
    }

    /// Rejects an oversized record.
    pub(crate) fn reject_long(&mut self, place: Place, raw: Vec<u8>, raw_len: u64, limit: usize) {
        let message = format!("the record has {raw_len} bytes, more than the limit of {limit}");
        self.reject_part(place, RejectReason::RecordTooLong, message, raw, raw_len);
    }
}

/// The part of a rejected piece that is kept.
pub(crate) fn head(raw: &[u8]) -> Vec<u8> {
    raw.get(..MAX_RAW).unwrap_or(raw).to_vec()
}

/// Adds more bytes of a rejected piece to the part that is kept, while there is room.
pub(crate) fn keep(raw: &mut Vec<u8>, more: &[u8]) {
    let room = MAX_RAW.saturating_sub(raw.len()).min(more.len());
    raw.extend_from_slice(&more[..room]);
}

/// A format: finds records in bytes that arrive in pieces.
pub(crate) trait Delimit: Send {
    /// Continues with `bytes`: the unconsumed bytes of the last call, then those read since. Returns how many bytes at
    /// the front were consumed; the next call gets the rest again. Spans index into `bytes`, or into `found.text` if
    /// the format writes its own text.
    ///
    /// A format stops before its next piece once [`Found::is_full`]. It is then called again with the rest of the same
    /// bytes, and handles the end of the input only when it has consumed everything before it.
    ///
    /// Records found before an error are in `found`, and are returned before the error.
    fn delimit(&mut self, bytes: &[u8], tail: Tail, found: &mut Found) -> Result<usize, Error>;

    /// Whether the spans point into `Found::text`.
    fn writes_text(&self) -> bool {
        false
    }
}
