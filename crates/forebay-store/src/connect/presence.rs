//! The session of a process: one connection outside the pool, open as long as the process works.
//!
//! Leases on scopes are extended through it, so a pool whose connections are all in use delays no heartbeat. On a
//! direct connection the server ends it with the process, and others needn't wait for a lease to expire. Behind a
//! pooler, the server's process belongs to the pooler and says nothing, and the idle connection costs the server
//! nothing.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::dedicated::{self, Dedicated};
use crate::{
    error::{Error, Result},
    row::ReadRow,
};

/// Set when a connection is opened. Only the server that was connected to directly knows it: a pooler refuses or drops
/// settings that it doesn't know.
const MARK: &str = "forebay.connection";

const IDENTIFY: &str = "select a.pid, a.backend_start, \
     coalesce(current_setting('forebay.connection', true), '') = 'direct' as is_direct \
     from pg_stat_activity as a where a.pid = pg_backend_pid()";

/// The session of a process, opened when it is first needed and again when it was lost.
pub(crate) struct Presence {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
    /// Host, port, database and user, for messages.
    pub(super) target: String,
    session: Mutex<Option<Arc<Session>>>,
    num_leases: AtomicUsize,
}

/// An open session.
pub(crate) struct Session {
    pub(crate) connection: Dedicated,
    /// The server's process; `None`: there is a pooler in between.
    pub(crate) backend: Option<Backend>,
}

/// A process of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backend {
    pub(crate) pid: i32,
    /// `None`: the server doesn't show it to a role that a setting of the connection chose.
    pub(crate) started_at: Option<Timestamp>,
}

/// Counts a lease until it is dropped.
pub(crate) struct LeaseCount(Arc<Presence>);

impl Presence {
    pub(super) fn new(config: Config, tls: MakeRustlsConnect, target: String) -> Arc<Self> {
        Arc::new(Self { config, tls, target, session: Mutex::default(), num_leases: AtomicUsize::new(0) })
    }

    /// The session. Errors: as those of opening a connection.
    pub(crate) async fn session(&self) -> Result<Arc<Session>> {
        let mut session = self.session.lock().await;
        if let Some(open) = session.as_ref().filter(|open| !open.connection.client.is_closed()) {
            return Ok(Arc::clone(open));
        }
        let opened = Arc::new(self.open().await?);
        *session = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// Closes the session.
    pub(super) async fn close(&self) {
        drop(self.session.lock().await.take());
    }

    /// Another connection.
    pub(super) async fn another(&self) -> Result<Dedicated> {
        dedicated::open(&self.config, &self.tls, &self.target).await
    }

    /// Counts a lease.
    pub(crate) fn lease(self: &Arc<Self>) -> LeaseCount {
        self.num_leases.fetch_add(1, Ordering::AcqRel);
        LeaseCount(Arc::clone(self))
    }

    /// The leases that are not ended yet.
    pub(super) fn num_leases(&self) -> usize {
        self.num_leases.load(Ordering::Acquire)
    }

    async fn open(&self) -> Result<Session> {
        let mut marked = self.config.clone();
        let given = marked.get_options().map(|options| format!("{options} ")).unwrap_or_default();
        marked.options(format!("{given}-c {MARK}=direct"));
        let connection = match dedicated::open(&marked, &self.tls, &self.target).await {
            // Something that answers refuses the mark.
            Err(Error::Unreachable { source, .. }) if source.sqlstate().is_some() => self.another().await?,
            opened => opened?,
        };
        let row = connection.client.query_typed_one(IDENTIFY, &[]).await?;
        let backend = Backend { pid: row.read("pid")?, started_at: row.read("backend_start")? };
        let is_direct: bool = row.read("is_direct")?;
        Ok(Session { connection, backend: is_direct.then_some(backend) })
    }
}

impl Drop for LeaseCount {
    fn drop(&mut self) {
        self.0.num_leases.fetch_sub(1, Ordering::AcqRel);
    }
}
