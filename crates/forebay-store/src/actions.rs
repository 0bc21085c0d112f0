//! The audit trail: what operators did, and why.
//!
//! A call that decides something takes an [`Actor`] and records an [`Action`] in the transaction of the change, or
//! beside it if the change takes several. Automatic changes, such as a breaker that opens, have their own trails.

mod actor;

use std::{borrow::Cow, time::Duration};

use forebay_domain::access::{Role, Skin};
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::{GenericClient, Row, types::Type};

pub use self::actor::Actor;
use crate::{
    error::Result,
    maintenance::{Expiring, Mode},
    row::ReadRow,
};

const LIST: &str = include_str!("actions/list.sql");

forebay_domain::words! {
    /// What was done.
    pub enum ActionName {
        /// A held run was applied.
        RunReleased = "run_released",
        /// A held run was discarded.
        RunRejected = "run_rejected",
        /// A held run was accepted as a re-key.
        RunRekeyed = "run_rekeyed",
        /// An applied run was undone.
        RunReverted = "run_reverted",
        /// Requests to a source were blocked.
        BreakerForcedOpen = "breaker_forced_open",
        /// Requests to a source were allowed again.
        BreakerClosed = "breaker_closed",
        /// The failures of a source were forgotten.
        BreakerReset = "breaker_reset",
        /// The failures of a source are ignored from now on.
        BreakerDisabled = "breaker_disabled",
        /// A source was renamed.
        SourceRenamed = "source_renamed",
        /// A field of a source was renamed.
        SourceFieldRenamed = "source_field_renamed",
        /// A source was deleted.
        SourceDeleted = "source_deleted",
        /// A scrape was requested, whether or not the stored data was stale.
        ScrapeRequested = "scrape_requested",
        /// Hand-offs were retried.
        HandoffsRetried = "handoffs_retried",
        /// Hand-offs were cancelled.
        HandoffsCancelled = "handoffs_cancelled",
        /// Hand-offs were held.
        HandoffsHeld = "handoffs_held",
        /// Held hand-offs were released.
        HandoffsReleased = "handoffs_released",
        /// Hand-offs were postponed.
        HandoffsSnoozed = "handoffs_snoozed",
        /// References were handed off on demand.
        HandoffsRequested = "handoffs_requested",
        /// A pipeline, or a key of its limits, was paused.
        PipelinePaused = "pipeline_paused",
        /// The pauses of a pipeline, or of a key of its limits, were lifted.
        PipelineResumed = "pipeline_resumed",
        /// A pipeline was enabled.
        PipelineEnabled = "pipeline_enabled",
        /// A pipeline was disabled.
        PipelineDisabled = "pipeline_disabled",
        /// The claims of a worker were freed.
        WorkerReleased = "worker_released",
        /// A configuration was applied.
        ConfigApplied = "config_applied",
        /// A table of the project was adopted.
        TableAdopted = "table_adopted",
        /// It was decided which side of a course folder wins.
        ContentKept = "content_kept",
        /// A course folder was written back.
        ContentRestored = "content_restored",
        /// A token was created.
        TokenCreated = "token_created",
        /// A token was revoked.
        TokenRevoked = "token_revoked",
    }

    /// The kind of thing that it was done to.
    pub enum TargetKind {
        /// A run, by its id.
        Run = "run",
        /// A source, by its name.
        Source = "source",
        /// An entity type, by its name.
        EntityType = "entity_type",
        /// Hand-offs, by their pipeline; empty: of any pipeline.
        Handoffs = "handoffs",
        /// A pipeline, by its name.
        Pipeline = "pipeline",
        /// A worker, by its name.
        Worker = "worker",
        /// A project, by its name.
        Project = "project",
        /// A table, by its name.
        Table = "table",
        /// A course, by its slug.
        Course = "course",
        /// A token, by its name.
        Token = "token",
    }
}

/// Something that was done.
#[derive(Clone, Debug)]
pub struct Action<'a> {
    /// What.
    pub name: ActionName,
    /// To which kind of thing.
    pub target_kind: TargetKind,
    /// Its id or name.
    pub target: Cow<'a, str>,
    /// The source that it concerns.
    pub source: Option<&'a str>,
    /// How many rows of the target it changed.
    pub num_touched: u64,
    /// The options that it was done with, without secrets: a JSON object.
    pub parameters: Value,
}

impl<'a> Action<'a> {
    /// An action that changes one thing and has no options.
    pub fn on(name: ActionName, target_kind: TargetKind, target: impl Into<Cow<'a, str>>) -> Self {
        Self {
            name,
            target_kind,
            target: target.into(),
            source: None,
            num_touched: 1,
            parameters: Value::Object(serde_json::Map::new()),
        }
    }

    /// An action on a source.
    pub fn on_source(name: ActionName, source: &'a str) -> Self {
        Self { source: Some(source), ..Self::on(name, TargetKind::Source, source) }
    }
}

/// Records an action. Call it in the transaction of the change. Returns its id, for [`touched`].
pub async fn record(client: &impl GenericClient, actor: &Actor, action: &Action<'_>) -> Result<i64> {
    let statement = "insert into forebay.operator_actions (action, target_kind, target, source_name, num_touched, \
             parameters, actor_name, actor_role, skin, acted_from, reason) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning action_id";
    let row = client
        .query_typed_one(
            statement,
            &[
                (&action.name.as_str(), Type::TEXT),
                (&action.target_kind.as_str(), Type::TEXT),
                (&action.target, Type::TEXT),
                (&action.source, Type::TEXT),
                (&i64::try_from(action.num_touched).unwrap_or(i64::MAX), Type::INT8),
                (&action.parameters, Type::JSONB),
                (&actor.name, Type::TEXT),
                (&actor.role.as_str(), Type::TEXT),
                (&actor.skin.as_str(), Type::TEXT),
                (&actor.from, Type::TEXT),
                (&actor.reason, Type::TEXT),
            ],
        )
        .await?;
    row.read("action_id")
}

/// Adds to the count of an action whose change takes several transactions.
pub async fn touched(client: &impl GenericClient, action_id: i64, number: u64) -> Result<()> {
    let statement = "update forebay.operator_actions set num_touched = num_touched + $2 where action_id = $1";
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    client.execute_typed(statement, &[(&action_id, Type::INT8), (&number, Type::INT8)]).await?;
    Ok(())
}

/// Selects actions; absent conditions don't apply.
#[derive(Clone, Debug, Default)]
pub struct ActionFilter {
    /// Only those that concern this source, also through its runs and hand-offs.
    pub source: Option<String>,
    /// Only by this name.
    pub actor: Option<String>,
    /// Only of this kind.
    pub action: Option<ActionName>,
    /// Only on this thing.
    pub target: Option<(TargetKind, String)>,
    /// Only at this time or later.
    pub since: Option<Timestamp>,
    /// Only those before this id: the last one of the previous page.
    pub before: Option<i64>,
    /// Maximum number.
    pub limit: i64,
}

/// An action that was recorded. Words are those of the program that recorded it, which may be a newer one.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionRow {
    /// Its id, ascending in time.
    pub action_id: i64,
    /// When.
    pub acted_at: Timestamp,
    /// What.
    pub action: String,
    /// To which kind of thing.
    pub target_kind: String,
    /// Its id or name.
    pub target: String,
    /// The source that it concerns.
    pub source: Option<String>,
    /// How many rows of the target it changed.
    pub num_touched: u64,
    /// The options that it was done with.
    pub parameters: Value,
    /// Who.
    pub actor: String,
    /// In which role.
    pub role: Role,
    /// Through which program.
    pub skin: Skin,
    /// From which host or address.
    pub from: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// The actions that a filter selects, newest first.
pub async fn list(client: &impl GenericClient, filter: &ActionFilter) -> Result<Vec<ActionRow>> {
    let kind = filter.target.as_ref().map(|(kind, _)| kind.as_str());
    let rows = client
        .query_typed(
            LIST,
            &[
                (&filter.source, Type::TEXT),
                (&filter.actor, Type::TEXT),
                (&filter.action.map(ActionName::as_str), Type::TEXT),
                (&kind, Type::TEXT),
                (&filter.target.as_ref().map(|(_, target)| target), Type::TEXT),
                (&filter.since, Type::TIMESTAMPTZ),
                (&filter.before, Type::INT8),
                (&filter.limit, Type::INT8),
            ],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<ActionRow> {
    Ok(ActionRow {
        action_id: row.read("action_id")?,
        acted_at: row.read("acted_at")?,
        action: row.read("action")?,
        target_kind: row.read("target_kind")?,
        target: row.read("target")?,
        source: row.read("source_name")?,
        num_touched: row.count("num_touched")?,
        parameters: row.read("parameters")?,
        actor: row.read("actor_name")?,
        role: row.word("actor_role")?,
        skin: row.word("skin")?,
        from: row.read("acted_from")?,
        reason: row.read("reason")?,
    })
}

/// Deletes or counts actions older than `retention`.
pub async fn prune(client: &impl GenericClient, retention: Duration, mode: Mode) -> Result<u64> {
    let expiring = Expiring {
        table: "forebay.operator_actions",
        is_expired: "t.acted_at < now() - make_interval(secs => $1)",
        age: "action_id",
    };
    expiring.prune(client, retention, mode).await
}
