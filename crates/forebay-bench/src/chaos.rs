//! `forebay-bench chaos`: changes come in while workers are killed, connections are cut, and Postgres crashes or is
//! away for some seconds. At the end every change must be ingested, into a table exactly once, and no event may have
//! been sent twice unless the worker that sent it was killed.
//!
//! It uses a server of its own in a temporary folder. Nothing is timed except the disturbance; only the verdict counts.

mod database;
mod dice;
mod receiver;
mod source;
mod stage;
mod worker;
mod workers;

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use clap::value_parser;
use forebay_engine::{clock, work::reconciliation};
use forebay_store::pipelines;
use tokio::time;

pub(crate) use self::worker::{Args as WorkerArgs, run as worker};
use self::{
    dice::Dice,
    receiver::Repetitions,
    source::Source,
    stage::{EXEC, Stage, TABLE, WEBHOOK},
    workers::Workers,
};
use crate::{
    context::Context,
    failure::Failure,
    report::{Measure, Ratio, Report},
};

/// Kill workers, cut connections and crash Postgres, and check that nothing is lost
///
/// Changes come in meanwhile. At the end every change must be ingested: into a table exactly once, through a command at
/// least once, and to a webhook once unless its worker was killed before it could report the response. Uses a private
/// server in a temporary folder, never the configured database.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay-bench chaos
  forebay-bench chaos --seconds 300 --changes 50000 --workers 4
  forebay-bench chaos --seed 7 --output json")]
pub(crate) struct Args {
    /// Seconds of disturbance
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Changes that come in meanwhile, approximately
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = value_parser!(u64).range(1..))]
    changes: u64,
    /// Workers at the same time
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u16).range(1..=32))]
    workers: u16,
    // Shorter than a lease: after it, another worker may send what a worker has sent and could not report.
    /// Seconds that the server is away after every second crash
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = value_parser!(u64).range(0..=50))]
    outage: u64,
    /// Seed of the changes and the disturbance [default: random]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// How often a worker is killed and replaced.
const KILL_EVERY: Duration = Duration::from_secs(1);
/// How often connections are cut.
const CUT_EVERY: Duration = Duration::from_millis(700);
/// How often the server crashes; twice in a shorter run.
const CRASH_EVERY: Duration = Duration::from_secs(10);
/// How much longer the disturbance may take until each kind of it has happened.
const DISTURB_PATIENCE: Duration = Duration::from_mins(5);
/// How long the work that is left at the end may take.
const DRAIN_PATIENCE: Duration = Duration::from_mins(10);
const POLL: Duration = Duration::from_millis(20);
/// Maximum number of events that are named if they were sent twice.
const MOST_NAMED: usize = 10;

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
struct Disturbance {
    num_kills: u64,
    num_crashes: u64,
    num_outages: u64,
    num_cuts: u64,
    /// Workers that ended without being killed.
    num_deaths: u64,
}

impl Disturbance {
    fn has_every_kind(&self) -> bool {
        self.num_kills > 0 && self.num_outages > 0 && self.num_cuts > 0
    }
}

/// Runs the benchmark.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Report, Failure> {
    let seed = args.seed.unwrap_or_else(|| clock::random_seed() >> 32);
    let mut stage = Stage::open(seed).await?;
    let report = play(args, seed, &mut stage, context).await;
    stage.close().await?;
    report
}

async fn play(args: &Args, seed: u64, stage: &mut Stage, context: &Context) -> Result<Report, Failure> {
    let mut source = Source::new(args.changes);
    context.output.note(&format!("seed {seed}: disturbing for {} s", args.seconds));
    let mut workers = Workers::start(args.workers, stage)?;
    let end = Instant::now() + Duration::from_secs(args.seconds);
    let database = stage.database()?;
    let changing = source.change_until(&database, args.changes, end, Dice(seed));
    let disturbing = disturb(args, stage, &mut workers, end, Dice(!seed));
    let (num_changes, disturbance) = tokio::try_join!(changing, disturbing)?;
    workers.kill_all().await?;
    context.output.note("draining what is left");
    drain(args, stage, &mut workers).await?;
    let repetitions = stage.receiver().repetitions(workers.killed());
    for event in repetitions.unexcused.iter().take(MOST_NAMED) {
        context.output.note(&format!("sent again without a kill: {event}"));
    }
    judge(args, seed, stage, &source, num_changes, disturbance, &repetitions).await
}

/// Kills, cuts and crashes until the time is over. On a loaded machine it goes on until each kind has happened.
async fn disturb(
    args: &Args,
    stage: &mut Stage,
    workers: &mut Workers,
    end: Instant,
    mut dice: Dice,
) -> Result<Disturbance, Failure> {
    let mut done = Disturbance::default();
    let crash_every = CRASH_EVERY.min(Duration::from_secs(args.seconds) / 2);
    let begun = Instant::now();
    let (mut kill_at, mut cut_at, mut crash_at) =
        (begun + KILL_EVERY, begun + CUT_EVERY, begun + crash_every);
    while Instant::now() < end || (!done.has_every_kind() && Instant::now() < end + DISTURB_PATIENCE) {
        done.num_deaths += workers.replace_dead(stage)?;
        let now = Instant::now();
        if now >= kill_at {
            let dead = workers.kill_one(&mut dice, stage).await?;
            done.num_kills += 1;
            kill_at = now + KILL_EVERY;
            // Waiting for the dead worker's lease would take too long. If the server is down, `drain` ends the lease.
            if let Ok(client) = stage.database()?.client().await {
                let _retried_by_drain = database::end_leases(&**client, Some(&dead)).await;
            }
        }
        if now >= cut_at {
            cut_at = now + CUT_EVERY;
            let most = 1 + u32::try_from(dice.below(4)).unwrap_or_default();
            if let Ok(client) = stage.database()?.client().await {
                // This fails if it cuts its own connection.
                done.num_cuts += database::cut(&**client, most).await.unwrap_or_default();
            }
        }
        if now >= crash_at {
            done.num_crashes += 1;
            let is_outage = done.num_crashes % 2 == 0;
            stage.crash(if is_outage { Duration::from_secs(args.outage) } else { Duration::ZERO }).await?;
            done.num_outages += u64::from(is_outage);
            crash_at = Instant::now() + crash_every;
        }
        time::sleep(POLL).await;
    }
    Ok(done)
}

/// Lets undisturbed workers finish. `judge` reports what they leave.
async fn drain(args: &Args, stage: &Stage, workers: &mut Workers) -> Result<(), Failure> {
    let deadline = Instant::now() + DRAIN_PATIENCE;
    let database = stage.database()?;
    while Instant::now() < deadline {
        let client = database.client().await?;
        // No worker is alive any more.
        database::end_leases(&**client, None).await?;
        drop(client);
        workers.drain(args.workers, stage, deadline).await?;
        let client = database.client().await?;
        if database::num_open(&**client).await? == 0 {
            break;
        }
        time::sleep(POLL).await;
    }
    Ok(())
}

async fn judge(
    args: &Args,
    seed: u64,
    stage: &Stage,
    source: &Source,
    num_changes: u64,
    disturbance: Disturbance,
    repetitions: &Repetitions,
) -> Result<Report, Failure> {
    let server = stage.database()?;
    let client = server.client().await?;
    let found = database::judge(&**client).await?;
    let stored: HashMap<String, i64> = database::stored(&**client).await?.into_iter().collect();
    let mut num_missing = 0;
    let delivered = stage.delivered()?;
    let run: BTreeSet<&str> = delivered.lines().collect();
    let sent = stage.receiver().events();
    for name in [TABLE, EXEC, WEBHOOK] {
        let Some(pipeline) = pipelines::find(&**client, name).await? else { continue };
        num_missing += reconciliation::verify(&server, &pipeline).await?.num_missing();
    }
    let latest = database::latest_events(&**client).await?;
    let num_not_run = latest.iter().filter(|event| !run.contains(event.as_str())).count() as u64;
    let num_not_sent = latest.iter().filter(|event| !sent.contains(*event)).count() as u64;
    let ratios = vec![
        Ratio::none("references_unlike_the_source", source.num_differing(&stored)),
        Ratio::none("rows_unlike_their_reference", found.num_differing),
        Ratio::none("references_written_twice", found.num_twice),
        Ratio::none("references_done_too_often", found.num_surplus),
        Ratio::none("references_not_given_to_exec", num_not_run),
        Ratio::none("references_not_sent_to_webhook", num_not_sent),
        Ratio::none("events_sent_again_without_a_kill", repetitions.unexcused.len() as u64),
        Ratio::none("references_without_handoff", num_missing),
        Ratio::none("handoffs_failed", found.num_failed),
        Ratio::none("handoffs_open", found.num_open),
        Ratio::none("claims_left", found.num_claims),
        // Without changes there is nothing to lose.
        Ratio::at_least("changes / 1", num_changes as f64, 1.0),
    ];
    let num_deliveries = delivered.lines().count() as u64;
    let measures = vec![
        Measure::count("seed", seed, "seed"),
        Measure::count("seconds", args.seconds, "s"),
        Measure::count("workers", args.workers.into(), "workers"),
        Measure::count("kills", disturbance.num_kills, "workers"),
        Measure::count("crashes", disturbance.num_crashes, "crashes"),
        Measure::count("outages", disturbance.num_outages, "outages"),
        Measure::count("cuts", disturbance.num_cuts, "connections"),
        // Workers that ended without being killed.
        Measure::count("deaths", disturbance.num_deaths, "workers"),
        Measure::count("changes", num_changes, "changes"),
        Measure::count("writes", found.num_writes, "rows"),
        Measure::count("attempts_failed", found.num_attempts_failed, "attempts"),
        Measure::count("deliveries", num_deliveries, "changes"),
        Measure::count("requests", repetitions.num_requests, "requests"),
        Measure::count("requests_repeated_after_a_kill", repetitions.num_excused, "requests"),
        Measure::count("repeated_deliveries", num_deliveries - run.len() as u64, "changes"),
    ];
    let has_failed = !ratios.iter().all(Ratio::is_met);
    let mut report = Report::new("chaos", measures, ratios);
    report.has_failed = has_failed;
    Ok(report)
}
