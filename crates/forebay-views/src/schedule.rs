//! The schedule of a scope.

use forebay_store::schedules::ScheduleRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// The schedule of one scope of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Schedule {
    /// The name of the source.
    pub source: String,
    /// The scope, as `name=value` pairs; empty: the whole source.
    pub scope: String,
    /// When it is due: `every 6h`, or five cron fields.
    pub schedule: String,
    /// The IANA time zone of cron fields.
    pub time_zone: String,
    /// Whether the schedule and its source are both enabled.
    pub is_enabled: bool,
    /// When it is due next; null: never again.
    pub next_due_at: Option<Time>,
    /// The due time of its last run; null: it has not run.
    pub last_due_at: Option<Time>,
    /// Its last run; null: it has not run.
    pub last_run_id: Option<i64>,
}

impl From<ScheduleRow> for Schedule {
    fn from(row: ScheduleRow) -> Self {
        Self {
            source: row.source_name,
            scope: row.scope,
            schedule: row.expression,
            time_zone: row.time_zone,
            is_enabled: row.enabled,
            next_due_at: row.next_due_at.map(Time::from),
            last_due_at: row.last_due_at.map(Time::from),
            last_run_id: row.last_run_id,
        }
    }
}
