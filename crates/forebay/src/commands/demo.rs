//! `forebay demo`: runs the demo, and prints each step when it is done.

mod report;

use std::{
    io::{self, IsTerminal},
    time::Instant,
};

use forebay_demo::{Stage, Step, Story};

use self::report::{StepReport, document};
use crate::{
    context::Context,
    failure::{Exit, Failure, of_demo},
};

/// Scrape, persist, hand off, ingest and search a sample site
///
/// Serves a sample site of courses and events on this machine and scrapes it four times: a first load, a replay that
/// writes nothing, a day with changes, and a broken page that is held for review. Without a configured database, it
/// starts a private Postgres in the data folder. The demo creates the database `forebay_demo` and drops it at the
/// end.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay demo
  forebay demo --keep
  forebay demo --data-dir /tmp/forebay-demo
  forebay demo --output json")]
pub(crate) struct Args {
    /// Keep the demo database for inspection; the next demo replaces it
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let started = Instant::now();
    let stage = Stage::open(context.target()?).await.map_err(of_demo)?;
    let played = play(&stage, context).await;
    // A failed demo also drops its database.
    let kept =
        if args.keep { stage.place().await.map(Some) } else { stage.drop_database().await.map(|()| None) };
    let shown = match (played, kept) {
        (Ok(steps), Ok(kept)) => {
            let is_private = kept.as_ref().is_some_and(|place| place.url.is_some());
            let document = document(steps, kept, started.elapsed());
            context.ui.show(&document).map(|()| is_private)
        }
        (Err(failure), _) => Err(failure),
        (_, Err(error)) => Err(of_demo(error)),
    };
    if matches!(shown, Ok(true)) && io::stdin().is_terminal() && !context.ui.is_json() {
        context.ui.note("\nThe private Postgres runs until you press Ctrl-C.");
        // If signals are unavailable, there is nothing to wait for.
        let _ = tokio::signal::ctrl_c().await;
    }
    let closed = stage.close().await;
    // The first error is the one to report.
    shown?;
    closed.map_err(of_demo)?;
    Ok(Exit::Done)
}

/// Runs all steps. In human form, each is printed when it is done.
async fn play(stage: &Stage, context: &Context) -> Result<Vec<Step>, Failure> {
    let mut story = Story::new(stage);
    let mut steps = Vec::new();
    while let Some(step) = story.next().await.map_err(of_demo)? {
        if !context.ui.is_json() {
            context.ui.show(&StepReport { step: &step })?;
        }
        steps.push(step);
    }
    Ok(steps)
}
