//! Why input did not become a record.
//!
//! A bad record never stops a run: it is stored with its location, one of these reasons and its raw text. The words
//! are stable, because operators filter by them; add a reason instead of changing the meaning of one.

/// Where a record began in an input. Both are 0 if the format has no positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// 1-based line.
    pub line: u64,
    /// 0-based offset in bytes, after decompression.
    pub offset: u64,
}

crate::words! {
    /// Why a record was rejected.
    pub enum RejectReason {
        /// Not JSON (or not a row of the CSV that the header announced).
        InvalidJson = "invalid_json",
        /// A CSV row that cannot be read, or whose number of fields differs from the header's.
        InvalidCsv = "invalid_csv",
        /// The bytes are not UTF-8.
        InvalidUtf8 = "invalid_utf8",
        /// Larger than the limit for one record.
        RecordTooLong = "record_too_long",
        /// Nesting of objects and arrays deeper than the limit.
        TooDeep = "too_deep",
        /// An object names the same key twice, so its content is ambiguous.
        DuplicateJsonKey = "duplicate_json_key",
        /// A number that Postgres cannot store (more than 131,072 digits before or 16,383 after the point).
        NumberOutOfRange = "number_out_of_range",
        /// JSON, but not an object.
        NotAnObject = "not_an_object",
        /// The last record ends before it is complete.
        TruncatedRecord = "truncated_record",
        /// A key field is absent.
        MissingKey = "missing_key",
        /// A key field is null.
        NullKey = "null_key",
        /// All key fields are empty strings.
        EmptyKey = "empty_key",
        /// A key field is an object or an array, or contains a character that Postgres cannot store.
        InvalidKey = "invalid_key",
        /// A field has a longer name than can be indexed.
        FieldNameTooLong = "field_name_too_long",
        /// Invalid for its format, such as an event without a beginning or an incomplete entry.
        InvalidRecord = "invalid_record",
        /// A field that the source's settings require is missing.
        MissingField = "missing_field",
        /// A field is not of the type that its entity type declares.
        WrongType = "wrong_type",
        /// The key was already seen in this run, and the source's policy rejects duplicates.
        DuplicateKey = "duplicate_key",
        /// The key used to be that of a reference that is stored under another key now, and the run cannot tell whether
        /// the record is another one.
        KeyReused = "key_reused",
        /// Observed before the stored record; an older record never overwrites a newer one.
        OlderThanStored = "older_than_stored",
        /// A partial record whose stored record another run changed before it could be applied.
        OutdatedPatch = "outdated_patch",
        /// The database refused it, for example because of a check or a trigger of your own.
        Refused = "refused",
    }
}

impl RejectReason {
    /// Whether the record's key is known, so it counts as seen when removals are decided.
    pub const fn key_is_known(self) -> bool {
        matches!(
            self,
            Self::DuplicateKey
                | Self::KeyReused
                | Self::OlderThanStored
                | Self::OutdatedPatch
                | Self::Refused
        )
    }
}

/// How many records an unread rest of an input stands for, judged by its length: text that swallowed 19 of 20 records
/// is one rejected piece, but not one bad record. `bytes_before` contained `num_before` records, good or bad.
pub fn records_in_rest(rest_bytes: u64, bytes_before: u64, num_before: u64) -> u64 {
    let rest = u128::from(rest_bytes) * u128::from(num_before);
    u64::try_from(rest / u128::from(bytes_before.max(1))).unwrap_or(u64::MAX).max(1)
}

/// Maximum length of a message, in bytes. It may quote a name from the input.
const MAX_MESSAGE: usize = 1000;

/// Rejected input: the reason, and a message that helps to fix it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The stable reason.
    pub reason: RejectReason,
    /// One sentence that names the faulty field, key or byte. Never the whole input.
    pub message: String,
}

impl Reject {
    /// A rejection with its message, which is cut if the input made it long.
    pub fn new(reason: RejectReason, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > MAX_MESSAGE {
            message.truncate(message.floor_char_boundary(MAX_MESSAGE));
            message.push('…');
        }
        Self { reason, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut() {
        let message = Reject::new(RejectReason::InvalidKey, "é".repeat(5000)).message;
        assert!(message.len() <= MAX_MESSAGE + 3 && message.ends_with("é…"), "{}", message.len());
    }

    #[test]
    fn a_rest_counts_by_its_length() {
        assert_eq!(records_in_rest(190, 10, 1), 19);
        assert_eq!(records_in_rest(190, 20, 2), 19);
        assert_eq!(records_in_rest(5, 10, 1), 1, "a part of a record is one");
        assert_eq!(records_in_rest(1000, 0, 0), 1, "nothing to compare with");
        assert_eq!(records_in_rest(u64::MAX, 1, u64::MAX), u64::MAX);
    }
}
