//! `forebay handoffs pause`: pauses a pipeline, or one key of its limits.

use forebay_views::{Pause, decide::pipelines::pause};
use jiff::Timestamp;

use crate::{
    cli::{moment::future, values, why::Why},
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, format},
};

/// Pause a pipeline, or one key of its limits
///
/// Nothing more is claimed; attempts that began continue. Changes are still handed off, and wait. Replaces the time of
/// a pause that the receiver asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs pause webhook --for 2h
  forebay handoffs pause webhook --key api.example.org --until 2026-03-01T06:00:00Z")]
pub(crate) struct Args {
    /// The pipeline
    #[arg(value_name = "PIPELINE", value_parser = values::name)]
    pipeline: String,

    /// Only hand-offs with this value of the pipeline's `limits.key`
    #[arg(long, value_name = "K", value_parser = values::name)]
    key: Option<String>,

    /// Until this time, or for this span (`2h`, `3d`) [default: until it is resumed]
    #[arg(long, visible_alias = "for", value_name = "T", value_parser = future)]
    until: Option<Timestamp>,

    #[command(flatten)]
    why: Why,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let by = args.why.actor();
    context
        .report(async |database| pause(database, &args.pipeline, args.key.as_deref(), args.until, &by).await)
        .await
}

/// The pause as a sentence.
pub(super) fn sentence(pause: &Pause) -> String {
    let subject = match &pause.key {
        Some(key) => format!("{}, key {key}", pause.pipeline),
        None => pause.pipeline.clone(),
    };
    format!("{}: paused {}", format::plain(&subject), format::pause_end(pause.until.get()))
}

impl Report for Pause {
    fn write(&self, page: &mut Page) {
        page.line(&sentence(self));
    }
}
