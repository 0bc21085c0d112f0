//! A part of a list.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A list, or the requested part of a longer list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// The entries, in the order that the command documents.
    pub items: Vec<T>,
    /// The cursor of the next page; null: there are no more entries, or `--limit` cut a list without cursors.
    pub next: Option<String>,
}

impl<T> From<Vec<T>> for Page<T> {
    /// A complete list.
    fn from(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
