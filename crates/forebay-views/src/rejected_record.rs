//! A piece of input that is not a valid record.

use forebay_store::runs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A piece of input that is not a valid record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RejectedRecord {
    /// The file or URL that contains it; `-` is standard input.
    pub input: String,
    /// Its line, from 1; null: the input has no lines.
    pub line: Option<i64>,
    /// Why it was rejected, as a stable word.
    pub reason_code: String,
    /// Why it was rejected, as a sentence.
    pub message: String,
    /// The start of its text; null: it is not text.
    pub raw_text: Option<String>,
    /// Its full length in bytes.
    pub num_bytes: u64,
}

impl From<runs::RejectedRecord> for RejectedRecord {
    fn from(record: runs::RejectedRecord) -> Self {
        Self {
            input: record.input,
            line: record.line,
            reason_code: record.reason_code,
            message: record.message,
            raw_text: record.raw_text,
            num_bytes: record.raw_length.unsigned_abs(),
        }
    }
}
