//! What the poller of changes has seen, for all viewers.

use std::{collections::BTreeMap, sync::atomic::AtomicBool};

use tokio::sync::watch;

/// Rows written so far, by topic.
pub(super) type Written = BTreeMap<&'static str, i64>;

/// What the poller has seen.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    pub(super) written: watch::Sender<Written>,
    pub(super) is_polled: AtomicBool,
}
