//! `forebay bench handoff`: from enqueue to done with a handler that does nothing, against what people use today.
//!
//! Each sample is taken in a database of its own that was made for it, and the subjects take turns, because machines
//! change their speed. All get the same hand-offs in the same batches, a server that has just been settled, and fresh
//! statistics before they begin to work the queue off. A sample counts only if all of it was done.
//!
//! Adding a peer is adding a file with its two figures, a variant of [`Subject`] and its names in `report`.

mod graphile_worker;
mod latency;
mod ours;
mod pgmq;
mod report;

use std::{path::PathBuf, time::Duration};

use forebay_domain::identity::{ReferenceId, VersionHash};
use forebay_store::connect::Database;

use self::{graphile_worker::GraphileWorker, latency::Latencies, ours::Way, pgmq::Pgmq};
use super::{
    expect, in_scratch,
    report::{Peer, PeerReport},
};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Measure the hand-off against graphile-worker and pgmq
///
/// Shows rates from enqueue to done with a handler that does nothing, the time from commit to the handler's start, and
/// how much a forgotten transaction slows a drain. Peers that are not given are said to be absent. Uses databases of
/// its own that are dropped afterwards.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay bench handoff
  forebay bench handoff --graphile-worker ~/peers --pgmq-sql ~/peers/pgmq.sql
  forebay bench handoff --handoffs 20000 --rounds 1 --output json")]
pub(crate) struct Args {
    /// How many hand-offs to enqueue and to drain in each sample
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    handoffs: u64,
    /// How many workers drain at a time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=32))]
    workers: u16,
    /// How many samples to take of everything; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// A folder in which `npm install graphile-worker` was run
    #[arg(long, value_name = "DIR")]
    graphile_worker: Option<PathBuf>,
    /// The SQL file that pgmq is installed from without an extension
    #[arg(long, value_name = "FILE")]
    pgmq_sql: Option<PathBuf>,
}

/// So many hand-offs are enqueued in a transaction, as a window of persisting is.
const ENQUEUED_AT_ONCE: u64 = 10_000;
/// So many are taken at a time; every subject that can be told gets the same.
const TAKEN_AT_ONCE: u32 = 500;

/// A hand-off, as it crosses: what to ingest and at which content.
type Handoff = (ReferenceId, VersionHash);

/// Something that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Forebay(Way),
    /// The same while another session holds a snapshot.
    ForebayHeldOpen(Way),
    GraphileWorker,
    Pgmq,
}

/// Everybody, in the order in which they take turns.
const SUBJECTS: [Subject; 6] = [
    Subject::Forebay(Way::Inside),
    Subject::GraphileWorker,
    Subject::Forebay(Way::Outside),
    Subject::Pgmq,
    Subject::ForebayHeldOpen(Way::Inside),
    Subject::ForebayHeldOpen(Way::Outside),
];

/// How long all hand-offs took.
#[derive(Clone, Copy, Debug)]
struct Sample {
    enqueue: Duration,
    drain: Duration,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let database = context.bare_database().await?;
    let report = measure(args, &database, context).await;
    database.close().await?;
    context.ui.show(&report?)?;
    Ok(Exit::Done)
}

async fn measure(args: &Args, database: &Database, context: &Context) -> Result<PeerReport, Failure> {
    let graphile_worker = match &args.graphile_worker {
        Some(folder) => Some(GraphileWorker::find(folder, context.target()?)?),
        None => None,
    };
    let pgmq = args.pgmq_sql.as_deref().map(Pgmq::read).transpose()?;
    let batches = make_up(args.handoffs);
    let mut samples = Vec::new();
    for round in 1..=args.rounds {
        context.ui.note(&format!("round {round} of {}", args.rounds));
        for subject in SUBJECTS {
            let ours = async |way, is_held_open| {
                in_scratch(database, async |scratch| {
                    ours::sample(scratch, &batches, way, args.workers, is_held_open).await
                })
                .await
            };
            let sample = match (subject, &graphile_worker, &pgmq) {
                (Subject::Forebay(way), ..) => ours(way, false).await?,
                (Subject::ForebayHeldOpen(way), ..) => ours(way, true).await?,
                (Subject::GraphileWorker, Some(peer), _) => {
                    in_scratch(database, async |scratch| peer.sample(scratch, &batches, args.workers).await)
                        .await?
                }
                (Subject::Pgmq, _, Some(peer)) => {
                    in_scratch(database, async |scratch| peer.sample(scratch, &batches, args.workers).await)
                        .await?
                }
                (Subject::GraphileWorker | Subject::Pgmq, ..) => continue,
            };
            samples.push((subject, sample));
        }
    }
    context.ui.note("measuring from commit to start");
    let mut latencies: Vec<(Subject, Latencies)> = Vec::new();
    let ours = in_scratch(database, async |scratch| ours::latencies(scratch).await).await?;
    latencies.push((Subject::Forebay(Way::Outside), ours));
    if let Some(peer) = &graphile_worker {
        let theirs = in_scratch(database, async |scratch| peer.latencies(scratch).await).await?;
        latencies.push((Subject::GraphileWorker, theirs));
    }
    let peers = vec![
        Peer { name: "graphile-worker", version: graphile_worker.map(|peer| peer.version) },
        Peer { name: "pgmq", version: pgmq.map(|peer| peer.version) },
    ];
    Ok(report::report(args, &samples, &latencies, peers))
}

/// Hand-offs of as many references, in batches that are sorted by id as those of persisting are.
fn make_up(num_handoffs: u64) -> Vec<Vec<Handoff>> {
    let mut batches = Vec::new();
    for begin in (0..num_handoffs).step_by(usize::try_from(ENQUEUED_AT_ONCE).unwrap_or(usize::MAX)) {
        let end = num_handoffs.min(begin + ENQUEUED_AT_ONCE);
        let mut batch: Vec<Handoff> = (begin..end).map(handoff).collect();
        batch.sort_unstable_by_key(|handoff| handoff.0);
        batches.push(batch);
    }
    batches
}

/// The hand-off of one number.
fn handoff(number: u64) -> Handoff {
    let key = number.to_string();
    (ReferenceId::compute(ours::NAME, &key), VersionHash::of(key.as_bytes()))
}

fn count(batches: &[Vec<Handoff>]) -> u64 {
    batches.iter().map(|batch| batch.len() as u64).sum()
}
