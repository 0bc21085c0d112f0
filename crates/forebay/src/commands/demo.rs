//! `forebay demo`: everything at once, against a site of our own on loopback.
//!
//! The demo is a story in steps, one function each, told as they happen. A step shows figures that it has just read
//! and checks each claim that it makes, against the database's own word where there is one; a claim that does not
//! hold ends the demo with `demo_failed`. To add a step: write it, call it in [`play`], and mind that the ones before
//! it leave data behind.

mod broken;
mod first_day;
mod point_in_time;
mod replay;
mod report;
mod second_day;
mod stage;

use std::{
    io::{self, IsTerminal},
    time::Instant,
};

use self::{
    report::{Ending, Story},
    stage::Stage,
};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// See it work: a site is scraped, persisted, handed off, ingested and searched
///
/// A made-up site of courses and events is served on this machine. The first run loads it, the second shows that a
/// replay writes nothing, the third meets the changes of the next day, and a broken page is held. Without a configured
/// database a private Postgres is started in the data folder. The demo works in a database of its own, `forebay_demo`,
/// and drops it at the end.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay demo
  forebay demo --keep
  forebay demo --data-dir /tmp/forebay-demo
  forebay demo --output json")]
pub(crate) struct Args {
    /// Keep the demo's database, to look around in it; the next demo replaces it
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let started = Instant::now();
    let mut story = Story::new(&context.ui);
    let stage = Stage::set(context).await?;
    let played = play(&stage, &mut story).await;
    // A demo that failed leaves no database behind either.
    let left =
        if args.keep { stage.place(context).await.map(Some) } else { stage.clear().await.map(|()| None) };
    let ending = played.and(left).map(|kept| Ending { started, kept });
    let is_private = ending.as_ref().is_ok_and(Ending::is_private);
    let shown = ending.and_then(|ending| story.close(&ending));
    let waits = is_private && shown.is_ok() && io::stdin().is_terminal() && !context.ui.is_json();
    if waits {
        context.ui.note("\nThe private Postgres runs until Ctrl-C is pressed.");
        // Without signals there is nothing to wait for.
        let _ = tokio::signal::ctrl_c().await;
    }
    stage.leave().await?;
    shown.map(|()| Exit::Done)
}

async fn play(stage: &Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    let before = first_day::database(stage, story).await?;
    let loaded = first_day::scrape(stage, story, before).await?;
    first_day::ingest(stage, story, &loaded).await?;
    first_day::search(stage, story).await?;
    replay::replay(stage, story, &loaded).await?;
    let changes = second_day::scrape_and_ingest(stage, story).await?;
    point_in_time::compare(stage, story, &changes).await?;
    broken::scrape(stage, story).await
}
