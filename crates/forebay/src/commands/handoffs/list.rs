//! `forebay handoffs list`: lists hand-offs.

use forebay_domain::handoff::State;
use forebay_store::handoffs::HandoffFilter;
use forebay_views::read;
use jiff::Timestamp;

use crate::{
    cli::{moment::past, values},
    context::Context,
    failure::{Exit, Failure},
    ui::format,
};

/// List hand-offs, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs list
  forebay handoffs list --pipeline search --state failed
  forebay handoffs list --reason-code webhook_gone --since 3d")]
pub(crate) struct Args {
    /// Only this pipeline
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) pipeline: Option<String>,

    /// Only this state
    #[arg(long, value_name = "STATE", value_parser = values::word::<State>())]
    pub(crate) state: Option<State>,

    /// Only references of this source
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) source: Option<String>,

    /// Only this reason code, or this failure code of the last attempt
    #[arg(long, value_name = "CODE", value_parser = values::name)]
    pub(crate) reason_code: Option<String>,

    /// Only this failure code of the last attempt, such as `webhook_gone`
    #[arg(long, value_name = "CODE", value_parser = values::name)]
    pub(crate) failure_code: Option<String>,

    /// Only hand-offs that ended (or, if open, were queued) since this time or within this span (`2h`, `3d`)
    #[arg(long, value_name = "T", value_parser = past)]
    pub(crate) since: Option<Timestamp>,

    /// Start after this cursor: `next` of the previous page
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,

    /// Maximum number of hand-offs, newest first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let filter = HandoffFilter {
        pipeline: args.pipeline.clone(),
        state: args.state.map(|state| state.to_string()),
        reason_code: args.reason_code.clone(),
        failure_code: args.failure_code.clone(),
        source: args.source.clone(),
        since: args.since,
        limit: args.limit.into(),
        ..HandoffFilter::default()
    };
    let after = args.after.as_deref();
    let page = context
        .with_database(async |database| read::handoffs::page(&database.client().await?, filter, after).await)
        .await?;
    context.ui.show_page(&page)?;
    if page.items.iter().any(|handoff| handoff.state == State::Failed.as_str()) {
        context.ui.note(&format!("to retry those that failed: {}", args.retry()));
    }
    Ok(Exit::Done)
}

impl Args {
    /// The command that retries the failed hand-offs of this list.
    fn retry(&self) -> String {
        let mut command = "forebay handoffs retry --state failed".to_owned();
        let options = [
            ("--pipeline", &self.pipeline),
            ("--source", &self.source),
            ("--reason-code", &self.reason_code),
            ("--failure-code", &self.failure_code),
        ];
        for (option, value) in options {
            if let Some(value) = value {
                command.extend([" ", option, " ", &format::shell_word(value)]);
            }
        }
        if let Some(since) = self.since {
            command.extend([" --since ", &since.to_string()]);
        }
        command
    }
}
