//! The limits of a crawl: the settings of `[sources.NAME.crawl]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Limits of a crawl.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CrawlSettings {
    /// Maximum number of pages per run. A run that reaches it is partial, because a run that stops early must not look
    /// complete. Default: 10000.
    #[schemars(range(min = 1))]
    pub max_pages: u32,
    /// Number of consecutive failed pages after which the run stops. Default: 10.
    #[schemars(range(min = 1))]
    pub max_failures: u32,
    /// Maximum number of pages to process in parallel, across all hosts. Default: 16.
    #[schemars(range(min = 1, max = 256))]
    pub concurrency: u16,
}

impl Default for CrawlSettings {
    fn default() -> Self {
        Self { max_pages: 10_000, max_failures: 10, concurrency: 16 }
    }
}
