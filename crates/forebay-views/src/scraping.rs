//! A scrape that goes on after its response.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::run::RunSummary;

/// A scrape in progress.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Scraping {
    /// The entity type that is scraped.
    pub entity_type: String,
    /// The sources of which one or more are scraped.
    pub sources: Vec<String>,
    /// Their runs that are in progress; empty: none has begun yet.
    pub runs: Vec<RunSummary>,
}
