//! Connects to the database: a configured one by its URL, or the embedded cluster. [`choose`] says which.
//!
//! A [`Database`] consists of a pool of connections, the membership in the embedded cluster if it is used, and the
//! settings for connections outside the pool. No session state is ever set on a connection: behind a transaction-mode
//! pooler (PgBouncer, Supavisor) the next statement may run on another connection. Statements are unnamed for the same
//! reason.

use std::{sync::Arc, time::Duration};

use deadpool_postgres::{Hook, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, Timeouts};
use tokio::sync::OnceCell;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    cluster::{Cluster, ClusterOptions},
    error::{Error, Result},
};

mod choice;
mod dedicated;
mod failure;
mod kind;
mod limits;
mod presence;
mod target;
mod tls;
mod url;

use failure::{CONNECT_TIMEOUT, refused, timed_out};

pub use choice::{
    Choice, DATABASE_TABLE, DATABASE_URL, DATABASE_URL_OPTION, FOREBAY_DATA_DIR, FOREBAY_DATABASE_URL,
    FileDatabase, Lookup, PGSSLMODE, PGSSLROOTCERT, SUPABASE_DB_PASSWORD, SUPABASE_DB_URL, SUPABASE_KEYS,
    SUPABASE_URL, choose, configured, is_given,
};
pub use dedicated::Dedicated;
pub use kind::ConnectionKind;
pub use limits::Limits;
pub(crate) use presence::{Backend, Presence};
pub use target::Target;
pub(crate) use url::url_settings;
pub use url::{Place, has_password};

/// A connection of the pool; dropping it returns it.
pub type Client = deadpool_postgres::Client;

/// How long [`Database::close`] waits for connections that are still in use.
const DRAIN_PATIENCE: Duration = Duration::from_secs(10);

/// How to connect.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Our name in the server's activity view, unless the URL sets one. Default: `forebay`.
    pub application_name: String,
    /// Maximum number of connections in the pool. Default: 8.
    pub pool_size: usize,
    /// How long to wait for a free connection of the pool. Default: 30 seconds.
    pub wait_timeout: Duration,
    /// Limits of each statement; `None`: those of the server. Default: none.
    pub limits: Option<Limits>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            application_name: "forebay".into(),
            pool_size: 8,
            wait_timeout: Duration::from_secs(30),
            limits: None,
        }
    }
}

/// How much of a pool is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// Open connections.
    pub size: usize,
    /// Those of them that nobody uses.
    pub available: usize,
    /// The maximum number of connections.
    pub max_size: usize,
    /// Tasks that wait for a connection.
    pub waiting: usize,
}

/// An open database: a handle that is cheap to clone.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    cluster: Option<Arc<Cluster>>,
    presence: Arc<Presence>,
    kind: Arc<OnceCell<ConnectionKind>>,
    unknown_options: Arc<[String]>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("target", &self.target()).finish_non_exhaustive()
    }
}

impl Database {
    /// Opens the database and one connection, so an unreachable database is reported here.
    pub async fn open(target: Target, options: OpenOptions) -> Result<Self> {
        match target {
            Target::Url(text) => {
                let database = Self::open_lazily(&text, &options)?;
                match database.client().await {
                    Ok(_) => Ok(database),
                    Err(error) if options.limits.is_some() && limits::is_refused(&error) => {
                        tracing::info!(
                            "a pooler refuses limits of statements: those of the role apply ({error})"
                        );
                        let database = Self::open_lazily(&text, &OpenOptions { limits: None, ..options })?;
                        drop(database.client().await?);
                        Ok(database)
                    }
                    Err(error) => Err(error),
                }
            }
            Target::Embedded { data_dir } => Self::embedded(&ClusterOptions::new(data_dir), options).await,
        }
    }

    /// Opens the database at a URL without connecting. The first request for a connection reports whether the
    /// database is reachable. For work that continues while the database is unreachable.
    pub fn open_lazily(url: &str, options: &OpenOptions) -> Result<Self> {
        let mut settings = url::parse(url)?;
        if settings.config.get_application_name().is_none() {
            settings.config.application_name(&options.application_name);
        }
        let tls = tls::connector(&settings.tls)?;
        for option in &settings.unknown {
            tracing::warn!(option, "the URL of the database has an unknown option, which is ignored");
        }
        let database = Self::unconnected(settings.config, tls, None, options)?;
        Ok(Self { unknown_options: settings.unknown.into(), ..database })
    }

    /// Opens the embedded database with cluster options other than the defaults.
    pub async fn embedded(cluster: &ClusterOptions, options: OpenOptions) -> Result<Self> {
        let cluster = Cluster::join(cluster).await?;
        let mut config = cluster.config();
        config.application_name(&options.application_name);
        let tls = tls::connector(&tls::Tls::default())?;
        Self::with(config, tls, Some(cluster), &options).await
    }

    async fn with(
        config: tokio_postgres::Config,
        tls: MakeRustlsConnect,
        cluster: Option<Cluster>,
        options: &OpenOptions,
    ) -> Result<Self> {
        let database = Self::unconnected(config, tls, cluster, options)?;
        drop(database.client().await?);
        Ok(database)
    }

    fn unconnected(
        mut config: tokio_postgres::Config,
        tls: MakeRustlsConnect,
        cluster: Option<Cluster>,
        options: &OpenOptions,
    ) -> Result<Self> {
        if let Some(limits) = options.limits {
            limits.add_to(&mut config);
        }
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config.clone(), tls.clone(), recycling);
        let timeouts = Timeouts {
            wait: Some(options.wait_timeout),
            create: Some(CONNECT_TIMEOUT),
            recycle: Some(CONNECT_TIMEOUT),
        };
        let opened = Hook::sync_fn(|_, _| {
            tracing::debug!("opened a connection to the database");
            Ok(())
        });
        // The pool replaces connections that were closed while idle.
        let reused = Hook::sync_fn(|client, _| {
            if client.is_closed() {
                tracing::warn!("a connection to the database was lost; reconnecting");
            }
            Ok(())
        });
        let pool = Pool::builder(manager)
            .max_size(options.pool_size.max(1))
            .timeouts(timeouts)
            .post_create(opened)
            .pre_recycle(reused);
        // Building fails only if timeouts are set without a runtime.
        let pool =
            pool.runtime(Runtime::Tokio1).build().map_err(|error| Error::Busy { what: error.to_string() })?;
        let target = url::describe(&config);
        Ok(Self {
            pool,
            cluster: cluster.map(Arc::new),
            presence: Presence::new(config, tls, target),
            kind: Arc::default(),
            unknown_options: Arc::default(),
        })
    }

    /// The settings of its connections.
    pub(crate) fn config(&self) -> &tokio_postgres::Config {
        &self.presence.config
    }

    /// The embedded cluster; `None`: the database is configured.
    pub fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_deref()
    }

    /// Another database of the same server. It does not keep the embedded cluster running: close it before this one.
    pub async fn sibling(&self, name: &str) -> Result<Self> {
        let mut config = self.config().clone();
        config.dbname(name);
        Self::with(config, self.presence.tls.clone(), None, &OpenOptions::default()).await
    }

    /// A connection of the pool. Waits for a free one if all are in use.
    ///
    /// Errors: `database_unreachable`, `database_tls`; `busy` if none became free in time.
    pub async fn client(&self) -> Result<Client> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => refused(self.target(), error),
            PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => {
                Error::Busy { what: format!("every one of the {} connections", self.pool.status().max_size) }
            }
            PoolError::Timeout(_) => timed_out(self.target()),
            other => Error::Busy { what: format!("the connection pool ({other})") },
        })
    }

    /// How much of the pool is in use.
    pub fn pool_use(&self) -> PoolUse {
        let status = self.pool.status();
        PoolUse {
            size: status.size,
            available: status.available,
            max_size: status.max_size,
            waiting: status.waiting,
        }
    }

    /// A connection outside the pool, for long operations or for notifications.
    pub async fn dedicated(&self) -> Result<Dedicated> {
        self.presence.another().await
    }

    /// The session of this process.
    pub(crate) fn presence(&self) -> &Arc<Presence> {
        &self.presence
    }

    /// Whether connections are direct or pass a pooler. Determined once, with one or two connections.
    pub async fn kind(&self) -> Result<ConnectionKind> {
        if self.is_embedded() {
            return Ok(ConnectionKind::Direct);
        }
        self.kind.get_or_try_init(|| kind::find(&self.presence)).await.copied()
    }

    /// Refuses a transaction pooler for work that needs a session of its own. Error: [`Error::TransactionPooler`].
    pub async fn require_session(&self, what: &'static str) -> Result<()> {
        match self.kind().await? {
            ConnectionKind::TransactionPooler => {
                Err(Error::TransactionPooler { target: self.target().to_owned(), what })
            }
            ConnectionKind::Direct | ConnectionKind::SessionPooler => Ok(()),
        }
    }

    /// Whether this is the embedded cluster.
    pub fn is_embedded(&self) -> bool {
        self.cluster.is_some()
    }

    /// Host, port, database and user, for messages; never the password.
    pub fn target(&self) -> &str {
        &self.presence.target
    }

    /// Where it is, without the user.
    pub fn place(&self) -> Place {
        url::place(self.config())
    }

    /// The unknown options of its URL, which are ignored.
    pub fn unknown_options(&self) -> &[String] {
        &self.unknown_options
    }

    /// Closes the pool for all clones, waits briefly for connections in use, and leaves the embedded cluster. If clones
    /// remain, the last one leaves it.
    pub async fn close(mut self) -> Result<()> {
        self.pool.close();
        let drained = async {
            while self.pool.status().size > 0 || self.presence.num_leases() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        // An unreturned connection is closed when the server stops, or ends with the process.
        let _in_time = tokio::time::timeout(DRAIN_PATIENCE, drained).await;
        self.presence.close().await;
        match self.cluster.take().and_then(Arc::into_inner) {
            Some(cluster) => cluster.leave().await,
            None => Ok(()),
        }
    }
}
