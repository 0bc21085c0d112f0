//! `forebay handoffs pause`: pauses a pipeline, or one key of its limits.

use forebay_engine::operate;
use forebay_store::{connect::Client, pauses::UNTIL_RESUMED, pipelines::Pipeline};
use forebay_views::Pause;
use jiff::Timestamp;

use crate::{
    cli::{moment::future, values, why::Why},
    context::Context,
    failure::{Exit, Failure},
    names,
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
    let until = args.until.unwrap_or(UNTIL_RESUMED);
    context
        .report(async |database| {
            let client = database.client().await?;
            let pipeline = find(&client, &args.pipeline, args.key.as_deref()).await?;
            drop(client);
            operate::pause(database, &pipeline, args.key.as_deref(), until, &args.why.actor()).await?;
            Ok(Pause { pipeline: args.pipeline.clone(), key: args.key.clone(), until: until.into() })
        })
        .await
}

/// The pipeline of this name, which must have keys if there is one. Errors: `no_such_pipeline`, `no_limit_key`.
pub(super) async fn find(client: &Client, name: &String, key: Option<&str>) -> Result<Pipeline, Failure> {
    let pipeline = names::pipeline(client, name).await?;
    if key.is_some() && pipeline.spec.limits.key.is_none() {
        return Err(Failure::usage("no_limit_key", format!("the pipeline {name} has no limits by key"))
            .hint("leave out --key, or set `key` in [pipelines.NAME.limits]"));
    }
    Ok(pipeline)
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
