//! Shares in messages.

use std::fmt;

/// A share as a percentage. One decimal keeps a value just above a limit distinct from the limit.
pub(super) struct Percent(pub(super) f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = format!("{:.1}", self.0 * 100.0);
        write!(f, "{} %", percent.strip_suffix(".0").unwrap_or(&percent))
    }
}
