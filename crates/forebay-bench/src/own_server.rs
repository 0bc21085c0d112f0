//! A server of Postgres in a temporary folder, which a benchmark may crash.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use forebay_domain::percent;
use forebay_store::{
    cluster::{self, Cluster, ClusterOptions},
    connect::{Database, OpenOptions, Target},
    migrations,
};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time;

use crate::failure::Failure;

type Result<T> = std::result::Result<T, Failure>;

/// How long a server may take to exit.
const PATIENCE: Duration = Duration::from_mins(2);

/// The server, and how to connect to it.
pub(crate) struct OwnServer {
    folder: TempDir,
    options: ClusterOptions,
    /// None only while the server is down.
    cluster: Option<Cluster>,
    database: Option<Arc<Database>>,
    url: String,
}

impl OwnServer {
    /// Starts it with a migrated database. `name` is a part of the folder's name.
    pub(crate) async fn open(name: &str) -> Result<Self> {
        // Socket paths must be short. If root runs this, the server's user needs access to the folder.
        let folder = tempfile::Builder::new().prefix(&format!("forebay-{name}-")).tempdir_in("/tmp")?;
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let options = ClusterOptions::new(folder.path().join("data"));
        let cluster = Some(Cluster::join(&options).await?);
        let url = url(&options.data_dir).await?;
        let database = Database::open(Target::Url(url.clone()), OpenOptions::default()).await?;
        migrations::ensure(&mut *database.client().await?, true).await?;
        Ok(Self { folder, options, cluster, database: Some(Arc::new(database)), url })
    }

    /// The database. It survives crashes: the pool replaces broken connections.
    pub(crate) fn database(&self) -> Result<Arc<Database>> {
        self.database.clone().ok_or_else(|| Failure::bench("the server is closed"))
    }

    /// The address for other processes. It contains no secret: the permissions of the socket's folder protect the
    /// server.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Crashes the server, and starts it again after the outage.
    pub(crate) async fn crash(&mut self, outage: Duration) -> Result<()> {
        crash(&self.options.data_dir).await?;
        time::sleep(outage).await;
        let again = Cluster::join(&self.options).await?;
        // Dropping the old share only now keeps the server running.
        self.cluster = Some(again);
        Ok(())
    }

    pub(crate) async fn close(mut self) -> Result<()> {
        self.database = None;
        if let Some(cluster) = self.cluster.take() {
            cluster.leave().await?;
        }
        Ok(self.folder.close()?)
    }
}

/// Stops the server of an embedded cluster without a checkpoint, like `pg_ctl stop -m immediate`. Joining the cluster
/// starts it again, and it recovers from its WAL.
async fn crash(data_dir: &Path) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut was_asked = false;
    while let Some(pid) = cluster::status(data_dir).await?.pid {
        if !was_asked && let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
            // This fails only if the server has just exited.
            was_asked = kill_process(pid, Signal::QUIT).is_ok();
        }
        if Instant::now() >= deadline {
            return Err(Failure::bench("the server does not exit"));
        }
        time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// The cluster's role and its database are both called `forebay`.
async fn url(data_dir: &Path) -> Result<String> {
    let socket = cluster::status(data_dir).await?.socket.unwrap_or_default();
    Ok(format!("postgresql://forebay@{}/forebay", percent::encode(&socket.to_string_lossy())))
}
