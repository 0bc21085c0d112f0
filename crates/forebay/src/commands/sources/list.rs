//! `forebay sources list`: all sources with their totals.

use forebay_views::{EnabledState, Page, Source, read};

use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{self, Report, Table, format, table::Column},
};

/// List sources with their references and latest run
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay sources list")]
pub(crate) struct Args {}

/// Runs the command.
pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    context.report(async |database| read::sources::page(&database.client().await?, None).await).await
}

impl Report for Page<Source> {
    fn write(&self, page: &mut ui::Page) {
        // Most sources have no schedule, and the table is already wide.
        let has_schedules = self.items.iter().any(|line| line.is_scheduled || line.next_due_at.is_some());
        let next_due = has_schedules.then(|| Column::code("next due, UTC"));
        let columns = [
            Column::text("source"),
            Column::text("entity").minor(),
            Column::text("kind").minor(),
            Column::text("key").minor(),
            Column::number("active"),
            Column::number("removed").minor(),
            Column::code("last run"),
        ];
        let mut table = Table::new(columns.into_iter().chain(next_due));
        for line in &self.items {
            table.row([
                line.source.clone(),
                line.entity_type.clone(),
                match &line.kind {
                    None => String::new(),
                    Some(kind) if line.state == EnabledState::Disabled.as_str() => {
                        format!("{kind} (disabled)")
                    }
                    Some(kind) => kind.clone(),
                },
                line.key_fields.join(", "),
                format::count(line.num_active),
                format::count(line.num_removed),
                line.last_run_at.map_or_else(|| "none".to_owned(), |at| format::timestamp(at.get())),
                match line.next_due_at {
                    Some(at) => format::minute(at.get()),
                    None if line.is_scheduled && line.state == EnabledState::Enabled.as_str() => {
                        "when a worker first runs".to_owned()
                    }
                    None => String::new(),
                },
            ]);
        }
        page.table(&table, "no sources; add records with `forebay persist`");
    }
}
