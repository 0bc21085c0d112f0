//! `forebay-bench ensure`: thousands of callers in several processes ask for the same stale data at the same moment,
//! and the source may be scraped only once.
//!
//! The number of scrapes and the answers to the callers are checked, not the time. With `--kill`, the process that
//! scrapes is killed, and exactly one other must take over. Afterwards the two cheap ways to an answer are measured:
//! from memory and from the ledger.

mod callers;
mod cheap;
mod gate;
mod ledger;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::value_parser;
use forebay_store::{connect::Database, migrations};

pub(crate) use self::callers::{Args as CallersArgs, run as callers};
use self::{
    callers::{Answers, Callers},
    cheap::{from_ledger, from_memory},
    gate::{ask_once, gate},
};
use crate::{
    context::Context,
    failure::Failure,
    report::{Measure, Ratio, Report},
    scrape::site::Site,
    scratch::{expect, in_scratch},
};

/// Ask for the same stale data from many callers, and check that its source is scraped once
///
/// The callers are spread over processes. Fails unless the source was scraped exactly once and every caller got fresh
/// data. Then measures answers from memory and from the ledger. Uses a site on loopback.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay-bench ensure
  forebay-bench ensure --kill
  forebay-bench ensure --callers 400 --processes 4 --output json")]
pub(crate) struct Args {
    /// Callers in total
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = value_parser!(u64).range(1..))]
    callers: u64,
    /// Processes they are spread over
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u64).range(1..=32))]
    processes: u64,
    /// Kill the process that scrapes (SIGKILL) during its scrape
    #[arg(long)]
    kill: bool,
    /// Seconds without a heartbeat after which a process that scrapes counts as dead
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u64).range(1..=3600))]
    lease: u64,
}

/// The site: a list and the courses on it, and the delay of each response.
const NUM_PAGES: u64 = 40;
const DELAY: Duration = Duration::from_millis(200);
/// The delay when a process must be killed before it has all pages.
const LONG_DELAY: Duration = Duration::from_millis(600);
/// A process is killed when it has asked for so many pages.
const MIDDLE: u32 = 2;
/// Other scopes in the ledger.
const NUM_SCOPES: i32 = 10_000;
/// Nanoseconds that an answer from memory may take.
const MEMORY_BUDGET_NS: f64 = 1_000.0;

/// What was found.
struct Found {
    num_killed: u64,
    answers: Answers,
    num_expected: u64,
    elapsed: Duration,
    runs: ledger::Runs,
    memory: Duration,
    ledger: Duration,
    reads_per_answer: f64,
}

/// Runs the benchmark.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Report, Failure> {
    if args.kill && args.processes < 2 {
        return Err(Failure::usage("no_process_left", "--kill needs a second process that takes over")
            .hint("raise --processes, or leave out --kill"));
    }
    let database = context.database().await?;
    let found = in_scratch(&database, async |scratch| measure(args, &database, scratch, context).await).await;
    database.close().await?;
    Ok(report(args, &found?))
}

async fn measure(
    args: &Args,
    database: &Database,
    scratch: &Arc<Database>,
    context: &Context,
) -> Result<Found, Failure> {
    let mut client = scratch.client().await?;
    migrations::ensure(&mut client, true).await?;
    let mut site = Site::slow(NUM_PAGES, if args.kill { LONG_DELAY } else { DELAY }).await?;
    let lease = Duration::from_secs(args.lease);
    // Synced once, long ago.
    let first = ask_once(&gate(scratch, &site.url, "first", lease)?).await?;
    ledger::age(&**client).await?;
    ledger::fill(&**client, NUM_SCOPES).await?;

    context.output.note(&format!("{} callers in {} processes", args.callers, args.processes));
    let mut processes = BTreeMap::new();
    for number in 0..args.processes {
        let share = args.callers / args.processes + u64::from(number < args.callers % args.processes);
        processes.insert(number, Callers::start(context, number, share, &site.url, lease).await?);
    }
    let started = Instant::now();
    for callers in processes.values_mut() {
        callers.go().await?;
    }
    let mut num_expected = args.callers;
    let num_killed = u64::from(args.kill);
    if args.kill {
        let scraping = in_the_middle(&mut site).await?;
        context.output.note(&format!("killing process {scraping} during its scrape"));
        if let Some(callers) = processes.remove(&scraping) {
            num_expected -= callers.kill().await?;
        }
    }
    let mut answers = Answers::default();
    for callers in processes.into_values() {
        answers.add(&callers.answers().await?);
    }
    let elapsed = started.elapsed();

    let runs = ledger::runs_after(&**client, first.run_id.unwrap_or_default()).await?;
    expect("the number of complete scrapes", runs.num_complete, 1)?;
    expect("the number of aborted scrapes", runs.num_aborted, num_killed)?;
    expect("the number of scrapes that ended in another way", runs.num_other, 0)?;
    expect("the number of callers that got fresh data", answers.num_fresh, num_expected)?;
    expect("the number of callers that got the number of records", answers.num_counted, num_expected)?;

    context.output.note("measuring answers from memory and from the ledger");
    let memory = from_memory(scratch, &site.url, lease).await?;
    let (ledger, reads_per_answer) = from_ledger(database, &site.url, lease).await?;
    Ok(Found { num_killed, answers, num_expected, elapsed, runs, memory, ledger, reads_per_answer })
}

/// Waits until one of the processes has asked for some pages, and returns its number.
async fn in_the_middle(site: &mut Site) -> Result<u64, Failure> {
    let mut num_asked: BTreeMap<u64, u32> = BTreeMap::new();
    loop {
        // Other names are those of gates outside of the callers.
        let Ok(number) = site.next_caller().await?.parse::<u64>() else { continue };
        let so_far = num_asked.entry(number).or_default();
        *so_far += 1;
        if *so_far >= MIDDLE {
            return Ok(number);
        }
    }
}

fn report(args: &Args, found: &Found) -> Report {
    let memory = found.memory.as_secs_f64() * 1e9;
    let measures = vec![
        Measure::count("callers", args.callers, "callers"),
        Measure::count("processes", args.processes, "processes"),
        Measure::count("processes_killed", found.num_killed, "processes"),
        Measure::count("scrapes", found.runs.num_complete, "runs"),
        Measure::count("scrapes_aborted", found.runs.num_aborted, "runs"),
        Measure::count("callers_expected", found.num_expected, "callers"),
        Measure::count("callers_succeeded", found.answers.num_fresh, "callers"),
        Measure::count("callers_by_scrape", found.answers.num_by_scrape, "callers"),
        Measure::count("callers_by_ledger", found.answers.num_by_ledger, "callers"),
        Measure::count("callers_by_memory", found.answers.num_by_memory, "callers"),
        Measure::new("elapsed", found.elapsed.as_secs_f64() * 1e3, "ms"),
        Measure::new("memory", memory, "ns/call"),
        Measure::new("ledger", found.ledger.as_secs_f64() * 1e6, "µs/call"),
        Measure::new("ledger_reads", found.reads_per_answer, "reads/call"),
    ];
    let ratios = vec![
        Ratio::at_most("scrapes / 1", found.runs.num_complete as f64, 1.0),
        Ratio::at_most("memory / 1 µs", memory / MEMORY_BUDGET_NS, 1.0),
        Ratio::at_most("ledger_reads / 1", found.reads_per_answer, 1.0),
    ];
    Report::new("ensure", measures, ratios)
}
