//! Stops runs early, for example on Ctrl-C.
//!
//! A stopped run is dropped: programs are stopped, open transactions are rolled back, and the run is closed as aborted
//! at once. Batches that were written straight stay, and the next run finds them unchanged.

use std::{sync::Arc, time::Duration};

use forebay_domain::run::RunStatus;
use forebay_store::{
    changes,
    connect::Database,
    runs::{self, Ending},
};
use tokio::{sync::watch, time::timeout};

use crate::error::Error;

/// Timeout for closing a run, because an operator is waiting: a stopped command ends within five seconds.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(4);

/// Stops every run that has a clone of it. Cannot be undone.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Asks the runs to stop.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }

    /// Whether the runs have been asked to stop.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the runs are asked to stop.
    pub async fn asked(&self) {
        // This value holds the sender, so the channel stays open.
        let _ = self.0.subscribe().wait_for(|is_asked| *is_asked).await;
    }
}

/// Closes a run that was dropped. If that fails, the next run of its scope closes it.
pub(crate) async fn close_run(database: &Database, run_id: i64, duration: Duration) {
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
    let _closed = timeout(CLOSE_TIMEOUT, closing).await;
}
