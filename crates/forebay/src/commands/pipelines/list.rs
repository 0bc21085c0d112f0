//! `forebay pipelines list`: all pipelines with their state.

use forebay_views::{Page, PipelineState, read};

use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{self, Report, Table, Tone, format, table::Column},
};

/// List pipelines with their state and the number of waiting hand-offs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay pipelines list")]
pub(crate) struct Args {}

/// Runs the command.
pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    context.report(async |database| read::pipelines::page(&database.client().await?).await).await
}

/// The state in words.
fn words(pipeline: &PipelineState) -> String {
    match (&pipeline.reason_code, pipeline.failing_since) {
        (Some(reason), _) => format!("{} ({reason})", pipeline.state),
        (None, Some(since)) => {
            format!("{}, failing since {}", pipeline.state, format::timestamp(since.get()))
        }
        (None, None) => pipeline.state.clone(),
    }
}

impl Report for Page<PipelineState> {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::text("pipeline"),
            Column::text("handler").minor(),
            Column::text("source").minor(),
            Column::text("state"),
            Column::number("waiting"),
        ]);
        for line in &self.items {
            let tone = match (&line.reason_code, line.failing_since) {
                (Some(_), _) => Tone::Bad,
                (None, Some(_)) => Tone::Warning,
                (None, None) => Tone::Good,
            };
            let cells = [
                line.pipeline.clone(),
                line.handler.clone(),
                line.source.clone().unwrap_or_else(|| "*".to_owned()),
                words(line),
                format::count(line.num_waiting),
            ];
            table.toned_row(tone, cells);
        }
        page.table(&table, "no pipelines");
    }
}

impl Report for PipelineState {
    fn write(&self, page: &mut ui::Page) {
        let waiting = format::counted(self.num_waiting, "waiting hand-off");
        page.line(&format!("{}: {}; {waiting}", format::plain(&self.pipeline), words(self)));
    }
}
