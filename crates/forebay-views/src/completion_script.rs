//! A completion script for a shell.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A completion script for a shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompletionScript {
    /// The shell, such as `bash`.
    pub shell: String,
    /// The script.
    pub script: String,
}
