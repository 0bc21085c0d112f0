//! How this process reaches the server: directly, or through a pooler that lends a connection for a session or only for
//! a transaction.
//!
//! An address of Supabase says which. Elsewhere behaviour shows it: only the server itself knows a setting that was
//! given when the connection was opened, and two open sessions share a server process only in transaction mode.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::{Client, Config, config::Host};

use super::presence::Presence;
use crate::{error::Result, row::ReadRow};

forebay_domain::words! {
    /// How a process reaches the server.
    pub enum ConnectionKind {
        /// Without a pooler.
        Direct = "direct",
        /// A pooler that lends a connection for a session.
        SessionPooler = "session_pooler",
        /// A pooler that lends a connection for a transaction. Notifications don't pass it, and settings of a session
        /// reach the sessions of others.
        TransactionPooler = "transaction_pooler",
    }
}

/// The port of Supabase's poolers in transaction mode. In session mode they have that of Postgres.
const TRANSACTION_PORT: u16 = 6543;

/// How often to compare. Each comparison finds a pooler in transaction mode, unless its connections are busy.
const NUM_ROUNDS: usize = 5;

/// A pooler in session mode may have no connection left for the second session.
const SECOND_SESSION: Duration = Duration::from_secs(5);

const PID: &str = "select pg_backend_pid() as pid";

pub(super) async fn find(presence: &Presence) -> Result<ConnectionKind> {
    if let Some(kind) = by_address(&presence.config) {
        return Ok(kind);
    }
    let session = presence.session().await?;
    if session.backend.is_some() {
        return Ok(ConnectionKind::Direct);
    }
    let Ok(second) = timeout(SECOND_SESSION, presence.another()).await else {
        return Ok(ConnectionKind::SessionPooler);
    };
    let (one, other) = (&session.connection.client, &second?.client);
    let is_shared = timeout(SECOND_SESSION, share_a_process(one, other)).await;
    let is_shared = is_shared.unwrap_or(Ok(false))?;
    Ok(if is_shared { ConnectionKind::TransactionPooler } else { ConnectionKind::SessionPooler })
}

/// Whether statements of two sessions run in the same server process, or those of one session in several.
async fn share_a_process(one: &Client, other: &Client) -> Result<bool> {
    for _ in 0..NUM_ROUNDS {
        let before = pid(one).await?;
        // It occupies the connection that was used last, so the first session moves to another one.
        other.batch_execute("begin").await?;
        let others = pid(other).await;
        let after =
            if matches!(&others, Ok(others) if *others == before) { Ok(before) } else { pid(one).await };
        other.batch_execute("rollback").await?;
        if others? == before || after? != before {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn pid(client: &Client) -> Result<i32> {
    client.query_typed_one(PID, &[]).await?.read("pid")
}

/// What the address says, if it is one of Supabase's.
fn by_address(config: &Config) -> Option<ConnectionKind> {
    let [Host::Tcp(host)] = config.get_hosts() else { return None };
    let host = host.to_ascii_lowercase();
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let is_pooler = host.ends_with(".pooler.supabase.com");
    let is_database = host.starts_with("db.") && host.ends_with(".supabase.co");
    match (is_pooler || is_database, port) {
        (false, _) => None,
        (true, TRANSACTION_PORT) => Some(ConnectionKind::TransactionPooler),
        (true, _) if is_pooler => Some(ConnectionKind::SessionPooler),
        (true, _) => Some(ConnectionKind::Direct),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_supabase_say_what_they_are() {
        let of = |address: &str| {
            let config: Config = format!("postgresql://postgres@{address}/postgres").parse().unwrap();
            by_address(&config).map(ConnectionKind::as_str)
        };
        let pooler = "aws-0-eu-central-1.pooler.supabase.com";
        assert_eq!(of(&format!("{pooler}:6543")), Some("transaction_pooler"));
        assert_eq!(of(&format!("{pooler}:5432")), Some("session_pooler"));
        assert_eq!(of(pooler), Some("session_pooler"));
        assert_eq!(of("db.abcdefghijklmnopqrst.supabase.co:5432"), Some("direct"));
        assert_eq!(of("db.abcdefghijklmnopqrst.supabase.co:6543"), Some("transaction_pooler"));
        assert_eq!(of("db.example.com:6543"), None);
        assert_eq!(of("pooler.supabase.com.example.com:6543"), None);
    }
}
