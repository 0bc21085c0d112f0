//! How far a crawl goes: the settings of `[sources.NAME.crawl]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a crawl goes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CrawlSettings {
    /// The maximum number of pages of one run. If there are more, the run is partial, because a run that stops early must
    /// not look complete. Default: 10000.
    #[schemars(range(min = 1))]
    pub max_pages: u32,
    /// The run stops after this many consecutive pages that cannot be fetched or read. Default: 10.
    #[schemars(range(min = 1))]
    pub max_failures: u32,
    /// The maximum number of pages that are fetched and read at the same time, over all hosts. Default: 16.
    #[schemars(range(min = 1, max = 256))]
    pub concurrency: u16,
}

impl Default for CrawlSettings {
    fn default() -> Self {
        Self { max_pages: 10_000, max_failures: 10, concurrency: 16 }
    }
}
