//! The embedded default: a private Postgres cluster that runs while processes use it.
//!
//! With no database configured, Forebay finds the Postgres programs on the machine, creates a data folder, and starts
//! a server that listens only on a Unix socket in a private folder, and on a port of 127.0.0.1 after [`listen`]. Every
//! process that uses it *joins*; the last one to *leave* stops it. Processes may end in any way: file locks track who
//! uses the cluster (see `cluster/locks.rs`), and the next process that joins cleans up after a killed process or
//! server.
//!
//! When changing it: everything that starts or stops the server happens under the start lock, all waiting is bounded,
//! and nothing may rely on a process having left properly.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::error::{Error, Result};

mod binaries;
mod home;
mod initialise;
mod locks;
mod port;
mod server;
mod settings;
mod user;

pub(crate) use binaries::{folders_with, parse_version};
pub use home::default_data_dir;
use home::{Home, folder};

/// How long to wait for another process that is starting or stopping the server.
const START_LOCK_PATIENCE: Duration = Duration::from_mins(2);
/// How long a leaving process waits for the start lock, and then for the server to stop.
const LEAVE_PATIENCE: Duration = Duration::from_secs(30);
/// The same for a [`Cluster`] that is dropped without leaving: dropping must not block for long.
const DROP_PATIENCE: Duration = Duration::from_secs(2);
/// How long a listening server may take to answer before it is asked again.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);
/// How long a process that was just forked may hold a lock that it inherited.
const FORK_PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);
/// Says that the server keeps running when the last process leaves.
const KEPT: &str = "kept";

/// Which cluster to join, and how to run it.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The data folder; created if missing. Default: [`default_data_dir`].
    pub data_dir: PathBuf,
    /// Where to look for the server programs. Default: `None`, which means `PATH` and the usual folders.
    pub bin_dirs: Option<Vec<PathBuf>>,
    /// Whether committed data survives a crash. Default: `true`; `false` is for the temporary clusters of tests.
    pub durable: bool,
    /// How long the server may take to start. Default: 60 seconds.
    pub start_timeout: Duration,
}

impl ClusterOptions {
    /// The defaults for this data folder.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            bin_dirs: None,
            durable: true,
            start_timeout: Duration::from_mins(1),
        }
    }
}

/// Membership in a running cluster. The server runs at least until this is dropped or passed to [`Cluster::leave`].
#[derive(Debug)]
pub struct Cluster {
    home: Home,
    socket: PathBuf,
    /// `None` after leaving.
    lease: Option<File>,
}

/// The state of a cluster, read without joining it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterStatus {
    /// The data folder.
    pub data_dir: PathBuf,
    /// The major version of Postgres that created it; `None` if it has no database yet.
    pub major: Option<u32>,
    /// The server's process id, if it is running.
    pub pid: Option<u32>,
    /// The folder of its socket, if it is running.
    pub socket: Option<PathBuf>,
    /// Whether any process has joined it.
    pub in_use: bool,
    /// The server's log file.
    pub log: PathBuf,
}

/// The result of [`stop`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The server was running and was stopped.
    Stopped,
    /// No server was running.
    NotRunning,
}

impl Cluster {
    /// Joins the cluster: creates its data folder on first use, starts the server unless it is running, and returns
    /// once the server answers.
    pub async fn join(options: &ClusterOptions) -> Result<Self> {
        let data_dir = options.data_dir.clone();
        let (home, start_lock, lease) = blocking(move || {
            let home = Home::prepare(&data_dir)?;
            let start_lock = start_lock(&home, START_LOCK_PATIENCE)?;
            let lease = home.lock("lease.lock")?;
            // Only a holder of the start lock keeps the lease exclusively, and that is us; other processes hold it
            // only briefly.
            if !locks::wait_shared(&lease, LEAVE_PATIENCE).map_err(folder("lock", &home.root))? {
                return Err(Error::Busy { what: format!("the data folder {}", home.root.display()) });
            }
            Ok((home, start_lock, lease))
        })
        .await?;
        let socket = up(&home, options).await?;
        tracing::debug!(data_dir = %home.root.display(), "joined the embedded PostgreSQL");
        drop(start_lock);
        Ok(Self { home, socket, lease: Some(lease) })
    }

    /// How to connect: the socket, and the role and database, both named `forebay`.
    pub fn config(&self) -> tokio_postgres::Config {
        config(&self.socket, initialise::NAME)
    }

    /// The data folder.
    pub fn data_dir(&self) -> &Path {
        &self.home.root
    }

    /// Keeps the server running after the last process has left, until [`stop`].
    pub async fn keep(&self) -> Result<()> {
        let marker = self.home.root.join(KEPT);
        let root = self.home.root.clone();
        blocking(move || std::fs::write(&marker, "").map_err(folder("write in", &root))).await
    }

    /// Whether [`Self::keep`] was called.
    pub fn is_kept(&self) -> bool {
        self.home.root.join(KEPT).exists()
    }

    /// The port of 127.0.0.1 on which the server listens; `None`: it listens on its socket only. See [`listen`].
    pub fn port(&self) -> Option<u16> {
        server::listening_port(&self.home)
    }

    /// The file with the password for the port.
    pub fn password_file(&self) -> PathBuf {
        port::password_file(&self.home)
    }

    /// The password for the port, which is created if there is none.
    pub fn password(&self) -> Result<String> {
        port::password(&self.home)
    }

    /// Makes the password valid in the database.
    pub async fn set_password(&self) -> Result<()> {
        let password = self.password()?;
        let (client, connection) = self.config().connect(tokio_postgres::NoTls).await?;
        let driving = tokio::spawn(connection);
        // The log of a server doesn't show the statement if it fails. The password consists of hexadecimal digits.
        let set = client
            .batch_execute(&format!(
                "begin; set local log_min_error_statement = panic; set local password_encryption = 'scram-sha-256'; \
                 alter role {} password '{password}'; commit",
                initialise::NAME
            ))
            .await;
        driving.abort();
        Ok(set?)
    }

    /// Leaves the cluster and stops the server if no other process uses it. Open connections are closed.
    pub async fn leave(mut self) -> Result<()> {
        let Some(lease) = self.lease.take() else { return Ok(()) };
        let home = self.home.clone();
        blocking(move || leave(&home, &lease, LEAVE_PATIENCE)).await
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            // There is no receiver for errors. If the server is still running, the next process that joins uses it.
            let _best_effort = leave(&self.home, &lease, DROP_PATIENCE);
        }
    }
}

/// Stops the cluster's server, even if no process uses it because its users were killed.
///
/// If processes use it, the error is [`Error::Busy`], unless `even_in_use` is set, which closes their connections.
pub async fn stop(data_dir: &Path, even_in_use: bool) -> Result<Stopped> {
    let data_dir = data_dir.to_path_buf();
    blocking(move || {
        let Some(home) = Home::existing(&data_dir)? else { return Ok(Stopped::NotRunning) };
        let _start_lock = start_lock(&home, START_LOCK_PATIENCE)?;
        match std::fs::remove_file(home.root.join(KEPT)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(folder("write in", &home.root)(error));
            }
            _ => {}
        }
        port::forget(&home)?;
        if server_is_gone(&home)? {
            return Ok(Stopped::NotRunning);
        }
        if !even_in_use && in_use(&home)? {
            return Err(Error::Busy { what: format!("the embedded database in {}", home.root.display()) });
        }
        stop_server(&home, Duration::from_mins(1)).map(|()| Stopped::Stopped)
    })
    .await
}

/// Makes the server listen on a port of 127.0.0.1 from its next start on, until [`stop`]. A running server that does
/// not listen there is stopped.
///
/// Errors: [`Error::ClusterPort`] if another program has the port, [`Error::Busy`] if processes use the running server.
pub async fn listen(data_dir: &Path, port: u16) -> Result<()> {
    let data_dir = data_dir.to_path_buf();
    blocking(move || {
        let home = Home::prepare(&data_dir)?;
        let _start_lock = start_lock(&home, START_LOCK_PATIENCE)?;
        let is_running = !server_is_gone(&home)?;
        if is_running && server::listening_port(&home) == Some(port) {
            return Ok(());
        }
        if !port::is_free(port) {
            return Err(Error::ClusterPort { port });
        }
        if is_running {
            if in_use(&home)? {
                let what = format!(
                    "the embedded database in {}, which must restart for a port,",
                    home.root.display()
                );
                return Err(Error::Busy { what });
            }
            stop_server(&home, Duration::from_mins(1))?;
        }
        port::password(&home)?;
        port::keep(&home, port)
    })
    .await
}

/// The state of the cluster, without starting or changing anything.
pub async fn status(data_dir: &Path) -> Result<ClusterStatus> {
    let data_dir = data_dir.to_path_buf();
    blocking(move || {
        let Some(home) = Home::existing(&data_dir)? else {
            let log = data_dir.join("server.log");
            return Ok(ClusterStatus { data_dir, major: None, pid: None, socket: None, in_use: false, log });
        };
        let pid = server::live_postmaster(&home);
        Ok(ClusterStatus {
            major: home.major()?,
            pid: pid.map(|pid| pid.as_raw_nonzero().get().unsigned_abs()),
            socket: pid.map(|_| server::socket_folder(&home)),
            in_use: in_use(&home)?,
            log: home.log(),
            data_dir: home.root,
        })
    })
    .await
}

/// Starts the server unless it is running, and waits until it answers. Returns its socket's folder. The caller holds
/// the start lock.
///
/// Waits for a server that is stopping, and for orphaned backends of a killed server.
async fn up(home: &Home, options: &ClusterOptions) -> Result<PathBuf> {
    let deadline = Instant::now() + options.start_timeout;
    let mut started: Option<server::Started> = None;
    loop {
        let alive = !server_is_gone(home)?;
        if alive {
            let socket = server::socket_folder(home);
            if answers(&socket).await? {
                return Ok(socket);
            }
        } else if let Some(ended) = started.as_ref().and_then(server::Started::ended) {
            return Err(not_up(home, ended));
        } else if started.is_none() {
            started = Some(start(home, options).await?);
        }
        if Instant::now() >= deadline {
            let waited = format!("it did not answer within {} seconds", options.start_timeout.as_secs());
            return Err(not_up(home, waited));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Starts the server; creates its data folder first if there is none.
async fn start(home: &Home, options: &ClusterOptions) -> Result<server::Started> {
    let (home, options) = (home.clone(), options.clone());
    blocking(move || {
        let lock = home.lock("server.lock")?;
        // The server is gone, and the caller's start lock keeps others from starting one. But a process that this one
        // forks inherits an open lock until it executes its program, so the lock can be taken for a moment.
        if !locks::wait_exclusive(&lock, FORK_PATIENCE).map_err(folder("lock", &home.root))? {
            return Err(Error::Busy { what: format!("the data folder {}", home.root.display()) });
        }
        let major = home.major()?;
        let found = binaries::find(options.bin_dirs.as_deref(), major, &home.root, home.user.as_ref())?;
        if major.is_none() {
            initialise::initialise(&home, &found, options.durable)?;
        }
        let started = server::start(&home, &found, lock, options.durable)?;
        let data_dir = home.root.display();
        tracing::info!(%data_dir, major = found.major, "started the embedded PostgreSQL");
        Ok(started)
    })
    .await
}

/// Whether the server accepts connections. Creates the database if a process was killed between `initdb` and here.
async fn answers(socket: &Path) -> Result<bool> {
    use tokio_postgres::error::SqlState;
    for database in [initialise::NAME, "postgres"] {
        let config = config(socket, database);
        match tokio::time::timeout(ANSWER_PATIENCE, config.connect(tokio_postgres::NoTls)).await {
            Ok(Ok((client, connection))) => {
                let driving = tokio::spawn(connection);
                if database != initialise::NAME {
                    client.batch_execute("create database forebay").await?;
                }
                drop(client);
                driving.abort();
                return Ok(true);
            }
            // The server is running, but our database is missing: connect to the default database.
            Ok(Err(error)) if error.code() == Some(&SqlState::INVALID_CATALOG_NAME) => {}
            // Starting, stopping or stopped: the caller retries.
            Ok(Err(_)) | Err(_) => return Ok(false),
        }
    }
    Ok(false)
}

fn config(socket: &Path, database: &str) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config.host_path(socket).user(initialise::NAME).dbname(database).application_name("forebay");
    config.connect_timeout(Duration::from_secs(10)).ssl_mode(tokio_postgres::config::SslMode::Disable);
    config
}

fn not_up(home: &Home, reason: String) -> Error {
    Error::ClusterStart { reason, log: home.log(), log_tail: server::log_tail(home) }
}

/// Releases the lease and stops the server if no other process has one.
///
/// The lease is released first. If two processes leave at the same time, the last to get the start lock finds no
/// lease and stops the server.
fn leave(home: &Home, lease: &File, patience: Duration) -> Result<()> {
    lease.unlock().map_err(folder("unlock", &home.root))?;
    let _start_lock = match start_lock(home, patience) {
        // A process that holds the start lock this long is using the cluster, and will stop the server when it
        // leaves.
        Err(Error::Busy { .. }) => return Ok(()),
        outcome => outcome?,
    };
    let is_kept = home.root.join(KEPT).exists();
    if is_kept || !locks::try_exclusive(lease).map_err(folder("lock", &home.root))? || server_is_gone(home)? {
        return Ok(());
    }
    stop_server(home, patience)
}

fn stop_server(home: &Home, patience: Duration) -> Result<()> {
    if server::stop(home, patience)? {
        tracing::info!(data_dir = %home.root.display(), "stopped the embedded PostgreSQL");
        return Ok(());
    }
    Err(Error::ClusterStop { data_dir: home.root.clone(), seconds: patience.as_secs() })
}

fn start_lock(home: &Home, patience: Duration) -> Result<File> {
    let lock = home.lock("start.lock")?;
    if locks::wait_exclusive(&lock, patience).map_err(folder("lock", &home.root))? {
        return Ok(lock);
    }
    Err(Error::Busy { what: format!("the data folder {}", home.root.display()) })
}

/// Whether any process holds a lease.
fn in_use(home: &Home) -> Result<bool> {
    if !home.root.join("lease.lock").exists() {
        return Ok(false);
    }
    let lease = home.lock("lease.lock")?;
    Ok(!locks::try_exclusive(&lease).map_err(folder("lock", &home.root))?)
}

/// Whether no server process is left, including orphaned backends.
fn server_is_gone(home: &Home) -> Result<bool> {
    let lock = home.lock("server.lock")?;
    locks::try_exclusive(&lock).map_err(folder("lock", &home.root))
}

/// Runs blocking work away from the asynchronous threads; a panic there is propagated.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::Busy { what: "the runtime, which is shutting down,".into() }),
        },
    }
}

#[cfg(test)]
mod tests;
