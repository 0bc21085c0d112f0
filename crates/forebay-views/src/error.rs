//! What went wrong, in the one form that every interface uses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An error. Its code is stable, its sentences are not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Error {
    /// What went wrong, as a stable word.
    pub code: String,
    /// What went wrong, as a sentence with its causes. Secrets are masked.
    pub message: String,
    /// What to do next; null: nothing is known to help.
    pub hint: Option<String>,
    /// Where it went wrong, such as a line of a file or a setting; null: the message says all there is.
    pub place: Option<String>,
}

/// What a command prints when it fails, in place of its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorDocument {
    /// Why the command failed.
    pub error: Error,
}
