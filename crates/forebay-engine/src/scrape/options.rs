//! The options of one scrape, which override its source's definition.

use std::{path::PathBuf, time::Duration};

use jiff::Timestamp;

use crate::{logs::Level, persist::Overrides, stop::Stop};

/// The options of one scrape, which override its source's definition.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, each named where it is set")]
pub struct ScrapeOptions {
    /// When the source is observed. Default: when the run begins.
    pub observed_at: Option<Timestamp>,
    /// Read pages from this archive (WARC), not from the network.
    pub from_warc: Option<PathBuf>,
    /// Read every page, even if its server says that it is unchanged.
    pub read_everything: bool,
    /// Revalidate every page, even if its server declared it still fresh.
    pub revalidate: bool,
    /// Settings of the run that override its source's policy. Default: none.
    pub overrides: Overrides,
    /// Reading ends after this time, and the run is partial. Default: as its source says.
    pub max_duration: Option<Duration>,
    /// Whether changes are handed off.
    pub with_handoffs: bool,
    /// Scrape even if the breaker is open, and do not report the outcome to the breaker.
    pub ignore_breaker: bool,
    /// Whether someone forced it, or an AI tool started it. Such runs limit how often AI tools may force others.
    pub is_on_demand: bool,
    /// Minimum level of the log lines to store. Default: info, which leaves out the lines of single pages.
    pub log_level: Level,
    /// Stops the scrape early.
    pub stop: Stop,
}

impl Default for ScrapeOptions {
    fn default() -> Self {
        Self {
            observed_at: None,
            from_warc: None,
            read_everything: false,
            revalidate: false,
            overrides: Overrides::default(),
            max_duration: None,
            with_handoffs: true,
            ignore_breaker: false,
            is_on_demand: false,
            log_level: Level::Info,
            stop: Stop::default(),
        }
    }
}
