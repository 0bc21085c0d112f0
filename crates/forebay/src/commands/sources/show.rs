//! `forebay sources show`: one source and its policy.

use forebay_domain::freshness::FreshnessPolicy;
use forebay_store::{
    connect::Database,
    runs::{self, RunFilter},
    schedules, stats,
    user_rows::{self, VersionCount},
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    cli::values,
    config::Config,
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::{Page, Report, Table, format, table::Column},
};

/// Show one source: key, policy, scopes and latest runs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay sources show courses")]
pub(crate) struct Args {
    /// Name of the source
    #[arg(value_name = "NAME", value_parser = values::name)]
    pub(crate) source: String,
}

/// How many of its latest runs are shown.
const NUM_RUNS: i64 = 5;

/// What is printed. Its fields are stable.
#[derive(Debug, Serialize)]
struct SourceReport {
    source: String,
    entity_type: String,
    key_fields: Vec<String>,
    parser_version: i32,
    /// None: its records are brought by others.
    kind: Option<String>,
    enabled: bool,
    fallback: Vec<String>,
    declared_at: Option<Timestamp>,
    settings: serde_json::Value,
    freshness: FreshnessLine,
    active: u64,
    removed: u64,
    policy: serde_json::Value,
    schedules: Vec<ScheduleLine>,
    scopes: Vec<ScopeLine>,
    /// Active references by the version of the contract that their rows were written for; only for `postgres`.
    versions: Vec<VersionLine>,
    latest_runs: Vec<RunLine>,
}

/// How old its entity type may become, as configured.
#[derive(Debug, Serialize)]
struct FreshnessLine {
    ttl_seconds: i64,
    stale_while_revalidate_seconds: i64,
    stale_if_error_seconds: i64,
    warn_after_seconds: Option<i64>,
    error_after_seconds: Option<i64>,
}

impl From<FreshnessPolicy> for FreshnessLine {
    fn from(policy: FreshnessPolicy) -> Self {
        Self {
            ttl_seconds: policy.ttl.as_secs(),
            stale_while_revalidate_seconds: policy.stale_while_revalidate.as_secs(),
            stale_if_error_seconds: policy.stale_if_error.as_secs(),
            warn_after_seconds: policy.warn_after.map(|after| after.as_secs()),
            error_after_seconds: policy.error_after.map(|after| after.as_secs()),
        }
    }
}

/// When a scope is scraped by itself.
#[derive(Debug, Serialize)]
struct ScheduleLine {
    scope: String,
    schedule: String,
    time_zone: String,
    enabled: bool,
    next_due_at: Option<Timestamp>,
    last_due_at: Option<Timestamp>,
    last_run_id: Option<i64>,
}

/// How much there is of one version of a contract.
#[derive(Debug, Serialize)]
pub(super) struct VersionLine {
    pub(super) contract_version: i16,
    pub(super) count: i64,
}

impl From<VersionCount> for VersionLine {
    fn from(count: VersionCount) -> Self {
        Self { contract_version: count.contract_version, count: count.count }
    }
}

/// The versions as a table; nothing where there are none.
pub(super) fn write_versions(page: &mut Page, heading: &str, versions: &[VersionLine]) {
    if versions.is_empty() {
        return;
    }
    page.heading(heading);
    let mut table = Table::new([Column::text("contract version"), Column::number("number")]);
    for line in versions {
        let version = match line.contract_version {
            0 => "0 (none)".to_owned(),
            version => version.to_string(),
        };
        table.row([version, format::count(line.count.unsigned_abs())]);
    }
    page.table(&table, "none");
}

#[derive(Debug, Serialize)]
struct ScopeLine {
    scope: String,
    active: u64,
    removed: u64,
}

#[derive(Debug, Serialize)]
struct RunLine {
    run_id: i64,
    scope: String,
    status: &'static str,
    reason_code: Option<String>,
    observed_at: Timestamp,
    ended_at: Option<Timestamp>,
    num_seen: u64,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let database = context.database().await?;
    let report = read(args, &config, &database).await;
    database.close().await?;
    context.ui.show(&report?)?;
    Ok(Exit::Done)
}

async fn read(args: &Args, config: &Config, database: &Database) -> Result<SourceReport, Failure> {
    let client = database.client().await?;
    let source = names::source(&client, &args.source).await?;
    let filter = RunFilter { source: Some(source.name.clone()), status: None, limit: NUM_RUNS };
    let latest = runs::list(&**client, &filter).await?;
    let scopes = stats::scopes(&**client, source.source_id).await?;
    let scheduled = schedules::list(&**client).await?;
    let scheduled = scheduled.into_iter().filter(|row| row.source_id == source.source_id);
    let versions = match source.kind.as_deref() {
        Some("postgres") => user_rows::references_by_version(&**client, source.source_id).await?,
        _ => Vec::new(),
    };
    Ok(SourceReport {
        versions: versions.into_iter().map(VersionLine::from).collect(),
        freshness: config.freshness(&source.entity_type).into(),
        source: source.name,
        entity_type: source.entity_type,
        key_fields: source.key_fields,
        parser_version: source.parser_version,
        kind: source.kind,
        enabled: source.enabled,
        fallback: source.fallback,
        declared_at: source.declared_at,
        settings: source.settings,
        schedules: scheduled
            .map(|row| ScheduleLine {
                scope: row.scope,
                schedule: row.expression,
                time_zone: row.time_zone,
                enabled: row.enabled,
                next_due_at: row.next_due_at,
                last_due_at: row.last_due_at,
                last_run_id: row.last_run_id,
            })
            .collect(),
        active: scopes.iter().map(|scope| scope.num_active).sum(),
        removed: scopes.iter().map(|scope| scope.num_removed).sum(),
        policy: source.policy,
        scopes: scopes
            .into_iter()
            .map(|scope| ScopeLine {
                scope: scope.scope,
                active: scope.num_active,
                removed: scope.num_removed,
            })
            .collect(),
        latest_runs: latest
            .into_iter()
            .map(|run| RunLine {
                run_id: run.run_id,
                scope: run.scope,
                status: run.status.as_str(),
                reason_code: run.reason_code,
                observed_at: run.observed_at,
                ended_at: run.ended_at,
                num_seen: run.counts.num_seen,
            })
            .collect(),
    })
}

impl Report for SourceReport {
    fn write(&self, page: &mut Page) {
        page.fields([
            ("source", self.source.clone()),
            ("entity", self.entity_type.clone()),
            ("key", self.key_fields.join(", ")),
            (
                "references",
                format!("{} active, {} removed", format::count(self.active), format::count(self.removed)),
            ),
        ]);
        if let Some(kind) = &self.kind {
            self.write_scraping(kind, page);
        }
        if !self.schedules.is_empty() {
            self.write_schedules(page);
        }
        page.heading("Policy");
        match &self.policy {
            serde_json::Value::Object(policy) if !policy.is_empty() => {
                page.fields(policy.iter().map(|(name, value)| (name.as_str(), value.to_string())));
            }
            _ => page.line("nothing but the defaults"),
        }
        page.heading("Scopes");
        let mut scopes =
            Table::new([Column::text("scope"), Column::number("active"), Column::number("removed")]);
        for scope in &self.scopes {
            let (active, removed) = (format::count(scope.active), format::count(scope.removed));
            scopes.row([whole_if_empty(&scope.scope), active, removed]);
        }
        page.table(&scopes, "no references");
        write_versions(page, "References by contract version", &self.versions);
        page.heading("Latest runs");
        let mut latest = Table::new([
            Column::number("run"),
            Column::text("scope"),
            Column::code("status"),
            Column::code("reason"),
            Column::text("observed"),
            Column::number("seen"),
        ]);
        for run in &self.latest_runs {
            latest.row([
                run.run_id.to_string(),
                whole_if_empty(&run.scope),
                run.status.to_owned(),
                run.reason_code.clone().unwrap_or_default(),
                format::timestamp(run.observed_at),
                format::count(run.num_seen),
            ]);
        }
        page.table(&latest, "no runs");
    }
}

impl SourceReport {
    fn write_schedules(&self, page: &mut Page) {
        page.heading("Schedules");
        let mut schedules = Table::new([
            Column::text("scope"),
            Column::text("schedule"),
            Column::text("next due"),
            Column::text("last due"),
            Column::number("its run"),
        ]);
        for line in &self.schedules {
            let or_dash = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), format::timestamp);
            schedules.row([
                whole_if_empty(&line.scope),
                if line.time_zone == "UTC" {
                    line.schedule.clone()
                } else {
                    format!("{} ({})", line.schedule, line.time_zone)
                },
                if line.enabled { or_dash(line.next_due_at) } else { "not enabled".to_owned() },
                or_dash(line.last_due_at),
                line.last_run_id.map_or_else(|| "-".to_owned(), |run_id| run_id.to_string()),
            ]);
        }
        page.table(&schedules, "none");
    }

    fn write_scraping(&self, kind: &str, page: &mut Page) {
        page.heading("Scraping");
        let fresh_for = SignedDuration::from_secs(self.freshness.ttl_seconds);
        page.fields([
            ("kind", kind.to_owned()),
            ("enabled", if self.enabled { "yes" } else { "no" }.to_owned()),
            ("fallback", if self.fallback.is_empty() { "none".to_owned() } else { self.fallback.join(", ") }),
            ("fresh for", format!("{fresh_for:#}")),
            ("parser version", self.parser_version.to_string()),
            ("declared", self.declared_at.map_or_else(|| "not any more".to_owned(), format::timestamp)),
        ]);
    }
}

fn whole_if_empty(scope: &str) -> String {
    if scope.is_empty() { "(the whole source)".to_owned() } else { scope.to_owned() }
}
