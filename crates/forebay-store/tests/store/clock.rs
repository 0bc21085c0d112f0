//! The system clock, for comparisons with the database's clock.

use jiff::Timestamp;

/// The current time.
#[expect(clippy::disallowed_methods, reason = "the only place in these tests that reads the system clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
