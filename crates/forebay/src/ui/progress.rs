//! Progress on standard error: only on a terminal, and only after the work has taken a second.
//!
//! Most runs end earlier, and a bar that flashes by is noise.

use std::{
    fmt,
    sync::{LazyLock, OnceLock},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// All bars of the process, so that other lines can be written above them.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Writes to standard error while no bar is drawn.
pub(super) fn above<T>(write: impl FnOnce() -> T) -> T {
    BARS.suspend(write)
}

/// How long to show nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// Progress of one piece of work. Dropping it clears the bar.
pub(crate) struct Progress {
    bar: ProgressBar,
    since: Instant,
    wanted: bool,
    shown: OnceLock<()>,
}

impl Progress {
    pub(super) fn new(what: &str, total: Option<u64>, wanted: bool) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let template = if total.is_some() {
            "{msg} {bar:30} {human_pos} of {human_len}, {per_sec}, {eta} left"
        } else {
            "{spinner} {msg} {human_pos}, {per_sec}"
        };
        // The fallback is never used: a test checks that the template is valid.
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_message(what.to_owned());
        Self { bar, since: Instant::now(), wanted, shown: OnceLock::new() }
    }

    /// Changes the words beside the number.
    pub(crate) fn say(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// Sets how much is done, counted from the start. Cheap enough to call for every batch.
    pub(crate) fn set(&self, done: u64) {
        self.bar.set_position(done);
        if self.is_due(self.since.elapsed()) {
            self.shown.get_or_init(|| drop(BARS.add(self.bar.clone())));
        }
    }

    /// Whether to show the bar after this time.
    fn is_due(&self, elapsed: Duration) -> bool {
        self.wanted && elapsed >= PATIENCE
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("position", &self.bar.position()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_for_the_first_second_and_where_nobody_looks() {
        let watched = Progress::new("persisting", Some(10), true);
        assert!(!watched.is_due(Duration::from_millis(999)));
        assert!(watched.is_due(PATIENCE));
        assert!(!Progress::new("persisting", None, false).is_due(Duration::from_mins(1)));
    }

    #[test]
    fn nothing_is_drawn_before_it_is_due() {
        let progress = Progress::new("persisting", None, true);
        progress.set(5);
        assert!(progress.bar.is_hidden());
        assert_eq!(progress.bar.position(), 5);
    }
}
