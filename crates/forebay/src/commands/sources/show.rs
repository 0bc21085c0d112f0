//! `forebay sources show`: one source and its policy.

use forebay_views::{ContractVersionCount, SourceDetail, Time, read};
use jiff::SignedDuration;

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
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

/// The versions as a table; nothing if there are none.
pub(crate) fn write_versions(page: &mut Page, heading: &str, versions: &[ContractVersionCount]) {
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
        table.row([version, format::count(line.num_rows)]);
    }
    page.table(&table, "none");
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let policies = context.config()?.policies();
    context
        .report(async |database| {
            read::sources::detail(&database.client().await?, &args.source, &policies).await
        })
        .await
}

impl Report for SourceDetail {
    fn write(&self, page: &mut Page) {
        let source = &self.summary;
        page.fields([
            ("source", source.source.clone()),
            ("entity", source.entity_type.clone()),
            ("key", source.key_fields.join(", ")),
            (
                "references",
                format!(
                    "{} active, {} removed",
                    format::count(source.num_active),
                    format::count(source.num_removed)
                ),
            ),
        ]);
        if let Some(kind) = &source.kind {
            write_scraping(page, self, kind);
        }
        if !self.schedules.is_empty() {
            write_schedules(page, self);
        }
        if self.is_published {
            page.line("It is published: signed-in users of a web API may read its active references.");
        }
        page.heading("Policy");
        page.json_fields(self.policy.text(), "defaults only");
        if self.sends_end_line {
            page.line("An input of it has had an end line: without one, an input is incomplete.");
        }
        page.heading("Scopes");
        let mut scopes =
            Table::new([Column::text("scope"), Column::number("active"), Column::number("removed")]);
        for scope in &self.scopes {
            let (active, removed) = (format::count(scope.num_active), format::count(scope.num_removed));
            scopes.row([whole_if_empty(&scope.scope), active, removed]);
        }
        page.table(&scopes, "no references");
        write_versions(page, "References by contract version", &self.contract_versions);
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
                run.status.clone(),
                run.reason_code.clone().unwrap_or_default(),
                format::timestamp(run.observed_at.get()),
                format::count(run.counts.num_seen),
            ]);
        }
        page.table(&latest, "no runs");
    }
}

fn write_schedules(page: &mut Page, detail: &SourceDetail) {
    page.heading("Schedules");
    let mut schedules = Table::new([
        Column::text("scope"),
        Column::text("schedule"),
        Column::text("next due"),
        Column::text("last due"),
        Column::number("its run"),
    ]);
    for line in &detail.schedules {
        let or_dash = |at: Option<Time>| at.map_or_else(format::none, |at| format::timestamp(at.get()));
        schedules.row([
            whole_if_empty(&line.scope),
            if line.time_zone == "UTC" {
                line.schedule.clone()
            } else {
                format!("{} ({})", line.schedule, line.time_zone)
            },
            if line.is_enabled { or_dash(line.next_due_at) } else { "disabled".to_owned() },
            or_dash(line.last_due_at),
            line.last_run_id.map_or_else(|| "-".to_owned(), |run_id| run_id.to_string()),
        ]);
    }
    page.table(&schedules, "none");
}

fn write_scraping(page: &mut Page, detail: &SourceDetail, kind: &str) {
    page.heading("Scraping");
    let fresh_for = SignedDuration::from_secs(detail.freshness_policy.ttl_seconds);
    page.fields([
        ("kind", kind.to_owned()),
        ("state", detail.summary.state.clone()),
        (
            "fallback",
            if detail.summary.fallback.is_empty() {
                "none".to_owned()
            } else {
                detail.summary.fallback.join(", ")
            },
        ),
        ("fresh for", format!("{fresh_for:#}")),
        ("parser version", detail.parser_version.to_string()),
        ("project", detail.project.clone().unwrap_or_else(|| "none".to_owned())),
        (
            "declared",
            detail.declared_at.map_or_else(|| "no longer".to_owned(), |at| format::timestamp(at.get())),
        ),
    ]);
}

fn whole_if_empty(scope: &str) -> String {
    if scope.is_empty() { "(the whole source)".to_owned() } else { scope.to_owned() }
}
