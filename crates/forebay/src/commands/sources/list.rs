//! `forebay sources list`: all sources with their totals.

use forebay_store::{connect::Database, schedules, sources};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, Table, format, table::Column},
};

/// List sources with their references and latest run
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay sources list")]
pub(crate) struct Args {}

/// What is printed. Its fields are stable.
#[derive(Debug, Serialize)]
struct SourcesReport {
    sources: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    source: String,
    entity_type: String,
    /// None: its records are brought by others.
    kind: Option<String>,
    enabled: bool,
    key_fields: Vec<String>,
    active: i64,
    removed: i64,
    last_run_at: Option<Timestamp>,
    /// It has a schedule, by the configuration that it was declared with.
    is_scheduled: bool,
    /// When the first of its scopes is scraped by itself; none: it has no schedule, or no worker has declared it yet.
    next_due_at: Option<Timestamp>,
}

/// Runs the command.
pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    let database = context.database().await?;
    let report = read(&database).await;
    database.close().await?;
    context.ui.show(&report?)?;
    Ok(Exit::Done)
}

async fn read(database: &Database) -> Result<SourcesReport, Failure> {
    let client = database.client().await?;
    let summaries = sources::list(&**client).await?;
    let schedules = schedules::list(&**client).await?;
    let next_due_at = |source_id: i32| {
        let of_source = schedules.iter().filter(|row| row.source_id == source_id && row.enabled);
        of_source.filter_map(|row| row.next_due_at).min()
    };
    let lines = summaries.into_iter().map(|summary| Line {
        next_due_at: next_due_at(summary.source.source_id),
        is_scheduled: summary.source.settings.get("schedule").is_some_and(|schedule| !schedule.is_null()),
        source: summary.source.name,
        entity_type: summary.source.entity_type,
        kind: summary.source.kind,
        enabled: summary.source.enabled,
        key_fields: summary.source.key_fields,
        active: summary.num_active,
        removed: summary.num_removed,
        last_run_at: summary.last_run_at,
    });
    Ok(SourcesReport { sources: lines.collect() })
}

impl Report for SourcesReport {
    fn write(&self, page: &mut Page) {
        // Most have no schedule, and the table is wide as it is.
        let has_schedules = self.sources.iter().any(|line| line.is_scheduled || line.next_due_at.is_some());
        let next_due = has_schedules.then(|| Column::text("next due, UTC"));
        let columns = [
            Column::text("source"),
            Column::text("entity"),
            Column::text("kind"),
            Column::text("key"),
            Column::number("active"),
            Column::number("removed"),
            Column::text("last run"),
        ];
        let mut table = Table::new(columns.into_iter().chain(next_due));
        for line in &self.sources {
            table.row([
                line.source.clone(),
                line.entity_type.clone(),
                match (&line.kind, line.enabled) {
                    (None, _) => String::new(),
                    (Some(kind), true) => kind.clone(),
                    (Some(kind), false) => format!("{kind} (not enabled)"),
                },
                line.key_fields.join(", "),
                format::count(line.active.unsigned_abs()),
                format::count(line.removed.unsigned_abs()),
                line.last_run_at.map_or_else(|| "none has ended".to_owned(), format::timestamp),
                match line.next_due_at {
                    Some(at) => format::minute(at),
                    None if line.is_scheduled && line.enabled => "when a worker first runs".to_owned(),
                    None => String::new(),
                },
            ]);
        }
        page.table(&table, "no sources yet; `forebay persist` brings records in");
    }
}
