//! `forebay bench chaos`: changes come in while workers are killed, connections are cut and Postgres is stopped
//! without a goodbye; at the end all must have been ingested, into the table exactly once.
//!
//! Everything happens in a server of its own in a temporary folder. Nothing is timed here but the disturbance: what
//! counts is the verdict.

mod report;
mod source;
mod stage;
mod workers;

use std::{
    collections::{BTreeSet, HashMap},
    hash::{BuildHasher, RandomState},
    time::{Duration, Instant},
};

use clap::value_parser;
use forebay_engine::work::reconciliation;
use forebay_store::{bench::chaos, pipelines};
use tokio::time;

use self::{
    report::{ChaosReport, Check},
    source::Source,
    stage::{EXEC, Stage, TABLE},
    workers::Workers,
};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Kill workers, cut connections and crash Postgres, and see that nothing is lost
///
/// Changes come in all the while. At the end every change must be ingested: into a table exactly once, through a
/// command at least once. Uses a private server in a temporary folder, never the configured database.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay bench chaos
  forebay bench chaos --seconds 300 --changes 50000 --workers 4
  forebay bench chaos --seed 7 --output json")]
pub(crate) struct Args {
    /// How long to disturb
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// About how many changes come in meanwhile
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = value_parser!(u64).range(1..))]
    changes: u64,
    /// Workers at a time
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u16).range(1..=32))]
    workers: u16,
    /// Chooses the changes, and whom it hits [default: at random]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// A worker is killed this often, and another one started.
const KILL_EVERY: Duration = Duration::from_secs(1);
/// Connections are cut this often.
const CUT_EVERY: Duration = Duration::from_millis(700);
/// The server is crashed this often at least, and once in half of a short run.
const CRASH_EVERY: Duration = Duration::from_secs(10);
/// How long the work that is left at the end may take.
const DRAIN_PATIENCE: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(20);

/// A generator of numbers that are the same for the same seed (splitmix64).
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides.max(1)
    }
}

/// What was done to it.
#[derive(Clone, Copy, Debug, Default)]
struct Disturbance {
    num_kills: u64,
    num_crashes: u64,
    num_cuts: u64,
    /// Workers that ended without being killed.
    num_deaths: u64,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut stage = Stage::open().await?;
    let report = play(args, &mut stage, context).await;
    stage.close().await?;
    let report = report?;
    context.ui.show(&report)?;
    Ok(if report.holds { Exit::Done } else { Exit::Failed })
}

async fn play(args: &Args, stage: &mut Stage, context: &Context) -> Result<ChaosReport, Failure> {
    let seed = args.seed.unwrap_or_else(|| RandomState::new().hash_one(args.changes) >> 32);
    let mut source = Source::new(args.changes);
    context.ui.note(&format!("seed {seed}: disturbing for {} s", args.seconds));
    let mut workers = Workers::start(args.workers, stage)?;
    let end = Instant::now() + Duration::from_secs(args.seconds);
    let database = stage.database()?;
    let changing = source.change_until(&database, args.changes, end, Dice(seed));
    let disturbing = disturb(args, stage, &mut workers, end, Dice(!seed));
    let (num_changes, disturbance) = tokio::try_join!(changing, disturbing)?;
    workers.kill_all().await?;
    context.ui.note("working off what is left");
    drain(args, stage).await?;
    judge(args, seed, stage, &source, num_changes, disturbance).await
}

/// Kills, cuts and crashes until the time is over.
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
    while Instant::now() < end {
        done.num_deaths += workers.replace_dead(stage)?;
        let now = Instant::now();
        if now >= kill_at {
            let dead = workers.kill_one(&mut dice, stage).await?;
            done.num_kills += 1;
            kill_at = now + KILL_EVERY;
            // Nobody waits out the lease of the dead here. While the server is away this is left to the end.
            if let Ok(client) = stage.database()?.client().await {
                let _left_to_the_end = chaos::end_leases(&**client, Some(&dead)).await;
            }
        }
        if now >= cut_at {
            cut_at = now + CUT_EVERY;
            let most = 1 + u32::try_from(dice.below(4)).unwrap_or_default();
            if let Ok(client) = stage.database()?.client().await {
                // It may hit the one that asks.
                done.num_cuts += chaos::cut(&**client, most).await.unwrap_or_default();
            }
        }
        if now >= crash_at {
            stage.crash().await?;
            done.num_crashes += 1;
            crash_at = Instant::now() + crash_every;
        }
        time::sleep(POLL).await;
    }
    Ok(done)
}

/// Lets undisturbed workers finish. What they cannot is seen by the judgement.
async fn drain(args: &Args, stage: &Stage) -> Result<(), Failure> {
    let deadline = Instant::now() + DRAIN_PATIENCE;
    let database = stage.database()?;
    while Instant::now() < deadline {
        let client = database.client().await?;
        // No worker is alive.
        chaos::end_leases(&**client, None).await?;
        drop(client);
        Workers::drain(args.workers, stage, deadline).await?;
        let client = database.client().await?;
        if chaos::num_jobs(&**client).await? == 0 {
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
) -> Result<ChaosReport, Failure> {
    let database = stage.database()?;
    let client = database.client().await?;
    let found = chaos::judge(&**client).await?;
    let stored: HashMap<String, i64> = chaos::stored(&**client).await?.into_iter().collect();
    let mut num_lacking = 0;
    let mut num_undelivered = 0;
    let delivered = stage.delivered()?;
    let distinct: BTreeSet<&str> = delivered.lines().collect();
    for name in [TABLE, EXEC] {
        let Some(pipeline) = pipelines::find(&**client, name).await? else { continue };
        num_lacking += reconciliation::verify(&database, &pipeline).await?.num_lacking();
        if name == EXEC {
            let latest = chaos::latest_events(&**client, pipeline.pipeline_id).await?;
            num_undelivered = latest.iter().filter(|event| !distinct.contains(event.as_str())).count() as u64;
        }
    }
    let checks = vec![
        Check::none("references_unlike_the_source", source.num_differing(&stored)),
        Check::none("rows_unlike_their_reference", found.num_differing),
        Check::none("references_written_twice", found.num_twice),
        Check::none("references_done_too_often", found.num_surplus),
        Check::none("references_not_given_to_exec", num_undelivered),
        Check::none("lacking_by_conservation", num_lacking),
        Check::none("handoffs_not_done", found.num_open),
        Check::none("jobs_left", found.num_jobs),
        Check::none("claims_left", found.num_claims),
    ];
    let num_deliveries = delivered.lines().count() as u64;
    Ok(ChaosReport {
        bench: "chaos",
        seed,
        seconds: args.seconds,
        workers: args.workers,
        num_kills: disturbance.num_kills,
        num_crashes: disturbance.num_crashes,
        num_cuts: disturbance.num_cuts,
        num_deaths: disturbance.num_deaths,
        num_changes,
        num_writes: found.num_writes,
        num_attempts_failed: found.num_attempts_failed,
        num_deliveries,
        num_duplicates: num_deliveries - distinct.len() as u64,
        holds: num_changes > 0 && checks.iter().all(Check::holds),
        checks,
    })
}
