//! The hosts of a process, and the queue in which requests wait for a permit: the timers around [`HostPace`].
//!
//! Requests to a host wait in order of arrival. Only the first one watches the pace and the timer, so a thousand
//! waiting requests cost nothing. Pacing uses monotonic instants, because a change of the system clock must not release
//! a burst.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};
use tracing::debug;

use super::pace::{Decision, Feedback, HostPace, Limits};

/// When there are more hosts than this, idle ones are removed.
const MAX_HOSTS: usize = 4096;

/// All hosts of a process.
#[derive(Debug)]
pub(super) struct Hosts {
    began: Instant,
    by_name: Mutex<HashMap<String, Arc<Host>>>,
}

/// One host.
#[derive(Debug)]
struct Host {
    began: Instant,
    state: Mutex<State>,
    queue: tokio::sync::Mutex<()>,
    ended: Notify,
}

#[derive(Debug, Default)]
struct State {
    pace: HostPace,
    /// The number of requests that wait for a permit.
    num_waiting: usize,
}

/// The host is paused for longer than the caller would wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paused(pub(super) Duration);

impl Hosts {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), by_name: Mutex::default() }
    }

    /// Waits until a request to a host may start. Doesn't wait for a pause longer than `max_wait`.
    pub(super) async fn acquire(
        &self,
        name: &str,
        limits: Limits,
        max_wait: Duration,
    ) -> Result<Permit, Paused> {
        self.enter(name).acquire(name, limits, max_wait).await
    }

    /// Joins the queue of a host. All ports and schemes of a name count as one host, because they usually run on the
    /// same machine.
    fn enter(&self, name: &str) -> Waiting {
        // A trailing dot does not change the host.
        let name = name.trim_end_matches('.');
        let mut hosts = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if !hosts.contains_key(name) && hosts.len() >= MAX_HOSTS {
            let now = self.began.elapsed();
            hosts.retain(|_, host| !host.state().is_idle(now));
        }
        let host = hosts.entry(name.to_owned()).or_insert_with(|| Arc::new(Host::new(self.began)));
        // Counted under the lock of the map, so the host cannot be removed in between.
        host.state().num_waiting += 1;
        Waiting { host: Arc::clone(host) }
    }
}

impl Host {
    fn new(began: Instant) -> Self {
        Self { began, state: Mutex::default(), queue: tokio::sync::Mutex::default(), ended: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_idle(&self, now: Duration) -> bool {
        self.num_waiting == 0 && self.pace.is_idle(now)
    }
}

/// A place in the queue of a host.
struct Waiting {
    host: Arc<Host>,
}

impl Waiting {
    async fn acquire(self, name: &str, limits: Limits, max_wait: Duration) -> Result<Permit, Paused> {
        let host = &self.host;
        let first_in_queue = host.queue.lock().await;
        let started = loop {
            let now = host.began.elapsed();
            let decision = host.state().pace.ask(limits, now);
            match decision {
                Decision::Start => break now,
                Decision::Paused(time) if time > max_wait => return Err(Paused(time)),
                Decision::Wait(time) => tokio::time::sleep(time).await,
                Decision::Paused(time) => {
                    debug!(host = name, wait_ms = time.as_secs_f64() * 1e3, "the host asks to pause");
                    tokio::time::sleep(time).await;
                }
                // `Notify` stores a wake-up, so a request that ended since the decision is not missed.
                Decision::Full => host.ended.notified().await,
            }
        };
        drop(first_in_queue);
        Ok(Permit { host: Arc::clone(host), started, is_over: false })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.host.state().num_waiting -= 1;
    }
}

/// A request in flight. Dropping it ends the request without feedback.
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
            self.host.state().pace.ended(self.started, feedback, self.host.began.elapsed());
            self.host.ended.notify_one();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.over(Feedback::Neutral);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Limits = Limits { gap: Duration::ZERO, concurrency: 1 };

    #[tokio::test]
    async fn idle_hosts_are_removed_and_busy_ones_are_kept() {
        let hosts = Hosts::new();
        let busy = hosts.acquire("busy.example", FREE, Duration::ZERO).await.unwrap();
        let waiting = hosts.enter("waiting.example.");
        for n in 0..MAX_HOSTS {
            hosts.acquire(&format!("{n}.example"), FREE, Duration::ZERO).await.unwrap().end(Feedback::Good);
        }
        let count = hosts.by_name.lock().unwrap().len();
        assert!(count < MAX_HOSTS, "{count}");
        let is_known = |name: &str| hosts.by_name.lock().unwrap().contains_key(name);
        assert!(is_known("busy.example") && is_known("waiting.example"));
        drop((busy, waiting));
        assert!(hosts.by_name.lock().unwrap()["waiting.example"].state().is_idle(Duration::MAX));
    }
}
