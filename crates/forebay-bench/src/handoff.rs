//! `forebay-bench handoff`: from enqueue to done with a handler that does nothing, against graphile-worker and pgmq.
//!
//! Each sample runs in a new database. Subjects take turns, because machines change their speed. All subjects get the
//! same hand-offs in the same batches, a server that has just been vacuumed, and fresh statistics before they drain. A
//! sample in which not everything was done is an error.
//!
//! To add a peer, write a file with its two figures and add a variant of [`Subject`] and its names in `report`.

mod database;
mod graphile_worker;
mod latency;
mod ours;
mod pgmq;
mod report;
mod subject;

use std::path::PathBuf;

use forebay_store::connect::Database;

use self::{
    graphile_worker::GraphileWorker,
    latency::Latencies,
    pgmq::Pgmq,
    subject::{Mode, SUBJECTS, Subject, make_up},
};
use crate::{
    context::Context,
    failure::Failure,
    report::{Peer, Report},
    scratch::in_scratch,
};

/// Measure the hand-off against graphile-worker and pgmq
///
/// Shows rates from enqueue to done with a handler that does nothing, the time from commit to the handler's start, and
/// how much a forgotten transaction slows a drain. A peer that is not named is reported as absent.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay-bench handoff
  forebay-bench handoff --graphile-worker ~/peers --pgmq-sql ~/peers/pgmq.sql
  forebay-bench handoff --handoffs 20000 --rounds 1 --output json")]
pub(crate) struct Args {
    /// Hand-offs to enqueue and to drain in each sample
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    handoffs: u64,
    /// Workers that drain at the same time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=32))]
    workers: u16,
    /// Samples of each subject; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// A folder in which `npm install graphile-worker` was run
    #[arg(long, value_name = "DIR")]
    graphile_worker: Option<PathBuf>,
    /// The SQL file that pgmq is installed from without an extension
    #[arg(long, value_name = "FILE")]
    pgmq_sql: Option<PathBuf>,
}

/// Runs the benchmark.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Report, Failure> {
    let database = context.database().await?;
    let report = measure(args, &database, context).await;
    database.close().await?;
    report
}

async fn measure(args: &Args, database: &Database, context: &Context) -> Result<Report, Failure> {
    let graphile_worker = match &args.graphile_worker {
        Some(folder) => Some(GraphileWorker::find(folder, context.target()?)?),
        None => None,
    };
    let pgmq = args.pgmq_sql.as_deref().map(Pgmq::read).transpose()?;
    let batches = make_up(args.handoffs);
    let mut samples = Vec::new();
    for round in 1..=args.rounds {
        context.output.note(&format!("round {round} of {}", args.rounds));
        for subject in SUBJECTS {
            let ours = async |mode, is_held_open| {
                in_scratch(database, async |scratch| {
                    ours::sample(scratch, &batches, mode, args.workers, is_held_open).await
                })
                .await
            };
            let sample = match (subject, &graphile_worker, &pgmq) {
                (Subject::Forebay(mode), ..) => ours(mode, false).await?,
                (Subject::ForebayHeldOpen(mode), ..) => ours(mode, true).await?,
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
    context.output.note("measuring from commit to start");
    let mut latencies: Vec<(Subject, Latencies)> = Vec::new();
    let ours = in_scratch(database, async |scratch| ours::latencies(scratch).await).await?;
    latencies.push((Subject::Forebay(Mode::Leased), ours));
    if let Some(peer) = &graphile_worker {
        let theirs = in_scratch(database, async |scratch| peer.latencies(scratch).await).await?;
        latencies.push((Subject::GraphileWorker, theirs));
    }
    let mut report = report::report(args.handoffs, args.workers, &samples, &latencies);
    report.peers = vec![
        Peer { name: "graphile-worker", version: graphile_worker.map(|peer| peer.version) },
        Peer { name: "pgmq", version: pgmq.map(|peer| peer.version) },
    ];
    Ok(report)
}
