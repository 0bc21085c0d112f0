//! A part of a list.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A list, or the part of a longer one that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// The entries, in the order that the command documents.
    pub items: Vec<T>,
    /// The cursor of the entries that follow; null: there are none, or `--limit` cut a list that has no
    /// cursors.
    pub next: Option<String>,
}

impl<T> From<Vec<T>> for Page<T> {
    /// A list that is complete.
    fn from(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
