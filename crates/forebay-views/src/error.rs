//! An error, in the one form that every interface uses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An error. The code is stable, the sentences are not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Error {
    /// The error, as a stable word.
    pub code: String,
    /// The error, as a sentence with its causes. Secrets are masked.
    pub message: String,
    /// What to do next; null: there is no hint.
    pub hint: Option<String>,
    /// Where the error occurred, such as a line of a file or a setting; null: the message contains it, or it is
    /// unknown.
    pub place: Option<String>,
}

/// The output of a command that fails, instead of its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorDocument {
    /// Why the command failed.
    pub error: Error,
}
