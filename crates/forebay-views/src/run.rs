//! A run, in full and in short.

use std::collections::BTreeMap;

use forebay_domain::drift::Drift;
use forebay_store::runs::RunRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{field_drift::FieldDrift, json::Json, run_counts::RunCounts, run_host::RunHost, time::Time};

/// A run in a list: one execution for one source and scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunSummary {
    /// Its id.
    pub run_id: i64,
    /// The name of its source.
    pub source: String,
    /// The scope that it covers, as `name=value` pairs; empty: the whole source.
    pub scope: String,
    /// The status. `partial`: some input was unreadable or missing. `held`: a guard waits for an operator.
    #[schemars(schema_with = "crate::words::run_status")]
    pub status: String,
    /// The reason for the status, as a stable word; null: nothing unusual happened.
    pub reason_code: Option<String>,
    /// Its counts.
    #[serde(flatten)]
    pub counts: RunCounts,
    /// Hand-offs that it queued.
    pub num_handoffs: u64,
    /// HTTP requests that it sent.
    pub num_requests: u64,
    /// Number of 304 (not modified) responses.
    pub num_not_modified: u64,
    /// When its source was observed.
    pub observed_at: Time,
    /// When it began.
    pub started_at: Time,
    /// When it ended; null: it has not ended.
    pub ended_at: Option<Time>,
    /// How long it took, in milliseconds; null: it has not ended.
    pub duration_ms: Option<u64>,
}

/// A run in full: the fields of its summary, and these.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// The run in short.
    #[serde(flatten)]
    pub summary: RunSummary,
    /// The reason for the status, as sentences; null: nothing unusual happened.
    pub message: Option<String>,
    /// Changes that guards withhold until a later run or an operator decides; a pair of keys is one.
    pub num_withheld: u64,
    /// References that it moved to other keys.
    pub num_rekeyed: u64,
    /// The run that undid it; null: none.
    pub reverted_by: Option<i64>,
    /// Bytes of response bodies, as transferred over the network.
    pub num_bytes_received: u64,
    /// Its requests by host, for at most 100 hosts.
    pub hosts: Vec<RunHost>,
    /// The share (0 to 1) of its valid records with a value, by field.
    pub field_coverage: BTreeMap<String, f64>,
    /// Fields whose shape differs from that of the last good runs.
    pub drift: Vec<FieldDrift>,
    /// Whether it was declared to cover its whole scope, so that it removes records that it did not see.
    pub is_complete: bool,
    /// Whether its changes are handed off.
    pub with_handoffs: bool,
    /// The thresholds of its guards; null: guards were off.
    pub guards: Option<Json>,
    /// The program that supplied its records, such as `persist` or `http`.
    pub engine: String,
    /// The file or URL that it read; `-` is standard input.
    pub input: String,
}

impl From<&RunRow> for RunSummary {
    fn from(row: &RunRow) -> Self {
        Self {
            run_id: row.run_id,
            source: row.source.clone(),
            scope: row.scope.clone(),
            status: row.status.as_str().to_owned(),
            reason_code: row.reason_code.clone(),
            counts: row.counts.into(),
            num_handoffs: row.num_handoffs.unsigned_abs(),
            num_requests: row.num_requests.unsigned_abs(),
            num_not_modified: row.num_not_modified.unsigned_abs(),
            observed_at: row.observed_at.into(),
            started_at: row.started_at.into(),
            ended_at: row.ended_at.map(Time::from),
            duration_ms: row.duration_ms.map(i64::unsigned_abs),
        }
    }
}

impl From<RunRow> for RunSummary {
    fn from(row: RunRow) -> Self {
        Self::from(&row)
    }
}

impl Run {
    /// A run with its drift.
    pub fn new(row: RunRow, drift: Vec<Drift>) -> Self {
        Self {
            summary: RunSummary::from(&row),
            message: row.message,
            num_withheld: row.num_withheld.unsigned_abs(),
            num_rekeyed: row.num_rekeyed.unsigned_abs(),
            reverted_by: row.reverted_by,
            num_bytes_received: row.bytes_received.unsigned_abs(),
            hosts: RunHost::of(row.hosts),
            field_coverage: row.coverage.into_iter().collect(),
            drift: drift.into_iter().map(FieldDrift::from).collect(),
            is_complete: row.is_complete,
            with_handoffs: row.with_handoffs,
            guards: row.guards.as_ref().map(Json::from),
            engine: row.engine,
            input: row.input,
        }
    }
}
