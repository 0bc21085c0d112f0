//! The time of day, as a parameter.
//!
//! Nothing in this crate reads the system clock. A program passes in a [`Clock`] that does; a test passes in a
//! fixed one, or one that it advances. Measured durations and timers don't need it: they use monotonic instants.

use std::{fmt, sync::Arc};

use jiff::Timestamp;

/// Returns the current time. Cheap to clone.
#[derive(Clone)]
pub struct Clock {
    read: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Clock {
    /// A clock that calls `read` for the time.
    pub fn new(read: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { read: Arc::new(read) }
    }

    /// A clock that always returns `at`, for tests.
    pub fn fixed(at: Timestamp) -> Self {
        Self::new(move || at)
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        (self.read)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
