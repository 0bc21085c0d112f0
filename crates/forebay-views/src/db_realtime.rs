//! A table that Supabase Realtime can publish.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A table of Forebay, and whether Supabase Realtime sends its changes to subscribers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RealtimeTable {
    /// Its name in the schema `forebay`.
    pub table: String,
    /// Its changes are sent to subscribers.
    pub is_published: bool,
}

impl From<forebay_store::realtime::RealtimeTable> for RealtimeTable {
    fn from(table: forebay_store::realtime::RealtimeTable) -> Self {
        Self { table: table.name, is_published: table.is_published }
    }
}
