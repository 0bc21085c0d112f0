//! Opens a run: locks its scope, closes dead runs of the scope, and inserts its row.

use std::{sync::Arc, time::Instant};

use forebay_domain::{guards::GuardPolicy, json::DEFAULT_MAX_DEPTH, prepare::RecordPolicy, scope::Scope};
use forebay_store::{
    connect::Database,
    handoffs,
    references::{self, Origin},
    runs::{self, NewRun, ScopeLock},
    sources::{self, Source},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::{context::RunContext, progress::Progress, request::PersistRequest, write::Target};
use crate::{
    clock,
    error::{Error, Result},
};

/// A run that holds the lock of its scope.
pub(super) struct OpenRun<'a> {
    pub(super) context: RunContext<'a>,
    pub(super) lock: ScopeLock,
}

impl<'a> OpenRun<'a> {
    /// Waits for the scope and begins the run.
    pub(super) async fn open(
        database: &'a Database,
        source: Source,
        request: PersistRequest,
        input_name: &str,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Self> {
        // No pooled connection is held here: a run that waits must not block the run that it waits for.
        let connection = database.dedicated().await?;
        let lock = ScopeLock::acquire(connection, source.source_id, &request.scope, || {
            progress(Progress::Waiting);
        })
        .await?;
        // After the wait: otherwise a run that waited for hours would look older than data written meanwhile.
        let observed_at = request.observed_at.unwrap_or_else(now);
        let mut client = database.client().await?;
        // Read again: a re-key during the wait may have changed the ids.
        let source = sources::find(&**client, &source.name).await?.unwrap_or(source);
        let num_runs = abort_orphans(&mut client, source.source_id, &request.scope).await?;
        if num_runs > 0 {
            progress(Progress::Aborted { num_runs });
        }
        if let Some(watermark) = runs::watermark(&**client, source.source_id, &request.scope).await?
            && observed_at < watermark
        {
            return Err(Error::OutOfOrder { observed_at, watermark });
        }
        let context = start(database, &client, source, request, observed_at, input_name).await?;
        Ok(Self { context, lock })
    }
}

/// Closes runs of the scope whose process has died.
async fn abort_orphans(client: &mut Client, source_id: i32, scope: &Scope) -> Result<u64> {
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let num_runs = runs::abort_orphans(&transaction, source_id, scope).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(num_runs)
}

/// Inserts the run's row and chooses between straight and staged.
async fn start<'a>(
    database: &'a Database,
    client: &Client,
    source: Source,
    request: PersistRequest,
    observed_at: Timestamp,
    input_name: &str,
) -> Result<RunContext<'a>> {
    let started = Instant::now();
    let subscribers = if request.with_handoffs {
        handoffs::subscribers_of(client, &source.name, &source.entity_type).await?
    } else {
        Vec::new()
    };
    let scope = request.scope.to_string();
    // The first load of a scope has no data to protect.
    let had_records = references::any_active(client, source.source_id, &scope).await?;
    let under_guards = request.complete && request.guards.is_some() && had_records;
    let is_first_run = !runs::any(client, source.source_id).await?;
    references::ensure_revision_month(client, observed_at).await?;
    let run = NewRun {
        source_id: source.source_id,
        scope: request.scope.clone(),
        is_complete: request.complete,
        guards: request.guards.as_ref().map(guards_json),
        with_handoffs: request.with_handoffs,
        engine: request.engine.clone(),
        input: input_name.to_owned(),
        observed_at,
    };
    let run_id = runs::start(client, &run).await?;
    Ok(RunContext {
        database,
        policy: Arc::new(RecordPolicy {
            source: source.name.clone(),
            // The fields were checked when the source was declared.
            key: source.key_fields.iter().filter_map(|field| field.parse().ok()).collect(),
            rules: request.rules.clone(),
            max_depth: DEFAULT_MAX_DEPTH,
        }),
        target: Target {
            origin: Origin {
                run_id,
                source_id: source.source_id,
                entity_type: source.entity_type.clone(),
                scope,
                observed_at,
            },
            subscribers,
            sequence_field: request.sequence_field.clone(),
            contract_version_column: request.contract_version_column.clone(),
        },
        staged: under_guards || request.on_duplicate.needs_whole_input(),
        is_first_run,
        had_records,
        started,
        input_name: input_name.to_owned(),
        source,
        request,
    })
}

fn guards_json(guards: &GuardPolicy) -> Value {
    json!({
        "hold_empty": guards.hold_empty,
        "hold_rekey": guards.hold_rekey,
        "max_removed_share": guards.max_removed_share,
        "min_removed": guards.min_removed,
        "max_changed_share": guards.max_changed_share,
        "min_changed": guards.min_changed,
        "min_coverage_kept": guards.min_coverage_kept,
        "min_coverage_baseline": guards.min_coverage_baseline,
        "min_coverage_records": guards.min_coverage_records,
    })
}

/// The time in whole milliseconds. Output has this precision, so a printed time must match the stored one.
fn now() -> Timestamp {
    let now = clock::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
