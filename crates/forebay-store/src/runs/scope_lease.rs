//! The lease on a source's scope: one run, or one decision about a run, at a time.
//!
//! A holder takes the scope's row in `scope_leases`, extends its lease by heartbeats, and holds no connection for it,
//! so any number of slow runs share a few connections of a pooler. Three rules keep two writers apart:
//!
//! - every transaction that writes for the holder ends with [`ScopeLease::fence`] or [`ScopeLease::release_in`], so a
//!   process that was suspended and resumes after another one took the scope can't commit;
//! - the fence locks the row until the commit, and taking the scope skips locked rows, so a transaction that is
//!   about to commit does so before the scope changes hands;
//! - all times are those of the server.
//!
//! The fence is `for key share` and a heartbeat changes no key, so neither waits for the other. Taking the scope locks
//! `for update`, which excludes both.
//!
//! On a direct connection, the row also names a server process that ends with the holder's process, so the scope of a
//! killed run is free at once. Behind a pooler, the lease has to expire.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use forebay_domain::scope::Scope;
use tokio::{
    sync::{oneshot, watch},
    time::timeout,
};
use tokio_postgres::{
    GenericClient,
    types::{ToSql, Type},
};

use super::scope_holder::ScopeHolder;
use crate::{
    connect::{Backend, Database, Presence},
    error::{Error, Result},
    jobs::Receipt,
    row::ReadRow,
    workers::Process,
};

/// How long a lease is valid after it was taken or extended.
pub const LEASE: Duration = Duration::from_secs(15);

/// A third of that, so two heartbeats in a row may fail.
const EXTEND_EVERY: Duration = Duration::from_secs(5);

/// How long to wait before asking for the holder. Most runs don't wait that long.
const ASK_AFTER: Duration = Duration::from_secs(5);

/// How long to wait before asking again.
const ASK_EVERY: Duration = Duration::from_mins(1);

/// Maximum pause between two attempts to take a scope.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// The lease on a source's scope. Dropping it ends the lease soon, from a task of its own.
#[derive(Debug)]
pub struct ScopeLease {
    key: Key,
    /// A transaction has ended the lease, and may have committed.
    is_releasing: Arc<AtomicBool>,
    lost: watch::Receiver<bool>,
    /// Tells the task that extends the lease that there is nothing left to end; dropping it tells the task to end it.
    ended: Mutex<Option<oneshot::Sender<()>>>,
}

/// Identifies a lease.
#[derive(Clone, Debug)]
struct Key {
    source_id: i32,
    scope: String,
    holder: Receipt,
}

impl Key {
    fn parameters(&self) -> [(&(dyn ToSql + Sync), Type); 3] {
        [(&self.source_id, Type::INT4), (&self.scope, Type::TEXT), (&self.holder, Type::UUID)]
    }
}

impl ScopeLease {
    /// Takes the scope. If another process holds it, calls `waiting` at once, and from time to time with the holder.
    /// Holds no connection while it waits. Error: [`Error::ScopeBusy`] after `max_wait`.
    pub async fn acquire(
        database: &Database,
        source_id: i32,
        scope: &Scope,
        max_wait: Duration,
        mut waiting: impl FnMut(Option<ScopeHolder>),
    ) -> Result<Self> {
        let started = Instant::now();
        let scope = scope.to_string();
        let presence = database.presence();
        let mut pause = Duration::from_millis(20);
        let mut ask_at = None;
        loop {
            // Not through the session: a statement that waits there would delay the heartbeats of other runs.
            let session = presence.session().await?;
            let client = database.client().await?;
            if let Some(holder) = take(&**client, source_id, &scope, session.backend.as_ref()).await? {
                return Ok(Self::keep(Key { source_id, scope, holder }, Arc::clone(presence)));
            }
            let waited = started.elapsed();
            if waited >= max_wait {
                let holder = find_holder(&**client, source_id, &scope).await?;
                return Err(Error::ScopeBusy { holder: Box::new(holder), waited });
            }
            match ask_at {
                None => {
                    waiting(None);
                    ask_at = Some(ASK_AFTER);
                }
                Some(at) if waited >= at => {
                    waiting(Some(find_holder(&**client, source_id, &scope).await?));
                    ask_at = Some(waited + ASK_EVERY);
                }
                Some(_) => {}
            }
            drop(client);
            tokio::time::sleep(jittered(pause).min(max_wait.saturating_sub(waited))).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// Starts the heartbeats of a lease.
    fn keep(key: Key, presence: Arc<Presence>) -> Self {
        let is_releasing = Arc::new(AtomicBool::new(false));
        let (report_lost, lost) = watch::channel(false);
        let (ended, is_ended) = oneshot::channel();
        let keeping = presence.lease();
        tokio::spawn({
            let (key, is_releasing) = (key.clone(), Arc::clone(&is_releasing));
            async move {
                extend_until_ended(&presence, &key, &is_releasing, &report_lost, is_ended).await;
                drop(keeping);
            }
        });
        Self { key, is_releasing, lost, ended: Mutex::new(Some(ended)) }
    }

    /// Checks that the lease is still the caller's, and keeps it so until the transaction ends. The last statement of a
    /// transaction, or sent with it, so the scope is blocked only for the commit. Error: [`Error::ScopeLost`].
    pub async fn fence(&self, transaction: &impl GenericClient) -> Result<()> {
        let statement = "select source_id from forebay.scope_leases \
             where source_id = $1 and scope = $2 and holder = $3 for key share";
        match transaction.query_typed_opt(statement, &self.key.parameters()).await? {
            Some(_) => Ok(()),
            None => Err(Error::ScopeLost),
        }
    }

    /// Ends the lease with the transaction, which must do nothing else for the run. Call [`Self::released`] after the
    /// commit. Error: [`Error::ScopeLost`].
    pub async fn release_in(&self, transaction: &impl GenericClient) -> Result<()> {
        // A heartbeat may find the row without its holder before the caller hears of the commit.
        self.is_releasing.store(true, Ordering::Release);
        if release(transaction, &self.key).await? { Ok(()) } else { Err(Error::ScopeLost) }
    }

    /// The transaction of [`Self::release_in`] has committed.
    pub fn released(&self) {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        // If the task is gone, it has nothing left to end either.
        let _unheard = ended.map(|ended| ended.send(()));
    }

    /// Ends the lease by itself.
    pub async fn release(self, client: &impl GenericClient) -> Result<()> {
        self.release_in(client).await?;
        self.released();
        Ok(())
    }

    /// Waits until a heartbeat finds that another process has taken the scope.
    pub async fn lost(&self) {
        if self.lost.clone().wait_for(|is_lost| *is_lost).await.is_err() {
            // The task has ended, because the lease was released.
            std::future::pending::<()>().await;
        }
    }
}

/// Ends an abandoned lease, and locks the scope until the transaction ends. Returns false if a process holds it.
pub async fn try_lock(transaction: &impl GenericClient, source_id: i32, scope: &Scope) -> Result<bool> {
    let scope = scope.to_string();
    // Taking it locks its row.
    let Some(holder) = take(transaction, source_id, &scope, None).await? else { return Ok(false) };
    release(transaction, &Key { source_id, scope, holder }).await
}

async fn take(
    client: &impl GenericClient,
    source_id: i32,
    scope: &str,
    backend: Option<&Backend>,
) -> Result<Option<Receipt>> {
    let row = client
        .query_typed_opt(
            include_str!("scope_lease/take.sql"),
            &[
                (&source_id, Type::INT4),
                (&scope, Type::TEXT),
                (&process_name(), Type::TEXT),
                (&LEASE.as_secs_f64(), Type::FLOAT8),
                (&backend.map(|backend| backend.pid), Type::INT4),
                (&backend.and_then(|backend| backend.started_at), Type::TIMESTAMPTZ),
            ],
        )
        .await?;
    row.map(|row| row.read("holder")).transpose()
}

/// Extends the lease until it is released or lost; ends it if its holder was dropped.
async fn extend_until_ended(
    presence: &Presence,
    key: &Key,
    is_releasing: &AtomicBool,
    report_lost: &watch::Sender<bool>,
    mut is_ended: oneshot::Receiver<()>,
) {
    loop {
        match timeout(EXTEND_EVERY, &mut is_ended).await {
            Ok(Ok(())) => return,
            Ok(Err(_dropped)) => break,
            Err(_elapsed) => {}
        }
        match extend(presence, key).await {
            Ok(true) => {}
            Ok(false) if is_releasing.load(Ordering::Acquire) => {}
            Ok(false) => {
                tracing::warn!(
                    source_id = key.source_id,
                    scope = key.scope,
                    "another process took the scope, because its lease had expired"
                );
                report_lost.send_replace(true);
                return;
            }
            // A short outage is no reason to give up: the fence decides.
            Err(error) => {
                tracing::debug!(scope = key.scope, "the lease on a scope could not be extended: {error}");
            }
        }
    }
    // If this fails, the lease expires.
    if let Ok(session) = presence.session().await {
        let _expires = release(&session.connection.client, key).await;
    }
}

async fn extend(presence: &Presence, key: &Key) -> Result<bool> {
    let session = presence.session().await?;
    let backend = session.backend.as_ref();
    let num_rows = session
        .connection
        .client
        .execute_typed(
            include_str!("scope_lease/extend.sql"),
            &[
                (&key.source_id, Type::INT4),
                (&key.scope, Type::TEXT),
                (&key.holder, Type::UUID),
                (&LEASE.as_secs_f64(), Type::FLOAT8),
                (&backend.map(|backend| backend.pid), Type::INT4),
                (&backend.and_then(|backend| backend.started_at), Type::TIMESTAMPTZ),
            ],
        )
        .await?;
    Ok(num_rows == 1)
}

async fn release(client: &impl GenericClient, key: &Key) -> Result<bool> {
    let statement = "update forebay.scope_leases set holder = null \
         where source_id = $1 and scope = $2 and holder = $3";
    Ok(client.execute_typed(statement, &key.parameters()).await? == 1)
}

async fn find_holder(client: &impl GenericClient, source_id: i32, scope: &str) -> Result<ScopeHolder> {
    let parameters = [(&source_id as _, Type::INT4), (&scope as _, Type::TEXT)];
    let row = client.query_typed_opt(include_str!("scope_lease/holder.sql"), &parameters).await?;
    // It may have been released in the meantime.
    let Some(row) = row else { return Ok(ScopeHolder::default()) };
    let run_id: Option<i64> = row.read("run_id")?;
    Ok(ScopeHolder {
        run: run_id.zip(row.read("started_at")?),
        process: row.read("holder_name")?,
        backend: row.read("backend_pid")?,
    })
}

/// The name of this process for others, safe to print.
fn process_name() -> String {
    let Process { host, pid } = Process::this();
    let is_safe = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let host: String = host.chars().filter(is_safe).collect();
    format!("forebay {pid} on {host}")
}

/// Half to all of a pause, so that runs that wait for the same scope don't ask in step.
fn jittered(pause: Duration) -> Duration {
    let mut byte = [u8::MAX];
    // Without random numbers they ask in step, which only costs time.
    let _in_step = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut byte);
    pause.mul_f64(0.5 + f64::from(byte[0]) / 510.0)
}
