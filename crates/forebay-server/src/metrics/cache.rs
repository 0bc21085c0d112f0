//! Keeps what was read from the database for a few seconds, so that many who ask cost as much as one.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use forebay_views::failure::{Exit, Failure};
use tokio::{sync::Mutex, time::timeout};

use super::samples::Samples;

/// How long facts of the database are repeated.
const MAX_AGE: Duration = Duration::from_secs(5);
/// How long reading may take. By default, Prometheus waits for ten seconds.
const MOST_TIME: Duration = Duration::from_secs(8);

/// What was last read.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<State>);

#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    /// Whether the database answered.
    pub(super) is_up: bool,
    /// What it said; empty: it could not be read.
    pub(super) samples: Arc<Samples>,
    /// How often it could not be read.
    pub(super) num_errors: u64,
}

#[derive(Debug, Default)]
struct State {
    read_at: Option<Instant>,
    stored: Stored,
}

impl Cache {
    /// What is stored, at most a few seconds old. One reads, others who ask at that moment wait for it.
    pub(super) async fn get(&self, read: impl Future<Output = Result<Samples, Failure>>) -> Stored {
        let mut state = self.0.lock().await;
        if state.read_at.is_some_and(|at| at.elapsed() < MAX_AGE) {
            return state.stored.clone();
        }
        let (is_up, samples) = match timeout(MOST_TIME, read).await {
            Ok(Ok(samples)) => (true, Some(samples)),
            Ok(Err(failure)) => {
                tracing::warn!(%failure, "metrics of the database can't be read");
                (failure.exit_code() != Exit::DatabaseUnreachable, None)
            }
            // It may be slow, or its connections in use. A server that can't be reached is an error of its own.
            Err(_) => {
                tracing::warn!("metrics of the database can't be read in time");
                (true, None)
            }
        };
        let num_errors = state.stored.num_errors + u64::from(samples.is_none());
        state.stored = Stored { is_up, samples: Arc::new(samples.unwrap_or_default()), num_errors };
        state.read_at = Some(Instant::now());
        state.stored.clone()
    }
}
