//! `forebay work`: runs the ingestion workers and the scheduled scrapes.

use forebay_engine::{clock, scrape::Scraper};
use forebay_views::WorkEvent;
use tokio_util::sync::CancellationToken;

use super::{
    service_manager,
    signals::Signals,
    worker::{Settings, Worker},
};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Ingest handed-off changes and run scheduled scrapes
///
/// Runs until stopped. Ctrl-C lets current work finish and returns the rest to the queue; a second one stops at once.
/// The exit code is then 130. You can run any number of workers on any number of machines: each hand-off and each
/// scheduled scrape goes to one of them.
///
/// With `--output json`, standard output is JSON Lines: one object for each event as it happens. The `event` of the
/// last line is `report` or, if the command fails, `error`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay work
  forebay work --drain
  forebay work --pipeline search --pipeline course_table
  forebay work --concurrency 4 --retention forever")]
pub(crate) struct Args {
    /// Stop when no work is left
    #[arg(long)]
    pub(crate) drain: bool,

    #[command(flatten)]
    pub(crate) worker: Settings,

    /// Create missing tables of pipelines again, accept replaced ones, and fill them
    #[arg(long)]
    pub(crate) create: bool,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    match open_and_work(args, context).await {
        // Standard output is JSON Lines of one schema, so the error is a line too.
        Err(failure) if context.ui.is_json() => {
            context.ui.line(&WorkEvent::Error { at: clock::now().into(), error: failure.view() })?;
            Ok(failure.exit_code())
        }
        ended => ended,
    }
}

async fn open_and_work(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let working = context.with_scraper(&config, args.worker.num_connections(&config), async |scraper| {
        Box::pin(work(args, context, scraper)).await
    });
    working.await
}

async fn work(args: &Args, context: &Context, scraper: &Scraper) -> Result<Exit, Failure> {
    let worker = Worker::prepare(&args.worker, context, scraper).await?;
    if args.create {
        worker.recreate_tables().await?;
    }
    let stopping = CancellationToken::new();
    let mut signals = Signals::listen()?;
    service_manager::ready();
    let impatient = async {
        signals.next().await;
        service_manager::stopping();
        stopping.cancel();
        signals.next().await;
    };
    let working = async {
        if args.drain { worker.drain(&stopping).await } else { worker.follow(&stopping, |_| {}).await }
    };
    let done = tokio::select! {
        done = working => done?,
        () = impatient => return Err(worker.cut_off().await),
    };
    let is_stopped = stopping.is_cancelled();
    let exit = worker.report(done).await?;
    Ok(if is_stopped { Exit::Interrupted } else { exit })
}
