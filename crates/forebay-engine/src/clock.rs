//! The system clock and seeds of random numbers.
//!
//! This is the only source file of the workspace that reads the time of day or draws a seed; `disallowed-methods` in
//! clippy.toml enforces it. Everything below the engine gets the time and a seed as parameters, so tests can choose
//! them.

use forebay_sources::{Clock, fetch::Network};
use jiff::Timestamp;

/// Returns the current time.
#[expect(clippy::disallowed_methods, reason = "the only place that reads the system clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A random number that differs between processes and calls. Not for secrets.
#[expect(clippy::disallowed_methods, reason = "the only place that draws random seeds")]
pub fn random_seed() -> u64 {
    fastrand::u64(..)
}

/// The network of this process, with the system clock and a random seed.
pub fn network() -> Network {
    Network::new(random_seed(), system())
}

/// The system clock.
pub fn system() -> Clock {
    Clock::new(now)
}
