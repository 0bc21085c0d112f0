//! A connection outside the pool.
//!
//! It belongs to one task and passes on notifications, which the pool's connections discard. Behind a transaction-mode
//! pooler `listen` doesn't work, so use notifications only to start work sooner.

use tokio::{sync::mpsc, task::JoinHandle};
use tokio_postgres::{AsyncMessage, Config, Notification};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::{CONNECT_TIMEOUT, refused, timed_out};
use crate::error::Result;

/// A connection outside the pool; dropping this closes it.
#[derive(Debug)]
pub struct Dedicated {
    /// The connection.
    pub client: tokio_postgres::Client,
    /// The notifications of channels that were listened to. It ends with the connection.
    pub notifications: mpsc::UnboundedReceiver<Notification>,
    driving: JoinHandle<()>,
}

impl Drop for Dedicated {
    fn drop(&mut self) {
        self.driving.abort();
    }
}

pub(super) async fn open(config: &Config, tls: &MakeRustlsConnect, target: &str) -> Result<Dedicated> {
    let attempt = tokio::time::timeout(CONNECT_TIMEOUT, config.connect(tls.clone())).await;
    let (client, mut connection) =
        attempt.map_err(|_| timed_out(target))?.map_err(|error| refused(target, error))?;
    tracing::debug!(target_database = target, "opened a dedicated connection to the database");
    let (sender, notifications) = mpsc::unbounded_channel();
    let driving = tokio::spawn(async move {
        // The user of the client receives errors.
        while let Some(Ok(message)) = std::future::poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(notification) = message {
                // There may be no receiver; the connection continues.
                let _unheard = sender.send(notification);
            }
        }
    });
    Ok(Dedicated { client, notifications, driving })
}
