//! The lock on a source's scope, and who holds it.
//!
//! It is an advisory lock, held by a transaction on its own connection. Such a transaction has no snapshot, so it
//! doesn't block vacuum, it works through a transaction-mode pooler, and it ends with its process in every case: the
//! next run doesn't wait for a lease.

use std::time::{Duration, Instant};

use forebay_domain::scope::Scope;
use tokio_postgres::{Client, GenericClient, SimpleQueryMessage, SimpleQueryRow, types::Type};

use super::scope_holder::ScopeHolder;
use crate::{
    connect::Dedicated,
    error::{Error, Result},
    row::ReadRow,
    workers::Process,
};

/// Who holds the lock is asked for the first time after this, because most runs don't wait that long.
const ASK_AFTER: Duration = Duration::from_secs(5);

/// And again after this.
const ASK_EVERY: Duration = Duration::from_mins(1);

/// Postgres cuts the name of a connection to this length.
const MAX_NAME: usize = 63;

/// The lock on a source's scope. Dropping it closes its connection, which unlocks the scope.
#[derive(Debug)]
pub struct ScopeLock {
    connection: Dedicated,
}

impl ScopeLock {
    /// Locks the scope. If another run holds it, calls `waiting` at once, and from time to time with the holder. Error:
    /// [`Error::ScopeBusy`] after `max_wait`.
    pub async fn acquire(
        connection: Dedicated,
        source_id: i32,
        scope: &Scope,
        max_wait: Duration,
        mut waiting: impl FnMut(Option<ScopeHolder>),
    ) -> Result<Self> {
        let started = Instant::now();
        let key = lock_key(source_id, scope);
        let client = &connection.client;
        // Otherwise a server that ends idle transactions would release the lock. Other processes read
        // the holder from this name.
        let begin = format!(
            "begin; set local idle_in_transaction_session_timeout = 0; set local application_name = '{}'",
            process_name()
        );
        client.batch_execute(&begin).await?;
        // The simple protocol, because a portal of the extended protocol would keep its snapshot, and block vacuum,
        // during the whole run. It polls, because waiting in the server also keeps a snapshot.
        let statement = format!("select pg_try_advisory_xact_lock({key}) as is_granted");
        let mut pause = Duration::from_millis(20);
        let mut ask_at = None;
        while !is_granted(&client.simple_query(&statement).await?) {
            let waited = started.elapsed();
            if waited >= max_wait {
                let holder = holder(client, source_id, scope).await?;
                return Err(Error::ScopeBusy { holder: Box::new(holder), waited });
            }
            match ask_at {
                None => {
                    waiting(None);
                    ask_at = Some(ASK_AFTER);
                }
                Some(at) if waited >= at => {
                    waiting(Some(holder(client, source_id, scope).await?));
                    ask_at = Some(waited + ASK_EVERY);
                }
                Some(_) => {}
            }
            tokio::time::sleep(pause.min(max_wait.saturating_sub(waited))).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
        Ok(Self { connection })
    }

    /// Unlocks the scope. Returns the connection.
    pub async fn release(self) -> Result<Dedicated> {
        self.connection.client.batch_execute("commit").await?;
        Ok(self.connection)
    }
}

/// Locks the scope until the transaction ends, unless a run holds it. Returns whether it is locked.
pub async fn try_lock(transaction: &impl GenericClient, source_id: i32, scope: &Scope) -> Result<bool> {
    let statement = "select pg_try_advisory_xact_lock($1) as is_granted";
    let key = lock_key(source_id, scope);
    transaction.query_typed_one(statement, &[(&key, Type::INT8)]).await?.read("is_granted")
}

/// Who holds the lock. By the simple protocol, for the same reason as above; and in a savepoint that is undone, because
/// otherwise the transaction would keep its locks on the tables that it reads, so a migration would wait for the run.
async fn holder(client: &Client, source_id: i32, scope: &Scope) -> Result<ScopeHolder> {
    let key = lock_key(source_id, scope);
    let statement = format!(
        "savepoint asked; \
         select l.pid, a.application_name, r.run_id, r.scope, \
             to_char(r.started_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as started_at \
         from (select) as one \
         left join pg_locks as l on l.locktype = 'advisory' and l.granted and l.objsubid = 1 \
             and l.database = (select d.oid from pg_database as d where d.datname = current_database()) \
             and (l.classid::int8 << 32 | l.objid::int8) = {key} \
         left join pg_stat_activity as a on a.pid = l.pid \
         left join forebay.scrape_runs as r on r.source_id = {source_id} and r.status = 'running'; \
         rollback to savepoint asked; \
         release savepoint asked"
    );
    let messages = client.simple_query(&statement).await?;
    let rows: Vec<&SimpleQueryRow> = messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        })
        .collect();
    let of_scope = rows.iter().find(|row| row.get("scope") == Some(scope.to_string().as_str()));
    let run = of_scope
        .and_then(|row| Some((row.get("run_id")?.parse().ok()?, row.get("started_at")?.parse().ok()?)));
    let first = rows.first();
    Ok(ScopeHolder {
        run,
        process: first
            .and_then(|row| row.get("application_name"))
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
        backend: first.and_then(|row| row.get("pid")?.parse().ok()),
    })
}

/// The name of this process for others, safe inside a quoted literal.
fn process_name() -> String {
    let Process { host, pid } = Process::this();
    let is_safe = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let host: String = host.chars().filter(is_safe).collect();
    let mut name = format!("forebay {pid} on {host}");
    name.truncate(MAX_NAME);
    name
}

/// The advisory lock's number for a scope.
pub(super) fn lock_key(source_id: i32, scope: &Scope) -> i64 {
    let digest =
        ring::digest::digest(&ring::digest::SHA256, format!("forebay run {source_id} {scope}").as_bytes());
    digest.as_ref().first_chunk().copied().map_or(0, i64::from_be_bytes)
}

fn is_granted(answer: &[SimpleQueryMessage]) -> bool {
    answer
        .iter()
        .any(|message| matches!(message, SimpleQueryMessage::Row(row) if row.get("is_granted") == Some("t")))
}
