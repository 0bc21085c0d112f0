//! The server of the chaos benchmark in a temporary folder, its three pipelines, and what two of them deliver to: a
//! file and an endpoint.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use forebay_engine::work::{PipelineSpec, declare};
use forebay_store::{
    connect::Database,
    pipelines::{self, Effect},
    projects::OnConflict,
};
use serde_json::{Value, json};

use super::{
    database,
    receiver::{Receiver, WORKER_HEADER},
    source::SOURCE,
};
use crate::{failure::Failure, own_server::OwnServer};

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

/// The server, and the endpoint.
pub(super) struct Stage {
    server: OwnServer,
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
        let server = OwnServer::open("chaos").await?;
        let database = server.database()?;
        let client = database.client().await?;
        database::watch(&**client).await?;
        let built_in =
            PipelineSpec { enabled: false, ..PipelineSpec::new("documents", "documents", json!({})) };
        pipelines::declare(&**client, &built_in, &Effect::default(), OnConflict::Keep).await?;
        drop(client);
        let stage = Self { server, receiver: Receiver::open(seed).await? };
        declare(&database, &specs(&stage.deliveries(), stage.receiver.url())).await?;
        Ok(stage)
    }

    pub(super) fn database(&self) -> Result<Arc<Database>, Failure> {
        self.server.database()
    }

    /// The address for workers.
    pub(super) fn url(&self) -> &str {
        self.server.url()
    }

    pub(super) fn folder(&self) -> &Path {
        self.server.folder()
    }

    /// The file that the command appends to.
    pub(super) fn deliveries(&self) -> PathBuf {
        self.folder().join("deliveries")
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
        self.server.crash(outage).await
    }

    pub(super) async fn close(self) -> Result<(), Failure> {
        self.server.close().await
    }
}

/// Endless retries after short delays: this benchmark is about kills, not about the retry policy.
fn patience() -> Value {
    let class = json!({"max_failures": 10_000, "base_delay_seconds": 0.1, "max_delay_seconds": 0.5});
    json!({"lost": class, "transient": class})
}
