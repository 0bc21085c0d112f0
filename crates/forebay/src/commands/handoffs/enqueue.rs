//! `forebay handoffs enqueue`: hands references off on demand.

use forebay_engine::operate;
use forebay_views::Requested;
use jiff::Timestamp;

use crate::{
    cli::{moment::future, values, why::Why},
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::{Page, Report, format},
};

/// Hand references off to a pipeline, whatever was handed off before
///
/// Their current content is handed off, with the reason `requested`. Waiting hand-offs of the same references are
/// replaced; one that a worker has claimed is followed by it. In SQL: `select forebay.enqueue('search', array[…])`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs enqueue courses/CSC-126 courses/MTH-230 --pipeline search
  forebay handoffs enqueue courses/CSC-126 --pipeline webhook --at 2h")]
pub(crate) struct Args {
    /// References: `NAME/RECORD_KEY` or UUIDs
    #[arg(value_name = "REFERENCE", required = true, value_parser = values::name)]
    references: Vec<String>,

    /// The pipeline
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pipeline: String,

    /// Ingest them at this time, or after this span (`2h`, `3d`) [default: now]
    #[arg(long, value_name = "TIME", value_parser = future)]
    at: Option<Timestamp>,

    #[command(flatten)]
    why: Why,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context
        .report(async |database| {
            let client = database.client().await?;
            names::pipelines(&client, [&args.pipeline]).await?;
            let ids = names::references(&client, &args.references).await?;
            drop(client);
            let num_handoffs =
                operate::enqueue(database, &args.pipeline, &ids, args.at, &args.why.actor()).await?;
            Ok(Requested { pipeline: args.pipeline.clone(), due_at: args.at.map(Into::into), num_handoffs })
        })
        .await
}

impl Report for Requested {
    fn write(&self, page: &mut Page) {
        let count = format::count(self.num_handoffs);
        let due = match self.due_at {
            Some(at) => format!(", due {}", format::timestamp(at.get())),
            None => String::new(),
        };
        page.line(&format!("enqueued: {count} for {}{due}", format::plain(&self.pipeline)));
    }
}
