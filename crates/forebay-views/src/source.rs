//! A source, in short and in full.

use forebay_domain::freshness;
use forebay_store::{
    schedules::ScheduleRow, sources::SourceSummary, stats::ScopeTotals, user_rows::VersionCount,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{json::Json, run::RunSummary, schedule::Schedule, time::Time, words::EnabledState};

/// A source of records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// Its name.
    pub source: String,
    /// The entity type of its records.
    pub entity_type: String,
    /// How Forebay reads it, such as `html`; null: other programs supply its records.
    pub kind: Option<String>,
    /// Whether it is scraped, if it has a kind.
    #[schemars(schema_with = "crate::words::enabled_state")]
    pub state: String,
    /// The fields that make a record's key, in order.
    pub key_fields: Vec<String>,
    /// The names of the sources to try when it fails, in order.
    pub fallback: Vec<String>,
    /// Active references.
    pub num_active: u64,
    /// Removed references (tombstones).
    pub num_removed: u64,
    /// When its last run ended; null: none has ended.
    pub last_run_at: Option<Time>,
    /// Whether its configuration has a schedule.
    pub is_scheduled: bool,
    /// When the first of its scopes is due; null: none is due, or no worker has declared the schedule yet.
    pub next_due_at: Option<Time>,
}

/// A source in full: the fields of its summary, and these.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SourceDetail {
    /// The source in short.
    #[serde(flatten)]
    pub summary: Source,
    /// Increases when its key fields or its policy change.
    pub parser_version: i32,
    /// The project whose configuration declared it; null: none has.
    pub project: Option<String>,
    /// When the configuration last changed its declaration; null: the configuration does not declare it.
    pub declared_at: Option<Time>,
    /// Whether signed-in users of a web API may read its active references.
    pub is_published: bool,
    /// Its settings as last configured, without secrets.
    pub settings: Json,
    /// The maximum age of its entity type's data.
    pub freshness_policy: FreshnessPolicy,
    /// Whether one of its inputs has had an end line. Then an input without one is incomplete, unless its policy says
    /// `"require_end": false`.
    pub sends_end_line: bool,
    /// Field rules, duplicate policy and guards as last used.
    pub policy: Json,
    /// The schedules of its scopes.
    pub schedules: Vec<Schedule>,
    /// Its scopes.
    pub scopes: Vec<ScopeCount>,
    /// Active references by contract version; empty unless its kind is `postgres`.
    pub contract_versions: Vec<ContractVersionCount>,
    /// Its latest runs, newest first.
    pub latest_runs: Vec<RunSummary>,
}

/// A source with the scopes that can be requested: the fields of its summary, and these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceResource {
    /// The source in short.
    #[serde(flatten)]
    pub summary: Source,
    /// The scopes that the configuration declares, at most 100; null: the configuration does not declare the source.
    pub scopes: Option<Vec<String>>,
    /// The names that a scope must have; null: the configuration does not declare the source.
    pub scope_names: Option<Vec<String>>,
}

/// The maximum age of an entity type's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FreshnessPolicy {
    /// How long it is fresh, in seconds.
    pub ttl_seconds: i64,
    /// How long it is served after that during a refresh, in seconds.
    pub stale_while_revalidate_seconds: i64,
    /// How long it is served after that if a refresh fails, in seconds.
    pub stale_if_error_seconds: i64,
    /// The age at which operators are warned, in seconds; null: never.
    pub warn_after_seconds: Option<i64>,
    /// The age that counts as an error, in seconds; null: never.
    pub error_after_seconds: Option<i64>,
}

/// The references of one scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScopeCount {
    /// The scope, as `name=value` pairs; empty: the whole source.
    pub scope: String,
    /// Active references.
    pub num_active: u64,
    /// Removed references (tombstones).
    pub num_removed: u64,
}

/// The number of rows with one contract version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContractVersionCount {
    /// The version; 0: none.
    pub contract_version: i16,
    /// Number of rows.
    pub num_rows: u64,
}

impl Source {
    /// A source with its totals and, from all schedules, its own.
    pub fn new(summary: &SourceSummary, schedules: &[ScheduleRow]) -> Self {
        let source = &summary.source;
        let is_due = |row: &&ScheduleRow| row.source_id == source.source_id && row.enabled;
        Self {
            source: source.name.clone(),
            entity_type: source.entity_type.clone(),
            kind: source.kind.clone(),
            state: EnabledState::from(source.enabled).as_str().to_owned(),
            key_fields: source.key_fields.clone(),
            fallback: source.fallback.clone(),
            num_active: summary.num_active.unsigned_abs(),
            num_removed: summary.num_removed.unsigned_abs(),
            last_run_at: summary.last_run_at.map(Time::from),
            // A source that is no longer declared keeps its last settings, and nothing scrapes it.
            is_scheduled: source.kind.is_some()
                && source.settings.get("schedule").is_some_and(|schedule| !schedule.is_null()),
            next_due_at: schedules
                .iter()
                .filter(is_due)
                .filter_map(|row| row.next_due_at)
                .min()
                .map(Time::from),
        }
    }
}

impl From<freshness::FreshnessPolicy> for FreshnessPolicy {
    fn from(policy: freshness::FreshnessPolicy) -> Self {
        Self {
            ttl_seconds: policy.ttl.as_secs(),
            stale_while_revalidate_seconds: policy.stale_while_revalidate.as_secs(),
            stale_if_error_seconds: policy.stale_if_error.as_secs(),
            warn_after_seconds: policy.warn_after.map(|after| after.as_secs()),
            error_after_seconds: policy.error_after.map(|after| after.as_secs()),
        }
    }
}

impl From<ScopeTotals> for ScopeCount {
    fn from(totals: ScopeTotals) -> Self {
        Self { scope: totals.scope, num_active: totals.num_active, num_removed: totals.num_removed }
    }
}

impl From<VersionCount> for ContractVersionCount {
    fn from(count: VersionCount) -> Self {
        Self { contract_version: count.contract_version, num_rows: count.count.unsigned_abs() }
    }
}
