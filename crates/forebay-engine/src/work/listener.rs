//! Hearing of new work at once.
//!
//! Queueing notifies a channel, and a worker that listens to it need not wait for its next look. Nothing depends on
//! it: notifications do not pass a transaction-mode pooler, and they are lost while a connection is. Looking every
//! second finds the same work a little later.

use std::time::{Duration, Instant};

use forebay_store::{
    connect::{Database, Dedicated},
    handoffs::CHANNEL,
};

/// A connection that was lost is made again after so long.
const RECONNECT: Duration = Duration::from_secs(10);

/// The ear of a worker.
pub(super) struct Listener {
    connection: Option<Dedicated>,
    tried_at: Option<Instant>,
}

impl Listener {
    /// Hears nothing yet.
    pub(super) fn new() -> Self {
        Self { connection: None, tried_at: None }
    }

    /// Begins to listen, if it does not. To be called before looking for work: what is queued between the two is heard.
    pub(super) async fn listen(&mut self, database: &Database) {
        let is_too_early = self.tried_at.is_some_and(|at| at.elapsed() < RECONNECT);
        if self.connection.is_some() || is_too_early {
            return;
        }
        self.tried_at = Some(Instant::now());
        // Without a connection of its own the worker looks every second; whether the database is away is told there.
        let Ok(connection) = database.dedicated().await else { return };
        let statement = format!("listen {CHANNEL}");
        if connection.client.batch_execute(&statement).await.is_ok() {
            self.connection = Some(connection);
        }
    }

    /// Waits for news, for ever if nothing is heard. What came together is told once.
    pub(super) async fn heard(&mut self) {
        let Some(connection) = &mut self.connection else { return std::future::pending().await };
        if connection.notifications.recv().await.is_none() {
            self.connection = None;
            return std::future::pending().await;
        }
        while connection.notifications.try_recv().is_ok() {}
    }
}
