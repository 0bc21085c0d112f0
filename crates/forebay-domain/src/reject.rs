//! Why a piece of input did not become a record.
//!
//! A bad record never stops a run: it is kept with its place, one of these reasons and its raw text. The code is
//! stable, because operators filter by it and redrive by it; add a reason rather than change the meaning of one.

use std::fmt;

/// Where in an input a record began. Both are 0 when the format has no such notion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// 1-based line.
    pub line: u64,
    /// 0-based offset in bytes, after decompression.
    pub offset: u64,
}

/// Why a record was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RejectReason {
    /// Not JSON (or not a row of the CSV that the header announced).
    InvalidJson,
    /// A CSV row that cannot be read, or whose number of fields differs from the header's.
    InvalidCsv,
    /// The bytes are not UTF-8.
    InvalidUtf8,
    /// Larger than the limit for one record.
    RecordTooLong,
    /// Objects and arrays nested deeper than the limit.
    TooDeep,
    /// An object names the same key twice, so its content is ambiguous.
    DuplicateJsonKey,
    /// A number that Postgres cannot hold (more than 131,072 digits before or 16,383 after the point).
    NumberOutOfRange,
    /// JSON, but not an object.
    NotAnObject,
    /// The last record ends before it is complete.
    TruncatedRecord,
    /// A key field is absent.
    MissingKey,
    /// A key field is null.
    NullKey,
    /// All key fields are empty strings.
    EmptyKey,
    /// A key field is an object or an array, or holds a character that Postgres cannot store.
    InvalidKey,
    /// Not what its format allows: an event without a beginning, an entry that breaks off.
    InvalidRecord,
    /// A field that the source's settings call required is not there.
    MissingField,
    /// The key was already seen in this run, and the source's policy is to reject duplicates.
    DuplicateKey,
    /// Observed before what is stored, which an older record never overwrites.
    OlderThanStored,
}

impl RejectReason {
    /// All reasons, for documentation and for the check constraint of the table that keeps rejected records.
    pub const ALL: [Self; 17] = [
        Self::InvalidJson,
        Self::InvalidCsv,
        Self::InvalidUtf8,
        Self::RecordTooLong,
        Self::TooDeep,
        Self::DuplicateJsonKey,
        Self::NumberOutOfRange,
        Self::NotAnObject,
        Self::TruncatedRecord,
        Self::MissingKey,
        Self::NullKey,
        Self::EmptyKey,
        Self::InvalidKey,
        Self::InvalidRecord,
        Self::MissingField,
        Self::DuplicateKey,
        Self::OlderThanStored,
    ];

    /// The stable reason code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::InvalidCsv => "invalid_csv",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::RecordTooLong => "record_too_long",
            Self::TooDeep => "too_deep",
            Self::DuplicateJsonKey => "duplicate_json_key",
            Self::NumberOutOfRange => "number_out_of_range",
            Self::NotAnObject => "not_an_object",
            Self::TruncatedRecord => "truncated_record",
            Self::MissingKey => "missing_key",
            Self::NullKey => "null_key",
            Self::EmptyKey => "empty_key",
            Self::InvalidKey => "invalid_key",
            Self::InvalidRecord => "invalid_record",
            Self::MissingField => "missing_field",
            Self::DuplicateKey => "duplicate_key",
            Self::OlderThanStored => "older_than_stored",
        }
    }

    /// Whether the record's key is known all the same, so that it still counts as seen when removals are decided.
    pub const fn key_is_known(self) -> bool {
        matches!(self, Self::DuplicateKey | Self::OlderThanStored)
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A rejected piece of input: the reason, and what a person needs to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The stable reason.
    pub reason: RejectReason,
    /// One sentence that names the field, key or byte at fault. Never the whole input.
    pub message: String,
}

impl Reject {
    /// A rejection with its sentence.
    pub fn new(reason: RejectReason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}
