//! Asking scrapes to stop before their end, as an operator does with Ctrl-C.
//!
//! A scrape that is asked to stop drops its run where it is: programs are ended, what is under way is rolled back, and
//! the run is closed as aborted at once, so that nobody has to find out that its process is gone. What straight batches
//! have written stays, and the next run finds it unchanged.

use std::{sync::Arc, time::Duration};

use forebay_domain::run::RunStatus;
use forebay_store::{
    changes,
    connect::Database,
    runs::{self, Ending},
};
use tokio::{sync::watch, time::timeout};

use crate::error::Error;

/// How long closing a run may take: who asked to stop is waiting.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks every scrape that was given a clone of it to stop. It cannot be taken back.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Asks them to stop.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }

    /// Whether they have been asked.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until they are asked.
    pub async fn asked(&self) {
        // The sender is ours, so it cannot be gone.
        let _ = self.0.subscribe().wait_for(|is_asked| *is_asked).await;
    }
}

/// Closes a run that was dropped. If it cannot be closed, the next run of its scope does.
pub(super) async fn close_run(database: &Database, run_id: i64, duration: Duration) {
    let message = Error::Interrupted.to_string();
    let ending = Ending {
        status: RunStatus::Aborted,
        reason_code: Some(Error::Interrupted.code()),
        message: Some(&message),
        duration,
    };
    let closing = async {
        let client = database.client().await?;
        changes::clear(&**client, run_id).await?;
        runs::finish(&**client, run_id, RunStatus::Running, &ending).await
    };
    let _closed = timeout(PATIENCE, closing).await;
}
