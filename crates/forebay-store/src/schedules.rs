//! Schedules of sources, and which worker runs a due schedule.
//!
//! A schedule has one next time. If several workers ask at the same moment, [`claim_due`] gives a due schedule to one
//! of them by locking its row, and [`finish`] sets the next time. If a worker dies, its schedule is still due, and
//! another worker takes it over when the claim expires. Missed times are run once, because the next time is computed
//! from the current time (see [`forebay_domain::schedule`]).
//!
//! The caller passes the current time, and it is also stored. If workers' clocks differ by a second, schedules run a
//! second early; nothing else happens.

use std::time::Duration;

use forebay_domain::{
    schedule::{self, Schedule},
    scope::Scope,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio_postgres::{GenericClient, Row, types::Type};

use crate::{error::Result, jobs::Receipt, row::ReadRow, sources::Source};

/// Claims due schedules.
pub const CLAIM_DUE: &str = include_str!("schedules/claim_due.sql");

/// A schedule to declare.
#[derive(Clone, Debug)]
pub struct ScheduleSpec {
    /// The scope to scrape.
    pub scope: Scope,
    /// When to scrape it.
    pub schedule: Schedule,
    /// False: it is stored but not run.
    pub enabled: bool,
}

/// A stored schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleRow {
    /// The source.
    pub source_id: i32,
    /// The source's name.
    pub source_name: String,
    /// The scope, as text.
    pub scope: String,
    /// `every 6h`, or five cron fields.
    pub expression: String,
    /// The IANA time zone of cron fields.
    pub time_zone: String,
    /// The longest delay, in seconds.
    pub jitter_seconds: f64,
    /// Neither the schedule nor its source is disabled.
    pub enabled: bool,
    /// When it runs next; `None`: never.
    pub next_due_at: Option<Timestamp>,
    /// The due time it last ran for.
    pub last_due_at: Option<Timestamp>,
    /// The run that was started for that time.
    pub last_run_id: Option<i64>,
    /// When the worker's claim expires.
    pub claimed_until: Option<Timestamp>,
    /// The worker that claimed it.
    pub claimed_by: Option<String>,
}

/// A due schedule, claimed by the caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// The schedule at the time of the claim.
    pub row: ScheduleRow,
    /// The due time it runs for.
    pub due_at: Timestamp,
    /// The receipt of the claim.
    pub claim: Receipt,
}

/// Declares the schedules of a source for its project: adds, changes and removes. Unchanged schedules are not written.
/// Returns the number of written and deleted rows.
pub async fn declare(
    client: &impl GenericClient,
    source: &Source,
    specs: &[ScheduleSpec],
    now: Timestamp,
) -> Result<u64> {
    let scopes: Vec<String> = specs.iter().map(|spec| spec.scope.to_string()).collect();
    let expressions: Vec<&str> = specs.iter().map(|spec| spec.schedule.expression()).collect();
    let time_zones: Vec<&str> = specs.iter().map(|spec| zone_name(spec.schedule.time_zone())).collect();
    let jitters: Vec<f64> = specs.iter().map(|spec| spec.schedule.jitter().as_secs_f64()).collect();
    let enabled: Vec<bool> = specs.iter().map(|spec| spec.enabled).collect();
    let next: Vec<Option<Timestamp>> = specs
        .iter()
        .map(|spec| spec.schedule.next_after(now, schedule::jitter(&source.name, &spec.scope)))
        .collect();
    let row = client
        .query_typed_one(
            include_str!("schedules/declare.sql"),
            &[
                (&source.source_id, Type::INT4),
                (&scopes, Type::TEXT_ARRAY),
                (&expressions, Type::TEXT_ARRAY),
                (&time_zones, Type::TEXT_ARRAY),
                (&jitters, Type::FLOAT8_ARRAY),
                (&enabled, Type::BOOL_ARRAY),
                (&next, Type::TIMESTAMPTZ_ARRAY),
                (&source.project, Type::TEXT),
            ],
        )
        .await?;
    row.count("num_written")
}

/// The sources that a worker can scrape, by name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scrapable<'a> {
    /// Enabled sources.
    pub enabled: &'a [&'a str],
    /// Disabled sources whose fallbacks stand in for them.
    pub disabled: &'a [&'a str],
}

/// Claims at most `limit` schedules of the sources in `scrapable` that are due at `now`, longest due first, for
/// `lease`.
pub async fn claim_due(
    client: &impl GenericClient,
    now: Timestamp,
    lease: Duration,
    worker: &str,
    limit: u32,
    scrapable: Scrapable<'_>,
) -> Result<Vec<Due>> {
    let rows = client
        .query_typed(
            CLAIM_DUE,
            &[
                (&now, Type::TIMESTAMPTZ),
                (&until(now, lease), Type::TIMESTAMPTZ),
                (&worker, Type::TEXT),
                (&i64::from(limit), Type::INT8),
                (&scrapable.enabled, Type::TEXT_ARRAY),
                (&scrapable.disabled, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    let due = |row: &Row| -> Result<Due> {
        Ok(Due { row: from_row(row)?, due_at: row.read("next_due_at")?, claim: row.read("claim")? })
    };
    rows.iter().map(due).collect()
}

/// Extends the claim to `lease` from `now`; false if the caller no longer owns it. A zero lease releases it.
pub async fn extend(client: &impl GenericClient, due: &Due, now: Timestamp, lease: Duration) -> Result<bool> {
    let statement = "update forebay.source_schedules set claimed_until = $4 \
         where source_id = $1 and scope = $2 and claim = $3";
    let num_rows = client
        .execute_typed(
            statement,
            &[
                (&due.row.source_id, Type::INT4),
                (&due.row.scope, Type::TEXT),
                (&due.claim, Type::UUID),
                (&until(now, lease), Type::TIMESTAMPTZ),
            ],
        )
        .await?;
    Ok(num_rows == 1)
}

/// Ends a due schedule, regardless of the result, and sets its next time; false if the caller no longer owns the claim.
///
/// If the schedule was declared differently in the meantime, it keeps the time from its new declaration.
pub async fn finish(
    client: &impl GenericClient,
    due: &Due,
    run_id: Option<i64>,
    now: Timestamp,
) -> Result<bool> {
    let num_rows = client
        .execute_typed(
            include_str!("schedules/finish.sql"),
            &[
                (&due.row.source_id, Type::INT4),
                (&due.row.scope, Type::TEXT),
                (&due.claim, Type::UUID),
                (&due.due_at, Type::TIMESTAMPTZ),
                (&due.next_after(now), Type::TIMESTAMPTZ),
                (&run_id, Type::INT8),
            ],
        )
        .await?;
    Ok(num_rows == 1)
}

/// The next due time of the sources in `scrapable`, claimed or not; `None`: there is none.
pub async fn next_due_at(client: &impl GenericClient, scrapable: Scrapable<'_>) -> Result<Option<Timestamp>> {
    let statement = "select min(c.next_due_at) as next_due_at from forebay.source_schedules as c \
         join forebay.sources as s using (source_id) \
         where c.enabled and (s.name = any($1) and s.enabled or s.name = any($2))";
    let names = [(&scrapable.enabled as _, Type::TEXT_ARRAY), (&scrapable.disabled as _, Type::TEXT_ARRAY)];
    client.query_typed_one(statement, &names).await?.read("next_due_at")
}

/// All schedules, by source and scope.
pub async fn list(client: &impl GenericClient) -> Result<Vec<ScheduleRow>> {
    let rows = client.query_typed(include_str!("schedules/list.sql"), &[]).await?;
    rows.iter().map(from_row).collect()
}

impl Due {
    /// The time after `now`, from the claimed schedule. `None` also if this machine doesn't know the time zone; the
    /// next declaration sets it again.
    fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        let time_zone = TimeZone::get(&self.row.time_zone).ok()?;
        let jitter = SignedDuration::try_from_secs_f64(self.row.jitter_seconds).ok()?;
        let schedule = Schedule::new(&self.row.expression, time_zone, jitter).ok()?;
        let scope = self.row.scope.parse().ok()?;
        schedule.next_after(now, schedule::jitter(&self.row.source_name, &scope))
    }
}

fn zone_name(time_zone: &TimeZone) -> &str {
    time_zone.iana_name().unwrap_or("UTC")
}

fn until(now: Timestamp, lease: Duration) -> Timestamp {
    now.checked_add(lease).unwrap_or(Timestamp::MAX)
}

fn from_row(row: &Row) -> Result<ScheduleRow> {
    Ok(ScheduleRow {
        source_id: row.read("source_id")?,
        source_name: row.read("source_name")?,
        scope: row.read("scope")?,
        expression: row.read("expression")?,
        time_zone: row.read("time_zone")?,
        jitter_seconds: row.read("jitter_seconds")?,
        enabled: row.read("enabled")?,
        next_due_at: row.read("next_due_at")?,
        last_due_at: row.read("last_due_at")?,
        last_run_id: row.read("last_run_id")?,
        claimed_until: row.read("claimed_until")?,
        claimed_by: row.read("claimed_by")?,
    })
}
