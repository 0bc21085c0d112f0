//! How long crawling a site once takes, on the clock and on the processor.

use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::{cpu, failure::Failure};

/// What crawling a site once took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) elapsed: Duration,
    /// None where it cannot be measured.
    pub(super) cpu: Option<Duration>,
}

impl Sample {
    /// Runs a program to its end.
    pub(super) async fn of(mut command: Command, what: &str) -> Result<Self, Failure> {
        // Programs run one after the other, and each adds its time to this sum when it ends.
        let (started, before) = (Instant::now(), cpu::ended_children());
        let status = command.status().await?;
        let elapsed = started.elapsed();
        let cpu = difference(before, cpu::ended_children());
        if !status.success() {
            return Err(Failure::bench(format!("{what} failed")).hint("its error message is above"));
        }
        Ok(Self { elapsed, cpu })
    }
}

/// The time between two readings of a counter.
pub(super) fn difference(before: Option<Duration>, after: Option<Duration>) -> Option<Duration> {
    after.zip(before).map(|(after, before)| after.saturating_sub(before))
}
