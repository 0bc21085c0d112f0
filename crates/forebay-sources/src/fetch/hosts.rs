//! The hosts that are being asked, and waiting for one's turn: the clock and the queue around [`HostPace`].
//!
//! Requests to a host stand in line in the order in which they came. Only the first looks at the pace and at the
//! clock, so a thousand that wait cost nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::pace::{Decision, Feedback, HostPace, Limits};

/// With more hosts than this, those that nothing is known of are forgotten.
const MAX_HOSTS: usize = 4096;

/// All hosts of a process.
#[derive(Debug)]
pub(super) struct Hosts {
    began: Instant,
    by_name: Mutex<HashMap<String, Arc<Host>>>,
}

/// One host.
#[derive(Debug)]
pub(super) struct Host {
    began: Instant,
    pace: Mutex<HostPace>,
    line: tokio::sync::Mutex<()>,
    ended: Notify,
}

/// The host wants no requests for longer than the caller would wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paused(pub(super) Duration);

impl Hosts {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), by_name: Mutex::default() }
    }

    /// The host of that name. All ports and schemes of a name are one host: behind them is one machine more often than
    /// not.
    pub(super) fn host(&self, name: &str) -> Arc<Host> {
        // With a dot at its end it is the same name.
        let name = name.trim_end_matches('.');
        let mut hosts = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(name) {
            return Arc::clone(host);
        }
        if hosts.len() >= MAX_HOSTS {
            let now = self.began.elapsed();
            hosts.retain(|_, host| Arc::strong_count(host) > 1 || !host.pace().is_idle(now));
        }
        let host = Arc::new(Host {
            began: self.began,
            pace: Mutex::default(),
            line: tokio::sync::Mutex::default(),
            ended: Notify::new(),
        });
        hosts.insert(name.to_owned(), Arc::clone(&host));
        host
    }
}

impl Host {
    /// Waits until a request may start; a pause that is longer than `patience` is not waited for.
    pub(super) async fn acquire(
        self: Arc<Self>,
        limits: Limits,
        patience: Duration,
    ) -> Result<Permit, Paused> {
        let first_in_line = self.line.lock().await;
        let started = loop {
            let now = self.began.elapsed();
            let decision = self.pace().ask(limits, now);
            match decision {
                Decision::Start => break now,
                Decision::Paused(time) if time > patience => return Err(Paused(time)),
                Decision::Wait(time) | Decision::Paused(time) => tokio::time::sleep(time).await,
                // What ended since the look is remembered.
                Decision::Full => self.ended.notified().await,
            }
        };
        drop(first_in_line);
        Ok(Permit { host: self, started, is_over: false })
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, HostPace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is under way. Dropping it ends it without saying anything about the host.
#[derive(Debug)]
pub(super) struct Permit {
    host: Arc<Host>,
    started: Duration,
    is_over: bool,
}

impl Permit {
    /// Ends the request.
    pub(super) fn end(mut self, feedback: Feedback) {
        self.over(feedback);
    }

    fn over(&mut self, feedback: Feedback) {
        if !self.is_over {
            self.is_over = true;
            self.host.pace().ended(self.started, feedback, self.host.began.elapsed());
            self.host.ended.notify_one();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.over(Feedback::Neutral);
    }
}
