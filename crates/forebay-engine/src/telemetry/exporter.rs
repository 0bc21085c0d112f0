//! Sends spans and logs in batches, from one task.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::Client;
use serde_json::Value as Json;
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};
use url::Url;

use super::encode::{self, Log, Span};
use crate::http;

/// What waits; more is dropped.
const MOST_WAITING: usize = 8_192;
/// The largest batch, and how long to wait for it.
const BATCH: usize = 512;
const BATCH_TIME: Duration = Duration::from_secs(2);
/// How long a request may take.
const REQUEST_TIME: Duration = Duration::from_secs(5);
/// How long the end of the process waits for what is left.
const LAST_TIME: Duration = Duration::from_secs(6);

/// Where to send, and as whom.
#[derive(Clone)]
pub struct ExporterSettings {
    /// Takes traces.
    pub traces: Url,
    /// Takes logs.
    pub logs: Url,
    /// Headers of each request.
    pub headers: Vec<(String, String)>,
    /// Attributes of this process.
    pub resource: Vec<(String, String)>,
}

impl fmt::Debug for ExporterSettings {
    /// Without headers and URLs, which may contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExporterSettings").field("resource", &self.resource).finish_non_exhaustive()
    }
}

enum Item {
    Span(Span),
    Log(Log),
}

/// A queue with the task that sends what is in it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Exporter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Option<mpsc::Sender<Item>>>,
    task: Mutex<Option<JoinHandle<()>>>,
    num_dropped: Arc<AtomicU64>,
}

impl Exporter {
    /// Starts the task. Needs a tokio runtime. Error: why there is no HTTP client.
    pub fn start(settings: ExporterSettings) -> Result<Self, String> {
        let client = |url| http::client(url, REQUEST_TIME).map_err(|error| error.to_string());
        let clients = (client(&settings.traces)?, client(&settings.logs)?);
        let (queue, items) = mpsc::channel(MOST_WAITING);
        let num_dropped = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn(run(settings, clients, items, Arc::clone(&num_dropped)));
        let shared = Shared { queue: Mutex::new(Some(queue)), task: Mutex::new(Some(task)), num_dropped };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Queues a span.
    pub fn span(&self, span: Span) {
        self.queue(Item::Span(span));
    }

    /// Queues a line of the log.
    pub fn log(&self, log: Log) {
        self.queue(Item::Log(log));
    }

    fn queue(&self, item: Item) {
        let queue = self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing is logged here: it would come back.
        if queue.as_ref().is_some_and(|queue| queue.try_send(item).is_err()) {
            self.shared.num_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Closes the queue and waits a few seconds until it is empty.
    pub async fn finish(&self) {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let task = self.shared.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _in_time = timeout(LAST_TIME, task).await;
        }
    }
}

async fn run(
    settings: ExporterSettings,
    clients: (Client, Client),
    mut items: mpsc::Receiver<Item>,
    num_dropped: Arc<AtomicU64>,
) {
    let mut was_full = false;
    // Of traces and of logs: a collector may take only one of them.
    let mut are_failing = [false; 2];
    while let Some(first) = items.recv().await {
        let (mut spans, mut logs) = (Vec::new(), Vec::new());
        let mut put = |item| match item {
            Item::Span(span) => spans.push(span),
            Item::Log(log) => logs.push(log),
        };
        put(first);
        let deadline = Instant::now() + BATCH_TIME;
        for _ in 1..BATCH {
            let Ok(Some(item)) = timeout_at(deadline, items.recv()).await else { break };
            put(item);
        }
        let bodies = [
            (&clients.0, &settings.traces, spans.len(), encode::traces(&settings.resource, &spans)),
            (&clients.1, &settings.logs, logs.len(), encode::logs(&settings.resource, &logs)),
        ];
        // Said here, not where it happens: the line goes through the queue, too.
        let number = num_dropped.swap(0, Ordering::Relaxed);
        if number > 0 && !was_full {
            tracing::warn!(number, "spans and lines were dropped, because too many wait for the collector");
        }
        was_full = number > 0;
        for ((client, url, number, body), is_failing) in bodies.into_iter().zip(&mut are_failing) {
            if number == 0 {
                continue;
            }
            let problem = post(client, url, &settings.headers, &body).await.err();
            // Said once, until it works again: the line itself would be sent too.
            if let Some(problem) = problem.as_deref().filter(|_| !*is_failing) {
                tracing::warn!(
                    problem,
                    path = url.path(),
                    "traces or logs can't be sent by OTLP; they are dropped until they can"
                );
            }
            *is_failing = problem.is_some();
        }
    }
}

async fn post(client: &Client, url: &Url, headers: &[(String, String)], body: &Json) -> Result<(), String> {
    let mut request = client.post(url.clone()).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    match request.body(body.to_string()).send().await {
        Ok(response) if response.status().is_success() => Ok(()),
        Ok(response) => Err(response.status().to_string()),
        // The URL may contain a secret.
        Err(error) => Err(error.without_url().to_string()),
    }
}
