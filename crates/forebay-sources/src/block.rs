//! What a reader hands to the persist pipeline, and the seam between the reader and the formats.
//!
//! A block is reused from call to call, so its buffers settle at the size of the work and allocate no more.

use forebay_domain::reject::{Place, Reject, RejectReason};

use crate::Error;

/// The most bytes that are kept of a rejected piece of input.
pub(crate) const MAX_RAW: usize = 64 << 10;

/// One delimited record: `start..end` of the block's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Index of the record's first byte in [`Block::bytes`].
    pub start: usize,
    /// Index after its last byte.
    pub end: usize,
    /// Where it began in the input.
    pub place: Place,
}

/// A piece of input that is no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Where it began in the input.
    pub place: Place,
    /// Why.
    pub reject: Reject,
    /// Its first bytes as they stood in the input, at most 64 KiB.
    pub raw: Vec<u8>,
    /// Its full length in bytes.
    pub raw_len: u64,
}

/// Some delimited records and rejected pieces, each list in input order. Either may be empty.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The text that the spans point into.
    pub bytes: Vec<u8>,
    /// The JSON text of one record each. Not parsed yet: it may turn out to be invalid.
    pub records: Vec<Span>,
    /// What cannot be a record.
    pub rejected: Vec<Rejected>,
    /// The JSON text of the last state (a Singer STATE message) that came before the end of this block, if one came in
    /// it. It stands for everything up to there, so it may be stored once this block and all before it are committed.
    pub state: Option<String>,
}

impl Block {
    /// The bytes of one of this block's records.
    pub fn text(&self, span: &Span) -> &[u8] {
        self.bytes.get(span.start..span.end).unwrap_or_default()
    }
}

/// How an input ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// If the input stopped before it was complete: one sentence that says what was cut, and where. A run
    /// over such an input has not seen everything, so it must not remove anything.
    pub truncated: Option<String>,
    /// The JSON text of the last state that came in the whole input, also when it stopped early.
    pub state: Option<String>,
    /// Whether the input said itself that it holds everything there is (Singer's `ACTIVATE_VERSION`). None: the format
    /// has no word for it.
    pub is_complete: Option<bool>,
    /// The version that the input said is whole (Singer's `ACTIVATE_VERSION`): what the next run's
    /// [`SingerOptions::activated`](crate::SingerOptions) has to be.
    pub version: Option<i64>,
    /// What an operator should know of the input, one sentence each: records of other streams, keys that differ.
    pub notes: Vec<String>,
}

/// Where the bytes of an input end for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// More may follow.
    Open,
    /// The input is complete.
    Complete,
    /// The input broke off (a truncated gzip stream), so the last record may be cut even if it looks whole.
    Cut,
}

/// What a format finds in one go.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) records: Vec<Span>,
    pub(crate) rejected: Vec<Rejected>,
    /// Text that the format wrote itself, when records are not slices of the input.
    pub(crate) text: Vec<u8>,
    /// See [`Block::state`].
    pub(crate) state: Option<String>,
    pub(crate) ending: Ending,
}

impl Found {
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.rejected.is_empty()
    }

    /// Rejects a piece of input that is all there.
    pub(crate) fn reject(
        &mut self,
        place: Place,
        reason: RejectReason,
        message: impl Into<String>,
        raw: &[u8],
    ) {
        self.reject_part(place, reason, message, head(raw), raw.len() as u64);
    }

    /// Rejects a piece of input of which only the first bytes were kept.
    pub(crate) fn reject_part(
        &mut self,
        place: Place,
        reason: RejectReason,
        message: impl Into<String>,
        raw: Vec<u8>,
        raw_len: u64,
    ) {
        self.rejected.push(Rejected { place, reject: Reject::new(reason, message), raw, raw_len });
    }

    /// Rejects a record beyond the limit for one.
    pub(crate) fn reject_long(&mut self, place: Place, raw: Vec<u8>, raw_len: u64, limit: usize) {
        let message = format!("the record has {raw_len} bytes, the limit is {limit}");
        self.reject_part(place, RejectReason::RecordTooLong, message, raw, raw_len);
    }
}

/// The part of a rejected piece that is kept.
pub(crate) fn head(raw: &[u8]) -> Vec<u8> {
    raw.get(..MAX_RAW).unwrap_or(raw).to_vec()
}

/// Adds what goes by of a rejected piece to the part that is kept, while there is room.
pub(crate) fn keep(raw: &mut Vec<u8>, more: &[u8]) {
    let room = MAX_RAW.saturating_sub(raw.len()).min(more.len());
    raw.extend_from_slice(&more[..room]);
}

/// A format: finds the records in bytes that arrive piece by piece.
pub(crate) trait Delimit: Send {
    /// Goes on with `bytes`: what the last call kept, and what was read since. Returns how many bytes at the
    /// front are done with; the rest comes again at the front of the next call. Spans index into `bytes` (or
    /// into `found.text` if the format writes its own).
    ///
    /// What was found before an error is in `found` and is delivered before the error is.
    fn delimit(&mut self, bytes: &[u8], tail: Tail, found: &mut Found) -> Result<usize, Error>;

    /// Whether the spans point into `Found::text`.
    fn writes_text(&self) -> bool {
        false
    }
}
