//! Listens for NOTIFY, so that workers notice new work at once.
//!
//! Nothing depends on it: notifications do not pass a transaction-mode pooler, and they are lost with a connection.
//! Polling every second finds the same work a little later.

use std::time::{Duration, Instant};

use forebay_store::{
    connect::{ConnectionKind, Database, Dedicated},
    handoffs::CHANNEL,
};

/// How long to wait before connecting again.
const RECONNECT: Duration = Duration::from_secs(10);

/// Listens for NOTIFY.
pub(super) struct Listener {
    connection: Option<Dedicated>,
    tried_at: Option<Instant>,
    /// Behind a pooler in transaction mode, it would listen on a connection that is lent to others, and hear nothing.
    is_refused: bool,
}

impl Listener {
    /// A listener that is not connected yet.
    pub(super) fn new() -> Self {
        Self { connection: None, tried_at: None, is_refused: false }
    }

    /// Connects and listens, unless it already does. Call it before looking for work, so work queued in between is not
    /// missed.
    pub(super) async fn listen(&mut self, database: &Database) {
        let is_too_early = self.tried_at.is_some_and(|at| at.elapsed() < RECONNECT);
        if self.connection.is_some() || is_too_early || self.is_refused {
            return;
        }
        self.tried_at = Some(Instant::now());
        if matches!(database.kind().await, Ok(ConnectionKind::TransactionPooler)) {
            self.is_refused = true;
            tracing::info!(
                "notifications don't pass a pooler in transaction mode, so new work is found every second; the direct \
                 connection or a pooler in session mode starts it at once"
            );
            return;
        }
        // Without its own connection, the supervisor polls, and its polling reports an outage of the database.
        let Ok(connection) = database.dedicated().await else { return };
        let statement = format!("listen {CHANNEL}");
        if connection.client.batch_execute(&statement).await.is_ok() {
            self.connection = Some(connection);
        }
    }

    /// Waits for a notification, forever if there is no connection. Several that arrived together count once.
    pub(super) async fn heard(&mut self) {
        let Some(connection) = &mut self.connection else { return std::future::pending().await };
        if connection.notifications.recv().await.is_none() {
            self.connection = None;
            return std::future::pending().await;
        }
        while connection.notifications.try_recv().is_ok() {}
    }
}
