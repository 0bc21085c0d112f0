//! The list of metrics.
//!
//! Names follow the conventions of Prometheus: a unit at the end, `_total` for what only grows. Names are stable:
//! alerts and dashboards of users contain them.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// It only grows, until the process or the statistics of the database start anew.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Counts by size.
    Histogram,
}

impl MetricKind {
    /// Its word in the text format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric.
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: MetricKind,
    /// The names of its labels, besides `le` of a histogram.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Gauge, labels, help }
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Counter, labels, help }
}

pub(super) static BUILD_INFO: Metric =
    gauge("forebay_build_info", &["version"], "The version of this server; always 1.");
pub(super) static START_TIME: Metric =
    gauge("forebay_start_time_seconds", &[], "When this server started, in seconds since 1970.");
pub(super) static DATABASE_UP: Metric = gauge(
    "forebay_database_up",
    &[],
    "Whether the database could be reached: 1 or 0. At 0, the metrics of what it stores have no samples.",
);

pub(super) static READ_ERRORS: Metric =
    counter("forebay_metrics_errors_total", &[], "How often the metrics of the database could not be read.");

pub(super) static REQUESTS: Metric = counter(
    "forebay_http_requests_total",
    &["method", "route", "status"],
    "HTTP requests by route and class of status, such as 2xx.",
);
pub(super) static REQUEST_DURATION: Metric = Metric {
    name: "forebay_http_request_duration_seconds",
    kind: MetricKind::Histogram,
    labels: &["route"],
    help: "Time until the response of an HTTP request began.",
};
pub(super) static POOL_CONNECTIONS: Metric =
    gauge("forebay_database_connections", &["state"], "Open connections of the pool: idle or used.");
pub(super) static POOL_MAX: Metric =
    gauge("forebay_database_connections_max", &[], "The maximum number of connections of the pool.");
pub(super) static POOL_WAITING: Metric =
    gauge("forebay_database_connections_waiting", &[], "Tasks that wait for a connection of the pool.");

pub(super) static WORKER_HANDOFFS: Metric = counter(
    "forebay_worker_handoffs_total",
    &["pipeline", "outcome"],
    "Attempts of the worker in this process (serve --work) by outcome: succeeded, failed for good, or retried.",
);
pub(super) static WORKERS: Metric =
    gauge("forebay_workers", &["state"], "Worker processes: working, stopping or dead.");

pub(super) static HANDOFFS: Metric = gauge(
    "forebay_handoffs",
    &["pipeline", "state"],
    "Open and failed hand-offs. At most 100000 open and 100000 failed ones of a pipeline are counted.",
);
pub(super) static HANDOFF_AGE: Metric = gauge(
    "forebay_handoffs_oldest_age_seconds",
    &["pipeline", "state"],
    "How long ago the oldest of the counted hand-offs was queued.",
);
pub(super) static PIPELINE_ENABLED: Metric =
    gauge("forebay_pipeline_enabled", &["pipeline"], "Whether the pipeline gets new hand-offs: 1 or 0.");
pub(super) static PIPELINE_FAILING: Metric = gauge(
    "forebay_pipeline_failing",
    &["pipeline"],
    "1 or 0: whether more than a tenth of the attempts of the last 15 minutes failed, and at least ten, or the endpoint was \
     disabled because all did.",
);

pub(super) static HELD_RUNS: Metric =
    gauge("forebay_held_runs", &["source"], "Runs that wait for a decision.");
pub(super) static HELD_AGE: Metric = gauge(
    "forebay_held_runs_oldest_age_seconds",
    &["source"],
    "How long the oldest of them has been waiting.",
);
pub(super) static RECENT_RUNS: Metric =
    gauge("forebay_recent_runs", &["status"], "Runs that began within the last 24 hours, by status.");
pub(super) static SOURCES: Metric = gauge(
    "forebay_sources",
    &["last_status"],
    "Enabled sources by the status of their last run that ended; none: no run has ended.",
);
pub(super) static SOURCE_LAST_RUN: Metric = gauge(
    "forebay_source_last_run_timestamp_seconds",
    &["source"],
    "When the last run of the source ended, in seconds since 1970. Of \"other\": the last of all of them.",
);
pub(super) static SOURCE_FAILED_RUNS: Metric =
    gauge("forebay_source_failed_runs", &["source"], "Failed runs since one that did not fail.");

pub(super) static BREAKERS: Metric =
    gauge("forebay_breakers", &["state"], "Breakers that refuse requests or let probes through, by state.");
pub(super) static BREAKER_OPEN: Metric = gauge(
    "forebay_breaker_open_seconds",
    &["source"],
    "How long the breaker of the source has not been closed; absent: it is closed.",
);

pub(super) static FRESHNESS_SCOPES: Metric = gauge(
    "forebay_freshness_scopes",
    &["entity_type", "age_status"],
    "Scopes by the status of their age: ok, warn, error, or unlimited if nothing limits it.",
);
pub(super) static FRESHNESS_AGE: Metric = gauge(
    "forebay_freshness_oldest_sync_age_seconds",
    &["entity_type"],
    "How long ago the scope was synced that was synced the longest time ago.",
);

pub(super) static NOTIFICATIONS: Metric = gauge(
    "forebay_notifications",
    &["project", "notifier", "state"],
    "Notifications that were not accepted: pending, retrying or failed.",
);

pub(super) static TABLE_WRITES: Metric = counter(
    "forebay_table_row_writes_total",
    &["table", "operation"],
    "Rows written to tables without partitions: insert, update or delete, by the statistics of the database.",
);
pub(super) static TABLE_ROWS: Metric =
    gauge("forebay_table_rows", &["table", "state"], "Estimated rows of a table: live or dead.");
pub(super) static TABLE_SIZE: Metric =
    gauge("forebay_table_size_bytes", &["table"], "Size of a table with its indexes.");

/// Every metric, in the order in which they are printed.
pub(super) static ALL: [&Metric; 29] = [
    &BUILD_INFO,
    &START_TIME,
    &DATABASE_UP,
    &READ_ERRORS,
    &REQUESTS,
    &REQUEST_DURATION,
    &POOL_CONNECTIONS,
    &POOL_MAX,
    &POOL_WAITING,
    &WORKER_HANDOFFS,
    &WORKERS,
    &HANDOFFS,
    &HANDOFF_AGE,
    &PIPELINE_ENABLED,
    &PIPELINE_FAILING,
    &HELD_RUNS,
    &HELD_AGE,
    &RECENT_RUNS,
    &SOURCES,
    &SOURCE_LAST_RUN,
    &SOURCE_FAILED_RUNS,
    &BREAKERS,
    &BREAKER_OPEN,
    &FRESHNESS_SCOPES,
    &FRESHNESS_AGE,
    &NOTIFICATIONS,
    &TABLE_WRITES,
    &TABLE_ROWS,
    &TABLE_SIZE,
];
