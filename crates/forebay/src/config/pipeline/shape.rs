//! The shape of a pipeline in the JSON Schema and the reference: all keys, those of the handlers too.
//!
//! The engine reads the settings of handlers itself. This says their names and meanings once, for people; a test holds
//! the names to what the handlers take. A setting that is new in a handler is new here, and in [`settings_of`].

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::{limits::WrittenLimits, retry::WrittenRetry};
use crate::cli::values::Duration;

/// The keys that every pipeline has.
pub(super) const COMMON: &[&str] =
    &["source", "handler", "enabled", "entities", "changed_fields", "retry", "limits"];

/// The settings that a handler takes; `None`: there is no such handler.
pub(super) fn settings_of(handler: &str) -> Option<&'static [&'static str]> {
    Some(match handler {
        "documents" => &["title", "fields", "language", "language_field", "chunk", "embeddings"],
        "table" => &["table", "columns", "removed"],
        "webhook" => &["url", "secret_env", "timeout", "concurrency", "headers", "payload", "allow_http"],
        "exec" => &["command", "timeout", "batch", "env", "directory"],
        "external" => &[],
        _ => return None,
    })
}

/// One pipeline: what ingests the references of a source (`forebay work`). Keys that only some handlers take begin with
/// the names of those.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct PipelineShape {
    /// Whose references it ingests: the name of a source, or `"*"` for every source. Required.
    source: String,
    /// What ingests them. Required.
    handler: Handler,
    /// Whether it is handed anything; what waits for it rests if not. A pipeline that is taken out of the file is
    /// disabled. Default: true.
    enabled: Option<bool>,
    /// The entity types that it takes. Default: every type.
    entities: Option<Vec<String>>,
    /// The top-level fields that it reads: a new version that differs in none of them is not handed to it. Default: every
    /// version is.
    changed_fields: Option<Vec<String>>,
    /// How failed attempts are tried again, by failure class.
    retry: Option<RetryShape>,
    /// `webhook`, `exec` and `external`: what holds over all its workers together.
    limits: Option<WrittenLimits>,
    /// `documents`: the field that is the title, and weighs most in search. Default: the first of `title`, `name` and
    /// `headline` that has text, else the key.
    title: Option<String>,
    /// `documents`: the fields whose text is searched besides the title. Default: all text of the record.
    fields: Option<Vec<String>>,
    /// `documents`: the text search configuration of Postgres. Default: `simple`, which knows no language.
    language: Option<String>,
    /// `documents`: the field in which a record says its own language, as a code or a name. Default: none.
    language_field: Option<String>,
    /// `documents`: the length of a chunk in characters, from 100 to 16000.
    chunk: Option<ChunkShape>,
    /// `documents`: where embeddings of chunks are made, for search by meaning; needs pgvector in the database. Default:
    /// no embeddings.
    embeddings: Option<EmbeddingsShape>,
    /// `table`: the table, outside of Forebay's own schema. Required.
    table: Option<String>,
    /// `table`: the field that fills each column. Required.
    columns: Option<BTreeMap<String, ColumnShape>>,
    /// `table`: what becomes of the row of a reference that is gone. With `mark` its column `removed_at` says since when.
    /// Default: `delete`.
    removed: Option<Removed>,
    /// `webhook`: the endpoint, `https://` (`http://` for loopback hosts), without user name or password. Required.
    url: Option<String>,
    /// `webhook`: the environment variable with the signing secret. Default: none, nothing is signed.
    secret_env: Option<String>,
    /// `webhook`: for a whole request, at most `10m`; `exec`: for a batch, at most `24h`. Default: `30s` for `webhook`,
    /// `60s` for `exec`.
    timeout: Option<Duration>,
    /// `webhook`: requests at once from one worker, at most 256. Default: 8.
    #[schemars(range(min = 1, max = 256))]
    concurrency: Option<u32>,
    /// `webhook`: fixed headers; `env:NAME` takes the value from the environment. Default: none.
    headers: Option<BTreeMap<String, String>>,
    /// `webhook`: whether the record itself is sent, not only which one it is. Default: true.
    payload: Option<bool>,
    /// `webhook`: whether `http://` is taken for other hosts too, where everything can be read on the way. Default: false.
    allow_http: Option<bool>,
    /// `exec`: the program and its arguments; there is no shell. Required.
    command: Option<Vec<String>>,
    /// `exec`: the most changes that one run of the program is given, at most 10000. Default: 100.
    #[schemars(range(min = 1, max = 10_000))]
    batch: Option<u32>,
    /// `exec`: environment variables that it sees besides `PATH`, `HOME`, `LANG` and `TZ`. Default: none.
    env: Option<Vec<String>>,
    /// `exec`: where it runs. Default: where the worker does.
    directory: Option<String>,
}

/// What ingests references.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Handler {
    /// Each reference becomes a searchable document (`forebay search`).
    Documents,
    /// A table of your own is kept up to date, with one row for each reference.
    Table,
    /// Each change is sent as one signed POST to an endpoint of your own.
    Webhook,
    /// Batches of changes go to a command of your own, one line each.
    Exec,
    /// Workers of your own claim the work with SQL (`forebay.claim_jobs`).
    External,
}

/// How failed attempts are tried again, by failure class.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct RetryShape {
    /// What may pass by itself.
    transient: Option<WrittenRetry>,
    /// The other side asked to come back later.
    throttled: Option<WrittenRetry>,
    /// The worker did not report before its lease ended.
    lost: Option<WrittenRetry>,
}

/// The length of a chunk in characters, from 100 to 16000.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct ChunkShape {
    /// About so many. Default: 1200.
    #[schemars(range(min = 100, max = 16_000))]
    target: Option<u32>,
    /// At most so many. Default: 2000.
    #[schemars(range(min = 100, max = 16_000))]
    max: Option<u32>,
}

/// Where embeddings are made.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct EmbeddingsShape {
    /// An endpoint that speaks as that of `OpenAI` does. Required.
    url: String,
    /// The model. Required.
    model: String,
    /// The dimensions of the model. Required.
    #[schemars(range(min = 1, max = 16_000))]
    dimensions: u32,
    /// The environment variable that holds the key of the endpoint. Default: none is needed.
    api_key_env: Option<String>,
}

/// What fills a column: a field, or a field with the type of the column for when Forebay makes the table.
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

/// What becomes of the row of a reference that is gone.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Removed {
    /// The row is deleted.
    Delete,
    /// The row stays, and its column `removed_at` says since when the reference is gone.
    Mark,
}
