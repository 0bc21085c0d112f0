//! How to watch.

use std::time::Duration;

use forebay_domain::content::PersistMode;
use forebay_store::connect::OpenOptions;

/// How to watch.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// How often to compare folder and database without a hint. Default: 10 seconds.
    pub rescan_every: Duration,
    /// Whether the database is written. Default: on. With `off`, no connection is opened, and only a folder that
    /// disappears is reported; with `shadow`, errors that may pass are only logged.
    pub mode: PersistMode,
    /// How to connect to the database.
    pub connection: OpenOptions,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            rescan_every: Duration::from_secs(10),
            mode: PersistMode::On,
            connection: OpenOptions::default(),
        }
    }
}
