//! The server of the chaos benchmark in a temporary folder, its three pipelines, and what two of them deliver to: a
//! file and an endpoint.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use forebay_domain::percent;
use forebay_engine::work::{PipelineSpec, declare};
use forebay_store::{
    cluster::{self, Cluster, ClusterOptions},
    connect::{Database, OpenOptions, Target},
    migrations,
    pipelines::{self, Effect},
    projects::OnConflict,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time;

use super::{
    database,
    receiver::{Receiver, WORKER_HEADER},
    source::SOURCE,
};
use crate::failure::Failure;

/// The pipeline into a table of this database.
pub(super) const TABLE: &str = "chaos_rows";
/// The pipeline through a command.
pub(super) const EXEC: &str = "chaos_exec";
/// The pipeline to an endpoint.
pub(super) const WEBHOOK: &str = "chaos_webhook";

/// The environment variable with the number of a worker.
pub(super) const NUMBER_VARIABLE: &str = "CHAOS_WORKER";

/// Appends the id of each event to a file, then reports it as done. The id is the first string of an event, and
/// contains no quotation mark.
const SCRIPT: &str = r#"while IFS= read -r line; do
    id=${line#*'"id":"'}; id=${id%%'"'*}
    printf '%s\n' "$id" >> "$1"
    printf '{"reference_id":"%s","status":"done"}\n' "${id%%/*}"
done"#;

/// The server, and how to connect to it.
pub(super) struct Stage {
    folder: TempDir,
    options: ClusterOptions,
    /// None only while the server is down.
    cluster: Option<Cluster>,
    database: Option<Arc<Database>>,
    url: String,
    receiver: Receiver,
}

/// All pipelines. The command appends to the file `deliveries`; the webhook calls `receiver`.
pub(super) fn specs(deliveries: &Path, receiver: &str) -> [PipelineSpec; 3] {
    let columns = json!({"key": "key", "n": {"field": "n", "type": "bigint"}});
    let table = json!({"table": database::TABLE, "columns": columns});
    let command = json!(["/bin/sh", "-c", SCRIPT, "sh", deliveries]);
    let exec = json!({"command": command, "timeout": "20s", "batch": 50});
    // A value from the environment is no part of the declaration, so each worker can have its own.
    let headers = json!({WORKER_HEADER: format!("env:{NUMBER_VARIABLE}")});
    let webhook = json!({"url": receiver, "headers": headers});
    let all = [(TABLE, "table", table), (EXEC, "exec", exec), (WEBHOOK, "webhook", webhook)];
    all.map(|(name, handler, config)| PipelineSpec {
        retry: patience(),
        ..PipelineSpec::new(name, handler, config).of_source(SOURCE)
    })
}

impl Stage {
    /// Starts the server and the endpoint, and declares all pipelines.
    pub(super) async fn open(seed: u64) -> Result<Self, Failure> {
        // Socket paths must be short. If root runs this, the server's user needs access to the folder.
        let folder = tempfile::Builder::new().prefix("forebay-chaos-").tempdir_in("/tmp")?;
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let options = ClusterOptions::new(folder.path().join("data"));
        let cluster = Cluster::join(&options).await?;
        let url = url(&options.data_dir).await?;
        let opened = Database::open(Target::Url(url.clone()), OpenOptions::default()).await?;
        let mut client = opened.client().await?;
        migrations::ensure(&mut client, true).await?;
        database::watch(&**client).await?;
        let built_in =
            PipelineSpec { enabled: false, ..PipelineSpec::new("documents", "documents", json!({})) };
        pipelines::declare(&**client, &built_in, &Effect::default(), OnConflict::Keep).await?;
        drop(client);
        let receiver = Receiver::open(seed).await?;
        let (cluster, database) = (Some(cluster), Some(Arc::new(opened)));
        let stage = Self { folder, options, cluster, database, url, receiver };
        declare(&*stage.database()?, &specs(&stage.deliveries(), stage.receiver.url())).await?;
        Ok(stage)
    }

    /// The database. It survives crashes: the pool replaces broken connections.
    pub(super) fn database(&self) -> Result<Arc<Database>, Failure> {
        self.database.clone().ok_or_else(|| Failure::bench("the server is closed"))
    }

    /// The address for workers. It contains no secret: the permissions of the socket's folder protect the server.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file that the command appends to.
    pub(super) fn deliveries(&self) -> PathBuf {
        self.folder.path().join("deliveries")
    }

    /// The endpoint of the webhook.
    pub(super) fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    /// The ids of the events that the command received, one on each line.
    pub(super) fn delivered(&self) -> Result<String, Failure> {
        match fs::read_to_string(self.deliveries()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            read => Ok(read?),
        }
    }

    /// Crashes the server, and starts it again after the outage.
    pub(super) async fn crash(&mut self, outage: Duration) -> Result<(), Failure> {
        database::crash(&self.options.data_dir).await?;
        time::sleep(outage).await;
        let again = Cluster::join(&self.options).await?;
        // Dropping the old share only now keeps the server running.
        self.cluster = Some(again);
        Ok(())
    }

    pub(super) async fn close(mut self) -> Result<(), Failure> {
        self.database = None;
        if let Some(cluster) = self.cluster.take() {
            cluster.leave().await?;
        }
        Ok(self.folder.close()?)
    }
}

/// Endless retries after short delays: this benchmark is about kills, not about the retry policy.
fn patience() -> Value {
    let class = json!({"max_failures": 10_000, "base_delay_seconds": 0.1, "max_delay_seconds": 0.5});
    json!({"lost": class, "transient": class})
}

/// The cluster's role and its database are both called `forebay`.
async fn url(data_dir: &Path) -> Result<String, Failure> {
    let socket = cluster::status(data_dir).await?.socket.unwrap_or_default();
    Ok(format!("postgresql://forebay@{}/forebay", percent::encode(&socket.to_string_lossy())))
}
