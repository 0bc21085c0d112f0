//! Where it all happens: a server of its own in a temporary folder, two pipelines, and the file that the command of
//! one of them appends to.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use forebay_engine::work::{PipelineSpec, declare};
use forebay_store::{
    bench::chaos,
    cluster::{self, Cluster, ClusterOptions},
    connect::{Database, OpenOptions, Target},
    migrations, pipelines,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::source::SOURCE;
use crate::failure::Failure;

/// The pipeline into a table of this database.
pub(super) const TABLE: &str = "chaos_rows";
/// The pipeline through a command.
pub(super) const EXEC: &str = "chaos_exec";

/// Appends the id of each change to a file, then says that it is done. Ids hold no quotation marks, and come before
/// anything in which one might stand.
const SCRIPT: &str = r#"while IFS= read -r line; do
    id=${line#*'"id":"'}; id=${id%%'"'*}
    printf '%s\n' "$id" >> "$1"
    printf '{"reference_id":"%s","status":"done"}\n' "${id%%/*}"
done"#;

/// The server, and how to get to it.
pub(super) struct Stage {
    folder: TempDir,
    options: ClusterOptions,
    /// None only while it is crashed.
    cluster: Option<Cluster>,
    database: Option<Arc<Database>>,
    url: String,
}

impl Stage {
    /// Makes it, with everything declared.
    pub(super) async fn open() -> Result<Self, Failure> {
        // A short path, because the socket's has to be; and one that the server's user may pass if this is root's.
        let folder = tempfile::Builder::new()
            .prefix("forebay-chaos-")
            .tempdir_in("/tmp")
            .map_err(|error| Failure::output(&error))?;
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))
            .map_err(|error| Failure::output(&error))?;
        let options = ClusterOptions::new(folder.path().join("data"));
        let cluster = Cluster::join(&options).await?;
        let url = url(&options.data_dir).await?;
        let database = Database::open(Target::Url(url.clone()), OpenOptions::default()).await?;
        let mut client = database.client().await?;
        migrations::ensure(&mut client, true).await?;
        chaos::watch(&**client).await?;
        let built_in =
            PipelineSpec { enabled: false, ..PipelineSpec::new("documents", "documents", json!({})) };
        pipelines::declare(&**client, &built_in).await?;
        drop(client);
        let stage = Self { folder, options, cluster: Some(cluster), database: Some(Arc::new(database)), url };
        let database = stage.database()?;
        declare(&database, &stage.specs()).await?;
        Ok(stage)
    }

    fn specs(&self) -> [PipelineSpec; 2] {
        let columns = json!({"key": "key", "n": {"field": "n", "type": "bigint"}});
        let table = json!({"table": chaos::TABLE, "columns": columns});
        let exec = json!({"command": ["/bin/sh", "-c", SCRIPT, "sh", self.deliveries()], "timeout": "20s", "batch": 50});
        [(TABLE, "table", table), (EXEC, "exec", exec)].map(|(name, handler, config)| PipelineSpec {
            retry: patience(),
            ..PipelineSpec::new(name, handler, config).of_source(SOURCE)
        })
    }

    /// The database, which outlives crashes: its connections are made anew.
    pub(super) fn database(&self) -> Result<Arc<Database>, Failure> {
        self.database.clone().ok_or_else(|| Failure::new("bench_failed", "the server is closed"))
    }

    /// How workers get to it. Nothing secret: only the socket's folder leads there.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn deliveries(&self) -> PathBuf {
        self.folder.path().join("deliveries")
    }

    /// The ids of the changes that the command was given, one a line.
    pub(super) fn delivered(&self) -> Result<String, Failure> {
        match fs::read_to_string(self.deliveries()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            read => read.map_err(|error| Failure::output(&error)),
        }
    }

    /// Stops the server without a goodbye, and starts it again.
    pub(super) async fn crash(&mut self) -> Result<(), Failure> {
        chaos::crash(&self.options.data_dir).await?;
        let again = Cluster::join(&self.options).await?;
        // The old share is given back after the new one is there, so that the server stays.
        self.cluster = Some(again);
        Ok(())
    }

    pub(super) async fn close(mut self) -> Result<(), Failure> {
        self.database = None;
        if let Some(cluster) = self.cluster.take() {
            cluster.leave().await?;
        }
        self.folder.close().map_err(|error| Failure::output(&error))
    }
}

/// Never gives up, and does not wait long: being killed again and again is what is tested here, and not the policy.
fn patience() -> Value {
    let class = json!({"max_failures": 10_000, "base_delay_seconds": 0.1, "max_delay_seconds": 0.5});
    json!({"lost": class, "transient": class})
}

/// The cluster's role and its database are both called `forebay`.
async fn url(data_dir: &Path) -> Result<String, Failure> {
    let socket = cluster::status(data_dir).await?.socket.unwrap_or_default();
    Ok(format!("postgresql://forebay@{}/forebay", socket.to_string_lossy().replace('/', "%2F")))
}
