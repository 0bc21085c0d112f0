//! The endpoint of the webhook. It notes each event that it receives, and from which worker.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::IntoFuture,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use tokio::{net::TcpListener, task::JoinHandle, time};

use super::dice::Dice;
use crate::failure::Failure;

/// The header with the number of the worker that sent the request.
pub(super) const WORKER_HEADER: &str = "x-chaos-worker";
/// A response takes shorter than this.
const LONGEST_RESPONSE_MILLIS: u64 = 80;

/// A request.
#[derive(Clone, Debug)]
struct Received {
    event: String,
    worker: u64,
    at: Instant,
}

#[derive(Debug)]
struct Notes {
    received: Vec<Received>,
    dice: Dice,
}

/// The endpoint. Dropping this ends it.
#[derive(Debug)]
pub(super) struct Receiver {
    url: String,
    notes: Arc<Mutex<Notes>>,
    serving: JoinHandle<()>,
}

/// Requests that repeat an earlier one.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Repetitions {
    pub(super) num_requests: u64,
    /// Requests that repeat an earlier one, whose worker was killed before it could report the response.
    pub(super) num_excused: u64,
    /// The events of requests that repeat an earlier one without such a reason.
    pub(super) unexcused: Vec<String>,
}

impl Receiver {
    /// Listens on a free port of the loopback interface.
    pub(super) async fn open(seed: u64) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let notes = Arc::new(Mutex::new(Notes { received: Vec::new(), dice: Dice(seed) }));
        let router = Router::new().route("/", post(receive)).with_state(notes.clone());
        let serving = axum::serve(listener, router).into_future();
        let serving = tokio::spawn(async move {
            // It ends only with the benchmark.
            let _never = serving.await;
        });
        Ok(Self { url, notes, serving })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The ids of all events.
    pub(super) fn events(&self) -> BTreeSet<String> {
        self.received().into_iter().map(|received| received.event).collect()
    }

    /// Counts repeated requests. `killed` says when each killed worker was killed.
    pub(super) fn repetitions(&self, killed: &BTreeMap<u64, Instant>) -> Repetitions {
        repetitions(self.received(), killed)
    }

    fn received(&self) -> Vec<Received> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).received.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The worker of each request but the last one of an event must have been killed by the time of the next one. Its own
/// request may be noted only after that, if it was in transit.
fn repetitions(received: Vec<Received>, killed: &BTreeMap<u64, Instant>) -> Repetitions {
    let mut found = Repetitions { num_requests: received.len() as u64, ..Repetitions::default() };
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for Received { event, worker, at } in received {
        let Some(worker_before) = last.insert(event.clone(), worker) else { continue };
        match killed.get(&worker_before) {
            Some(killed_at) if *killed_at <= at => found.num_excused += 1,
            _ => found.unexcused.push(event),
        }
    }
    found
}

async fn receive(State(notes): State<Arc<Mutex<Notes>>>, headers: HeaderMap) -> StatusCode {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let worker = text(WORKER_HEADER).and_then(|number| number.parse().ok());
    let (Some(event), Some(worker)) = (text("webhook-id"), worker) else { return StatusCode::BAD_REQUEST };
    let delay = {
        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.received.push(Received { event: event.to_owned(), worker, at: Instant::now() });
        notes.dice.below(LONGEST_RESPONSE_MILLIS)
    };
    time::sleep(Duration::from_millis(delay)).await;
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_worker_that_was_killed_before_excuses_a_second_request() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let received = [("a", 1, 1), ("b", 1, 2), ("a", 2, 4), ("b", 2, 5), ("b", 3, 9), ("c", 3, 9)]
            .map(|(event, worker, second)| Received { event: event.to_owned(), worker, at: at(second) });
        let killed = BTreeMap::from([(1, at(3)), (2, at(10))]);
        let found = repetitions(received.to_vec(), &killed);
        let unexcused = vec!["b".to_owned()];
        assert_eq!(found, Repetitions { num_requests: 6, num_excused: 2, unexcused });
    }
}
