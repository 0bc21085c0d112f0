//! A client that follows changes and connects again when its stream ends, as browsers do.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http_body_util::BodyExt;
use hyper::{Response, StatusCode, body::Incoming};
use serde::Deserialize;
use tokio::task::JoinHandle;

use super::http::Connection;
use crate::failure::Failure;

/// Between two attempts to connect.
const RETRY: Duration = Duration::from_millis(200);

/// A follower of one source.
pub(super) struct Follower {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// What it was sent.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// How often each version of each reference came.
    versions: HashMap<(String, i64), u64>,
    last_id: Option<String>,
    is_live: bool,
    pub(super) num_different: u64,
    pub(super) num_doubled: u64,
    pub(super) num_reconnections: u64,
}

#[derive(Deserialize)]
struct Change {
    reference_id: String,
    version: i64,
}

impl Follower {
    /// Connects, and waits until the server says that everything has come so far.
    pub(super) async fn start(address: SocketAddr, source: &str) -> Result<Self, Failure> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let path = format!("/v1/changes/stream?source={source}");
        let task = tokio::spawn(follow(address, path, Arc::clone(&seen)));
        let follower = Self { seen, task };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !follower.seen().is_live {
            if Instant::now() >= deadline {
                return Err(Failure::bench("a follower of changes is told nothing"));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(follower)
    }

    /// The number of different changes so far.
    pub(super) fn num_different(&self) -> u64 {
        self.seen().num_different
    }

    /// Goes away.
    pub(super) fn end(self) -> Seen {
        self.task.abort();
        std::mem::take(&mut *self.seen())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn follow(address: SocketAddr, path: String, seen: Arc<Mutex<Seen>>) {
    let lock = || seen.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let last_id = lock().last_id.clone();
        let headers = last_id.as_deref().map(|id| ("last-event-id", id));
        if let Ok(mut connection) = Connection::open(address).await
            && let Ok(response) = connection.get(&path, headers.as_slice()).await
            && response.status() == StatusCode::OK
        {
            read(response, &seen).await;
        }
        lock().num_reconnections += 1;
        tokio::time::sleep(RETRY).await;
    }
}

/// Reads the events of a stream until it ends (WHATWG HTML, "Server-sent events").
async fn read(response: Response<Incoming>, seen: &Mutex<Seen>) {
    let (mut body, mut rest) = (response.into_body(), Vec::new());
    while let Some(Ok(frame)) = body.frame().await {
        rest.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        while let Some(end) = rest.windows(2).position(|two| two == b"\n\n") {
            let event: Vec<u8> = rest.drain(..end + 2).collect();
            seen.lock().unwrap_or_else(PoisonError::into_inner).take(&String::from_utf8_lossy(&event));
        }
    }
}

impl Seen {
    fn take(&mut self, event: &str) {
        for line in event.lines() {
            if let Some(id) = line.strip_prefix("id:") {
                self.last_id = Some(id.trim().to_owned());
            } else if line.starts_with(": live") {
                self.is_live = true;
            } else if let Some(data) = line.strip_prefix("data:")
                && let Ok(change) = serde_json::from_str::<Change>(data)
            {
                let number = self.versions.entry((change.reference_id, change.version)).or_default();
                *number += 1;
                if *number == 1 {
                    self.num_different += 1;
                } else {
                    self.num_doubled += 1;
                }
            }
        }
    }
}
