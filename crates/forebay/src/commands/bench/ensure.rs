//! `forebay bench ensure`: thousands ask for the same stale data at the same moment, from several processes, and the
//! source may be scraped once.
//!
//! Nothing is timed while they ask: what counts is how often the source was scraped and what everybody got. A process
//! can be killed while it scrapes (`--kill`); then another one has to take over, once. Afterwards the two cheap ways to
//! an answer are measured, from memory and from the ledger.

mod callers;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::value_parser;
use forebay_domain::{freshness::FreshnessPolicy, scope::Scope};
use forebay_engine::ensure::{AnsweredFrom, EnsureOptions, Ensured, Gate, Wanted};
use forebay_store::{
    bench::{SCRATCH, ensure as ledger},
    connect::Database,
    migrations,
};

use self::callers::{Answers, Callers};
use super::{
    expect, in_scratch, median,
    report::{BenchReport, Measure, Ratio},
    scrape::{site::Site, source},
};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

pub(super) use callers::{Args as AskArgs, run as ask};

/// Ask for the same stale data from many callers, and see that its source is scraped once
///
/// The callers are spread over processes. Fails unless the source was scraped exactly once and everybody got fresh
/// data. Then shows what an answer from memory and from the ledger takes. Uses a site on loopback, and a database of
/// its own that is dropped afterwards.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay bench ensure
  forebay bench ensure --kill
  forebay bench ensure --callers 400 --processes 4 --output json")]
pub(crate) struct Args {
    /// How many callers ask, all together
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = value_parser!(u64).range(1..))]
    callers: u64,
    /// How many processes they are spread over
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u64).range(1..=32))]
    processes: u64,
    /// Kill the process that scrapes (SIGKILL) in the middle of it
    #[arg(long)]
    kill: bool,
    /// After so many seconds without a word a process that scrapes is taken for dead
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u64).range(1..=3600))]
    lease: u64,
}

/// The site: a list and the courses on it, each of which takes its time.
const NUM_PAGES: u64 = 40;
const DELAY: Duration = Duration::from_millis(200);
/// The same when a process is to be killed before it has all of them.
const LONG_DELAY: Duration = Duration::from_millis(600);
/// A process is in the middle of a scrape when it has asked for so many pages.
const MIDDLE: u32 = 2;
/// Other scopes in the ledger.
const NUM_SCOPES: i32 = 10_000;
/// From memory so many answers in a stretch, and so many stretches, of which the median counts.
const NUM_FROM_MEMORY: u32 = 100_000;
const NUM_STRETCHES: usize = 5;
/// From the ledger so many.
const NUM_FROM_LEDGER: u32 = 1_000;
/// What an answer from memory may take.
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

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.kill && args.processes < 2 {
        return Err(Failure::usage("nobody_left", "with one process nobody is left who could take over")
            .hint("raise --processes, or leave out --kill"));
    }
    let database = context.bare_database().await?;
    let found = in_scratch(&database, async |scratch| measure(args, &database, scratch, context).await).await;
    database.close().await?;
    context.ui.show(&report(args, &found?))?;
    Ok(Exit::Done)
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

    context.ui.note(&format!("{} callers in {} processes", args.callers, args.processes));
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
        context.ui.note(&format!("killing process {scraping}, which is scraping"));
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
    expect("the number of scrapes that were closed as aborted", runs.num_aborted, num_killed)?;
    expect("the number of scrapes that ended in another way", runs.num_other, 0)?;
    expect("the number of callers that got fresh data", answers.num_fresh, num_expected)?;
    expect(
        "the number of callers that were told how many records there are",
        answers.num_told,
        num_expected,
    )?;

    context.ui.note("measuring answers from memory and from the ledger");
    let memory = from_memory(scratch, &site.url, lease).await?;
    let (ledger, reads_per_answer) = from_ledger(database, &site.url, lease).await?;
    Ok(Found { num_killed, answers, num_expected, elapsed, runs, memory, ledger, reads_per_answer })
}

/// Waits until one of the processes is in the middle of a scrape, and tells which.
async fn in_the_middle(site: &mut Site) -> Result<u64, Failure> {
    let mut num_asked: BTreeMap<u64, u32> = BTreeMap::new();
    loop {
        // What else asked were not the callers.
        let Ok(number) = site.next_caller().await?.parse::<u64>() else { continue };
        let so_far = num_asked.entry(number).or_default();
        *so_far += 1;
        if *so_far >= MIDDLE {
            return Ok(number);
        }
    }
}

/// What everybody asks for.
fn wanted() -> Wanted {
    Wanted { entity_type: source::ENTITY_TYPE.to_owned(), scope: Scope::default() }
}

/// A gate of its own, as each process has one.
fn gate(database: &Arc<Database>, url: &str, caller: &str, lease: Duration) -> Result<Gate, Failure> {
    let policy = FreshnessPolicy::shipped(source::ENTITY_TYPE);
    let policies = BTreeMap::from([(source::ENTITY_TYPE.to_owned(), policy)]);
    Ok(Gate::with_lease(source::scraper(Arc::clone(database), url, caller)?, policies, lease))
}

async fn ask_once(gate: &Gate) -> Result<Arc<Ensured>, Failure> {
    let answer = gate.ensure(&wanted(), EnsureOptions::default()).await;
    if answer.success && answer.is_fresh {
        return Ok(answer);
    }
    let why = answer.error.as_ref().map_or("for no reason", |error| error.message.as_str());
    Err(Failure::new("bench_failed", format!("no fresh data: {why}")))
}

/// How long one answer from memory takes.
async fn from_memory(scratch: &Arc<Database>, url: &str, lease: Duration) -> Result<Duration, Failure> {
    let gate = gate(scratch, url, "memory", lease)?;
    ask_once(&gate).await?;
    let wanted = wanted();
    let mut stretches = Vec::new();
    for _ in 0..NUM_STRETCHES {
        let mut num_from_memory = 0;
        let started = Instant::now();
        for _ in 0..NUM_FROM_MEMORY {
            let answer = gate.ensure(&wanted, EnsureOptions::default()).await;
            num_from_memory += u32::from(answer.source == AnsweredFrom::Memory);
        }
        stretches.push(started.elapsed());
        expect("the number of answers from memory", num_from_memory.into(), NUM_FROM_MEMORY.into())?;
    }
    Ok(median(stretches) / NUM_FROM_MEMORY)
}

/// How long one answer from the ledger takes, and how often a table is read for it.
async fn from_ledger(database: &Database, url: &str, lease: Duration) -> Result<(Duration, f64), Failure> {
    // A pool of its own makes one connection, because one asks after the other, and so counts all of them.
    let own = Arc::new(database.sibling(SCRATCH).await?);
    // Only who has not asked before asks the ledger.
    let gates: Vec<Gate> =
        (0..NUM_FROM_LEDGER).map(|_| gate(&own, url, "ledger", lease)).collect::<Result<_, _>>()?;
    let before = ledger::scans(&**own.client().await?).await?;
    let mut num_from_ledger = 0;
    let started = Instant::now();
    for gate in &gates {
        let answer = gate.ensure(&wanted(), EnsureOptions::default()).await;
        num_from_ledger += u64::from(answer.source == AnsweredFrom::Ledger);
    }
    let elapsed = started.elapsed();
    let after = ledger::scans(&**own.client().await?).await?;
    expect("the number of answers from the ledger", num_from_ledger, NUM_FROM_LEDGER.into())?;
    let num_reads = after.num_index - before.num_index;
    expect("the number of reads by an index for them", num_reads, NUM_FROM_LEDGER.into())?;
    expect("the number of tables that were read whole for them", after.num_whole - before.num_whole, 0)?;
    Ok((elapsed / NUM_FROM_LEDGER, num_reads as f64 / f64::from(NUM_FROM_LEDGER)))
}

fn report(args: &Args, found: &Found) -> BenchReport {
    let memory = found.memory.as_secs_f64() * 1e9;
    let count = |name, value: u64, unit| Measure::new(name, value as f64, unit);
    let measures = vec![
        count("callers", args.callers, "callers"),
        count("processes", args.processes, "processes"),
        count("processes_killed", found.num_killed, "processes"),
        count("scrapes", found.runs.num_complete, "runs"),
        count("scrapes_aborted", found.runs.num_aborted, "runs"),
        count("callers_expected", found.num_expected, "callers"),
        count("callers_succeeded", found.answers.num_fresh, "callers"),
        count("callers_by_scrape", found.answers.num_by_scrape, "callers"),
        count("callers_by_ledger", found.answers.num_by_ledger, "callers"),
        count("callers_by_memory", found.answers.num_by_memory, "callers"),
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
    BenchReport { bench: "ensure", machine: super::machine(), measures, ratios }
}
