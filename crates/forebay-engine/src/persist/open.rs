//! Opens a run: takes its scope, closes dead runs of the scope, and inserts its row.

use std::{sync::Arc, time::Instant};

use forebay_domain::{end_line::EndRule, identity::SCOPE_FIELD};
use forebay_store::{
    connect::Database,
    content::{self, Course, LastRun},
    handoffs::{self, Subscriber},
    references::{self, Origin},
    runs::{self, NewRun, ScopeLease},
    sources::{self, Source},
};
use jiff::{SignedDuration, Timestamp};
use tokio::try_join;
use tokio_postgres::Client;

use super::{
    begin::{abort_orphans, begin},
    context::RunContext,
    declare::Declared,
    overrides::DEFAULT_MAX_WAIT,
    policy::{SourcePolicy, guards_json},
    progress::Progress,
    rejects::Rejects,
    request::PersistRequest,
    write::Target,
};
use crate::{
    clock,
    error::{Error, Result},
};

/// How far ahead of the server's clock a source may have been observed. Clocks and time zones differ by less.
const MAX_AHEAD: SignedDuration = SignedDuration::from_hours(24);

impl<'a> RunContext<'a> {
    /// Waits for the scope and begins the run.
    pub(super) async fn open(
        database: &'a Database,
        declared: Declared,
        request: PersistRequest,
        input_name: &str,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Self> {
        let Declared { source, policy, warning: _ } = declared;
        let max_wait = request.overrides.max_wait.unwrap_or(DEFAULT_MAX_WAIT);
        let waiting = |holder: Option<_>| {
            progress(holder.map_or(Progress::Waiting, |holder| Progress::Blocked { holder }));
        };
        let lease =
            ScopeLease::acquire(database, source.source_id, &request.scope, max_wait, waiting).await?;
        // After the wait: otherwise a run that waited for hours would look older than data written meanwhile.
        let mut observed_at = request.observed_at.unwrap_or_else(now);
        let mut client = database.client().await?;
        if !request.allow_future {
            check_not_future(&client, observed_at).await?;
        }
        let mut state = ScopeState::read(&client, &source, &request, observed_at).await?;
        if state.has_orphans {
            let num_runs = abort_orphans(&mut client, &lease, source.source_id, &request.scope).await?;
            progress(Progress::Aborted { num_runs });
            // Closing them may have waited for the end of a last transaction.
            let read_again = ScopeState::read(&client, &source, &request, observed_at).await?;
            state = ScopeState { has_orphans: true, ..read_again };
        }
        if let Some(basis) = &request.basis {
            // A run of a dead process may have written some of its batches.
            if state.has_orphans || state.last_run() != basis.last_run {
                return Err(Error::Outdated { source_name: source.name });
            }
            if let Some(after) = state.time_after_last().filter(|after| observed_at < *after) {
                observed_at = after;
                references::ensure_revision_month(&**client, observed_at).await?;
            }
        }
        check_order(state.watermark, observed_at)?;
        let policy = request.overrides.apply_to(policy);
        start(database, &mut client, lease, state, policy, request, observed_at, input_name).await
    }
}

/// Refuses a time far ahead of the server's clock: until then, every later run would look older and be refused.
pub(super) async fn check_not_future(client: &Client, observed_at: Timestamp) -> Result<()> {
    let server_now = handoffs::now(client).await?;
    if observed_at.duration_since(server_now) > MAX_AHEAD {
        return Err(Error::ObservedInFuture { observed_at, server_now });
    }
    Ok(())
}

/// Refuses a time before that of the last complete run of the scope.
pub(super) fn check_order(watermark: Option<Timestamp>, observed_at: Timestamp) -> Result<()> {
    match watermark {
        Some(watermark) if observed_at < watermark => Err(Error::OutOfOrder { observed_at, watermark }),
        _ => Ok(()),
    }
}

/// Whether a run stages its changes until its end. `had_records` and `has_other_scopes` say whether its scope, and
/// other scopes of the source, have active references.
pub(super) fn is_staged(
    request: &PersistRequest,
    policy: &SourcePolicy,
    source: &Source,
    had_records: bool,
    has_other_scopes: bool,
) -> bool {
    // Such a run may take references from other scopes, which are to be protected as well.
    let may_take = has_other_scopes && !source.key_fields.iter().any(|field| field == SCOPE_FIELD);
    // Only at the end is it known which keys move back to earlier ones.
    let may_return_keys = request.complete && source.has_aliases;
    let under_guards = request.complete && policy.guards.enabled && (had_records || may_take);
    under_guards || policy.needs_whole_input() || may_return_keys
}

/// What the database knows about a scope before a run.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct ScopeState {
    source: Source,
    course: Option<Course>,
    subscribers: Vec<Subscriber>,
    has_orphans: bool,
    watermark: Option<Timestamp>,
    had_records: bool,
    has_other_scopes: bool,
    is_first_run: bool,
}

impl ScopeState {
    /// Reads everything in one round trip: the statements are sent together.
    async fn read(
        client: &Client,
        source: &Source,
        request: &PersistRequest,
        observed_at: Timestamp,
    ) -> Result<Self> {
        let (source_id, scope) = (source.source_id, request.scope.to_string());
        let subscribers = async {
            if !request.with_handoffs {
                return Ok(Vec::new());
            }
            handoffs::subscribers_of(client, &source.name, &source.entity_type).await
        };
        let (found, course, subscribers, has_orphans, watermark, had_records, has_other_scopes, had_runs, ()) =
            try_join!(
                // Again: a re-key during the wait may have changed the ids.
                sources::find(client, &source.name),
                content::of_source(client, source_id),
                subscribers,
                runs::has_orphans(client, source_id, &request.scope),
                runs::watermark(client, source_id, &request.scope),
                // The first load of a scope has no data to protect.
                references::any_active(client, source_id, &scope),
                references::any_active_elsewhere(client, source_id, &scope),
                runs::any(client, source_id),
                references::ensure_revision_month(client, observed_at),
            )?;
        let source = found.unwrap_or_else(|| source.clone());
        let is_first_run = !had_runs;
        Ok(Self {
            source,
            course,
            subscribers,
            has_orphans,
            watermark,
            had_records,
            has_other_scopes,
            is_first_run,
        })
    }

    fn last_run(&self) -> Option<LastRun> {
        self.course.as_ref()?.last_run
    }

    /// The first millisecond after all runs so far. Their machines may have had other clocks.
    fn time_after_last(&self) -> Option<Timestamp> {
        let last = self.last_run().map(|run| run.observed_at).max(self.watermark)?;
        Timestamp::from_millisecond(last.as_millisecond() + 1).ok()
    }
}

/// Inserts the run's row and chooses between straight and staged.
#[expect(clippy::too_many_arguments, reason = "each is a part of the run")]
async fn start<'a>(
    database: &'a Database,
    client: &mut Client,
    lease: ScopeLease,
    state: ScopeState,
    policy: SourcePolicy,
    request: PersistRequest,
    observed_at: Timestamp,
    input_name: &str,
) -> Result<RunContext<'a>> {
    let started = Instant::now();
    let ScopeState { source, course, subscribers, watermark, had_records, is_first_run, .. } = state;
    let staged = is_staged(&request, &policy, &source, had_records, state.has_other_scopes);
    let scope = request.scope.to_string();
    let entity = request.entities.get(&source.entity_type);
    let record_policy = policy.record_policy(&source.name, &source.key_fields, &scope, entity);
    let run = NewRun {
        source_id: source.source_id,
        scope: request.scope.clone(),
        is_complete: request.complete,
        guards: policy.guards.enabled.then(|| guards_json(&policy.guards)),
        with_handoffs: request.with_handoffs,
        engine: request.engine.clone(),
        input: input_name.to_owned(),
        observed_at,
        is_on_demand: request.is_on_demand,
    };
    let run_id = begin(client, &lease, &run).await?;
    Ok(RunContext {
        database,
        lease,
        record_policy: Arc::new(record_policy),
        target: Target {
            origin: Origin {
                run_id,
                source_id: source.source_id,
                entity_type: source.entity_type.clone(),
                scope,
                observed_at,
            },
            subscribers,
            sequence_field: policy.sequence_field.clone(),
            contract_version_column: policy.contract_version_column.clone(),
            course,
            measured: request.measured.clone(),
            has_aliases: source.has_aliases,
            rejects: Arc::new(Rejects::keeping(policy.max_rejected_kept)),
        },
        end_rule: EndRule::of(policy.require_end, source.sends_end_line),
        staged,
        is_first_run,
        had_records,
        watermark,
        started,
        input_name: input_name.to_owned(),
        source,
        policy,
        request,
    })
}

/// The time in whole milliseconds. Output has this precision, so a printed time must match the stored one.
pub(super) fn now() -> Timestamp {
    let now = clock::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
