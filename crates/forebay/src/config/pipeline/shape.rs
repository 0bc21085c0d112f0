//! The shape of a pipeline in the JSON Schema and the reference, including the keys of the handlers.
//!
//! The engine reads the settings of handlers; this file documents them. A test compares the names with those of the
//! engine, so a setting that is added to a handler must be added here too.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::{limits::WrittenLimits, retry::WrittenRetry};
use crate::cli::values::Duration;

/// A pipeline that ingests the references of a source (`forebay work`). Descriptions of keys that only some handlers
/// accept begin with the names of those handlers.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct PipelineShape {
    /// Source whose references it ingests, or `"*"` for all sources. Required.
    source: String,
    /// Handler that ingests them. Required.
    handler: Handler,
    /// Whether it receives hand-offs; if not, waiting ones stay queued. After a pipeline is removed from the
    /// file, `forebay config apply --prune` disables it. Default: true.
    enabled: Option<bool>,
    /// Entity types that it ingests. Default: all types.
    entities: Option<Vec<String>>,
    /// Top-level fields that it uses: a new version that changes none of them is not handed off. Default: every
    /// version is.
    changed_fields: Option<Vec<String>>,
    /// Retries of failed attempts, by failure class.
    retry: Option<RetryShape>,
    /// `webhook`, `exec` and `external`: limits shared by all workers.
    limits: Option<WrittenLimits>,
    /// `external`: database role whose members may claim and report its work. Give each pipeline a role of its own to
    /// keep a worker from the others. Default: `forebay_worker`.
    role: Option<String>,
    /// `documents`: title field, which weighs most in search. Default: the first of `title`, `name` and `headline`
    /// that has text, or the key.
    title: Option<String>,
    /// `documents`: fields to search besides the title. Default: all text of the record.
    fields: Option<Vec<String>>,
    /// `documents`: text search configuration of Postgres. Default: `simple`, which is language-neutral.
    language: Option<String>,
    /// `documents`: field with the language of a record, as a code or name. Default: none.
    language_field: Option<String>,
    /// `documents`: the length of a chunk in characters, from 100 to 16000.
    chunk: Option<ChunkShape>,
    /// `documents`: embeddings endpoint for semantic search; needs pgvector in the database. Default: no embeddings.
    embeddings: Option<EmbeddingsShape>,
    /// `table`: name of the table, outside Forebay's own schema. Required.
    table: Option<String>,
    /// `table`: field for each column. Required.
    columns: Option<BTreeMap<String, ColumnShape>>,
    /// `table`: what to do with the row of a removed reference; `mark` sets its column `removed_at`. Default:
    /// `delete`.
    removed: Option<Removed>,
    /// `table`: whether everybody may read the table through a web API (Supabase's roles `anon` and `authenticated`),
    /// if Forebay creates it. Default: false, only its owner may.
    publish: Option<bool>,
    /// `webhook`: the endpoint, `https://` (`http://` for loopback hosts), without user name or password. Required.
    url: Option<String>,
    /// `webhook`: environment variable with the signing secret, as `env:NAME`; or a list of them, to rotate it: each
    /// request is signed with all of them. Default: none, requests are not signed.
    secret: Option<OneOrMore>,
    /// `webhook`: timeout of a request, at most `10m`; `exec`: timeout of a batch, at most `24h`. Default: `30s` for
    /// `webhook`, `60s` for `exec`.
    timeout: Option<Duration>,
    /// `webhook`: parallel requests per worker; `exec`: parallel commands per worker. At most 256. Default: 8 for
    /// `webhook`, 1 for `exec`.
    #[schemars(range(min = 1, max = 256))]
    concurrency: Option<u32>,
    /// `webhook`: extra headers; `env:NAME` reads the value from the environment. Default: none.
    headers: Option<BTreeMap<String, String>>,
    /// `webhook`: whether to send the record, or only its id. Default: true.
    payload: Option<bool>,
    /// `webhook`: whether to allow unencrypted `http://` for other hosts. Default: false.
    allow_http: Option<bool>,
    /// `webhook`: which requests `handoffs deliveries` lists. Default: `all`.
    log_deliveries: Option<LogDeliveries>,
    /// `webhook`: when to disable an endpoint whose deliveries all fail. Its hand-offs then wait until `forebay
    /// pipelines enable`.
    disable: Option<DisableShape>,
    /// `webhook`: several endpoints instead of `url`, each with a name. Every change goes to each of them, as the
    /// pipeline `PIPELINE.NAME`, with retries, pauses and a state of its own. Default: none.
    endpoints: Option<Vec<EndpointShape>>,
    /// `exec`: the program and its arguments, run without a shell. Required.
    command: Option<Vec<String>>,
    /// `exec`: maximum changes per batch, at most 10000. Default: 100.
    #[schemars(range(min = 1, max = 10_000))]
    batch: Option<u32>,
    /// `exec`: secrets in the environment to pass on; other variables are passed on anyway. Default: none.
    env: Option<Vec<String>>,
    /// `exec`: working directory. Default: that of the worker.
    directory: Option<String>,
}

/// A text, or a list of texts.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// When to disable an endpoint.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct DisableShape {
    /// How long all deliveries must have failed, at most `365d`; `"never"`: never disable it. Default: `5d`.
    after: Option<String>,
    /// How many must have failed. Default: 10.
    #[schemars(range(min = 1, max = 1_000_000))]
    min_failures: Option<u32>,
}

/// An endpoint of a pipeline.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct EndpointShape {
    /// Its name: letters, digits, `_` and `-`. Required.
    name: String,
    /// The endpoint, like `url` of the pipeline. Required.
    url: String,
    /// Its signing secret. Default: that of the pipeline.
    secret: Option<OneOrMore>,
    /// Extra headers, besides those of the pipeline. Default: none.
    headers: Option<BTreeMap<String, String>>,
}

/// What ingests references.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Handler {
    /// Turns each reference into a searchable document (`forebay search`).
    Documents,
    /// Keeps a table of your own up to date, with one row per reference.
    Table,
    /// Sends each change as a signed POST to your endpoint.
    Webhook,
    /// Passes batches of changes to your command, one per line.
    Exec,
    /// Your own workers claim the work with SQL (`forebay.claim_jobs`).
    External,
}

/// Retries of failed attempts, by failure class.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct RetryShape {
    /// Temporary failures.
    transient: Option<WrittenRetry>,
    /// The target asked to slow down.
    throttled: Option<WrittenRetry>,
    /// The worker didn't report before its lease expired.
    lost: Option<WrittenRetry>,
}

/// The length of a chunk in characters, from 100 to 16000.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct ChunkShape {
    /// Target length. Default: 1200.
    #[schemars(range(min = 100, max = 16_000))]
    target: Option<u32>,
    /// Maximum length. Default: 2000.
    #[schemars(range(min = 100, max = 16_000))]
    max: Option<u32>,
}

/// The embeddings endpoint.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct EmbeddingsShape {
    /// URL of an `OpenAI`-compatible endpoint. Required.
    url: String,
    /// The model. Required.
    model: String,
    /// The dimensions of the model. Required.
    #[schemars(range(min = 1, max = 16_000))]
    dimensions: u32,
    /// Environment variable with the key of the endpoint. Default: none.
    api_key_env: Option<String>,
}

/// A column's field, optionally with the column type to use when Forebay creates the table.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum ColumnShape {
    Field(String),
    Typed(TypedColumn),
}

/// A field with the type of its column.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct TypedColumn {
    /// The field. Required.
    field: String,
    /// The type of the column in Postgres. Required.
    r#type: String,
}

/// Which requests are logged.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum LogDeliveries {
    /// Every one.
    All,
    /// Those that failed.
    Failed,
    /// None.
    Off,
}

/// What to do with the row of a removed reference.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Removed {
    /// Delete the row.
    Delete,
    /// Keep the row and set its column `removed_at`.
    Mark,
}
