//! `forebay handoffs resume`: lifts the pauses of a pipeline.

use forebay_views::{Resumed, decide::pipelines::resume};

use super::pause::sentence;
use crate::{
    cli::{values, why::Why},
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, format},
};

/// Lift the pauses of a pipeline and of its keys, or of one key
///
/// Also those that the receiver asked for. What waited because of them is due at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs resume webhook
  forebay handoffs resume webhook --key api.example.org")]
pub(crate) struct Args {
    /// The pipeline
    #[arg(value_name = "PIPELINE", value_parser = values::name)]
    pipeline: String,

    /// Only the pause of this value of the pipeline's `limits.key`
    #[arg(long, value_name = "K", value_parser = values::name)]
    key: Option<String>,

    #[command(flatten)]
    why: Why,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let by = args.why.actor();
    context.report(async |database| resume(database, &args.pipeline, args.key.as_deref(), &by).await).await
}

impl Report for Resumed {
    fn write(&self, page: &mut Page) {
        if self.lifted.is_empty() {
            page.line(&format!("{}: it was not paused", format::plain(&self.pipeline)));
        }
        for pause in &self.lifted {
            page.line(&format!("resumed; before: {}", sentence(pause)));
        }
    }
}
