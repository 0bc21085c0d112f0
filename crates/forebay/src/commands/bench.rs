//! `forebay bench`: measurements against a named peer on this machine.
//!
//! Machines are noisy and differ, so what counts is the ratio to the peer in the same run.

mod chaos;
mod ensure;
mod handoff;
mod memory;
mod persist;
mod records;
mod report;
mod scrape;

use std::{fs, sync::Arc, thread, time::Duration};

use clap::Subcommand;
use forebay_store::{
    bench::{self, SCRATCH},
    connect::Database,
};

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Chaos(chaos::Args),
    Ensure(ensure::Args),
    Handoff(handoff::Args),
    Persist(persist::Args),
    Scrape(scrape::Args),
    // Parts that run as processes of their own.
    #[command(hide = true)]
    Ask(ensure::AskArgs),
    #[command(hide = true)]
    Crawl(scrape::CrawlArgs),
    #[command(hide = true)]
    Site(scrape::SiteArgs),
}

/// Runs one benchmark.
pub(crate) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Chaos(args) => chaos::run(args, context).await,
        Command::Handoff(args) => handoff::run(args, context).await,
        Command::Persist(args) => persist::run(args, context).await,
        Command::Ensure(args) => ensure::run(args, context).await,
        Command::Scrape(args) => scrape::run(args, context).await,
        Command::Ask(args) => ensure::ask(args, context).await,
        Command::Crawl(args) => scrape::crawl(args).await,
        Command::Site(args) => scrape::serve(args).await,
    }
}

/// Works in a database that was made for it.
async fn in_scratch<T>(
    database: &Database,
    work: impl AsyncFnOnce(&Arc<Database>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    bench::create_scratch(&**database.client().await?).await?;
    let scratch = Arc::new(database.sibling(SCRATCH).await?);
    let worked = work(&scratch).await;
    let closed = match Arc::into_inner(scratch) {
        Some(scratch) => scratch.close().await,
        // Whoever still has it loses it with the database.
        None => Ok(()),
    };
    bench::drop_scratch(&**database.client().await?).await?;
    let result = worked?;
    closed?;
    Ok(result)
}

/// The machine in a few words.
fn machine() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or(std::env::consts::ARCH, |rest| rest.trim_start_matches([' ', '\t', ':']));
    format!("{model}, {cores} cores, {}", std::env::consts::OS)
}

/// A figure is worth nothing if the work behind it was not done.
fn expect(what: &str, found: u64, expected: u64) -> Result<(), Failure> {
    if found == expected {
        return Ok(());
    }
    Err(Failure::new("bench_failed", format!("{what} is {found}, not {expected}")))
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied().unwrap_or_default()
}
