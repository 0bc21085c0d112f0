//! `forebay workers list`: lists the workers.

use forebay_views::{Page, Worker, read};

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    ui::{self, Report, Table, Tone, format, table::Column},
};

/// List the workers with their claims
///
/// A worker of Forebay is dead if it was not seen for 30 seconds. A worker outside Forebay is dead if it was not
/// seen for ten minutes and its leases have expired. Handlers that work inside the database (`table`, `documents`)
/// claim nothing.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "\
Examples:
  forebay workers
  forebay workers list --pipeline search --output json")]
pub(crate) struct Args {
    /// Only workers of this pipeline
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pipeline: Option<String>,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context
        .report(async |database| read::workers::page(&database.client().await?, args.pipeline.as_ref()).await)
        .await
}

impl Report for Page<Worker> {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::text("worker"),
            Column::code("state"),
            Column::text("pipelines"),
            Column::number("hand-offs"),
            Column::text("last seen, UTC"),
            Column::text("lease until, UTC").minor(),
            Column::text("started, UTC").minor(),
            Column::text("version").minor(),
            Column::text("host").minor(),
            Column::number("pid").minor(),
        ]);
        for worker in &self.items {
            let tone = match &*worker.state {
                "working" => Tone::Good,
                "dead" if worker.num_handoffs > 0 => Tone::Bad,
                _ => Tone::Faint,
            };
            let text = |text: Option<&str>| text.map_or_else(format::none, format::plain);
            table.toned_row(
                tone,
                [
                    worker.worker.as_deref().map_or_else(|| "(no name)".to_owned(), format::plain),
                    worker.state.clone(),
                    format::plain(&worker.pipelines.join(", ")),
                    format::count(worker.num_handoffs),
                    format::minute(worker.last_seen_at.get()),
                    worker.lease_until.map_or_else(format::none, |until| format::minute(until.get())),
                    format::minute(worker.started_at.get()),
                    text(worker.version.as_deref()),
                    text(worker.host.as_deref()),
                    worker.pid.map_or_else(format::none, |pid| pid.to_string()),
                ],
            );
        }
        page.table(&table, "no workers");
    }
}
