//! A connection outside of the pool.
//!
//! It belongs to one task for as long as that likes, and it hands on notifications, which the pool's connections
//! throw away. Behind a transaction-mode pooler `listen` does not work; notifications may only ever make things
//! faster.

use tokio::{sync::mpsc, task::JoinHandle};
use tokio_postgres::{AsyncMessage, Config, Notification};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::{CONNECT_TIMEOUT, refused, timed_out};
use crate::error::Result;

/// A connection of one's own; it is closed when this is dropped.
#[derive(Debug)]
pub struct Dedicated {
    /// The connection.
    pub client: tokio_postgres::Client,
    /// What arrives for channels that were listened to. It ends when the connection does.
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
        // Errors need no handling here: whoever uses the client gets them.
        while let Some(Ok(message)) = std::future::poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(notification) = message {
                // Nobody may care for them; the connection goes on.
                let _unheard = sender.send(notification);
            }
        }
    });
    Ok(Dedicated { client, notifications, driving })
}
