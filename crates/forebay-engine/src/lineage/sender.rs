//! Sends events in the order in which they happened, from one task.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tracing::warn;

use super::settings::LineageSettings;
use crate::http;

/// Events that wait; more are dropped.
const MOST_WAITING: usize = 1_000;
/// How long a request may take.
const REQUEST_TIME: Duration = Duration::from_secs(5);
/// The waits between the attempts to send an event.
const WAITS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];
/// How long the end of the process waits for the last events.
const LAST_TIME: Duration = Duration::from_secs(10);

/// A queue of events with the task that sends them.
#[derive(Debug)]
pub(super) struct Sender {
    queue: Mutex<Option<mpsc::Sender<Value>>>,
    task: Mutex<Option<JoinHandle<()>>>,
    num_dropped: Arc<AtomicU64>,
    namespace: String,
}

impl Sender {
    pub(super) fn start(settings: LineageSettings) -> Result<Self, String> {
        let client = http::client(&settings.url, REQUEST_TIME).map_err(|error| error.to_string())?;
        let (queue, mut events) = mpsc::channel(MOST_WAITING);
        let num_dropped = Arc::new(AtomicU64::new(0));
        let (dropped, namespace) = (Arc::clone(&num_dropped), settings.namespace.clone());
        let task = tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                if let Err(problem) = deliver(&client, &settings, &event).await {
                    let num_dropped = dropped.fetch_add(1, Ordering::Relaxed) + 1;
                    warn!(num_dropped, problem, "an OpenLineage event was dropped");
                }
            }
        });
        Ok(Self { queue: Mutex::new(Some(queue)), task: Mutex::new(Some(task)), num_dropped, namespace })
    }

    /// The namespace of jobs.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Queues an event, or drops it if too many wait.
    pub(super) fn send(&self, event: Value) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = queue.as_ref().map(|queue| queue.try_send(event));
        if let Some(Err(TrySendError::Full(_))) = sent {
            let num_dropped = self.num_dropped.fetch_add(1, Ordering::Relaxed) + 1;
            warn!(num_dropped, problem = "too many wait", "an OpenLineage event was dropped");
        }
    }

    /// Closes the queue, and waits until it is empty, or for [`LAST_TIME`].
    pub(super) async fn finish(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(task) = task else { return };
        if timeout(LAST_TIME, task).await.is_err() {
            warn!("the last OpenLineage events were dropped: they could not be sent in time");
        }
    }
}

/// Sends an event, again if the receiver is not available.
async fn deliver(client: &Client, settings: &LineageSettings, event: &Value) -> Result<(), String> {
    let mut waits = WAITS.iter();
    loop {
        let mut request = client.post(settings.url.clone()).header("content-type", "application/json");
        if let Some(key) = &settings.api_key {
            request = request.bearer_auth(key);
        }
        let problem = match request.body(event.to_string()).send().await {
            Ok(response) if response.status().is_success() => return Ok(()),
            Ok(response) if !may_pass(response.status()) => return Err(response.status().to_string()),
            Ok(response) => response.status().to_string(),
            // The URL may contain a secret.
            Err(error) => error.without_url().to_string(),
        };
        let Some(wait) = waits.next() else { return Err(problem) };
        sleep(*wait).await;
    }
}

fn may_pass(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}
