//! `forebay-bench serve`: the HTTP server as a process of its own, under the load of a team.
//!
//! Records are posted in pairs with `forebay persist` on the same input. Then, with all of them in the database, the
//! dashboard's first page is timed, and readers and followers of changes load the server while records come in and
//! Postgres crashes once.

mod follower;
mod http;
mod load;
mod page;
mod program;

use std::{
    io::{BufWriter, Write},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use clap::value_parser;
use tempfile::NamedTempFile;

use self::{
    follower::Follower,
    load::{Load, Outage},
    program::{Program, Server},
};
use crate::{
    context::Context,
    failure::Failure,
    own_server::OwnServer,
    records::write_record,
    report::{Measure, Ratio, Report},
    scratch::{expect, median, settle},
};

/// Measure the HTTP server: posted records, the first page, readers and followers of changes
///
/// Needs the program `forebay` beside this one. Uses a server of Postgres of its own, which crashes once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay-bench serve
  forebay-bench serve --rows 170000 --seconds 60 --output json")]
pub(crate) struct Args {
    /// How many made-up records each load persists; there are two loads for each pair
    #[arg(long, value_name = "N", default_value_t = 170_000, value_parser = value_parser!(u64).range(1..))]
    rows: u64,
    /// How often the command line and HTTP are compared
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u32).range(1..=50))]
    pairs: u32,
    /// How many clients follow changes
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = value_parser!(u32).range(1..=900))]
    followers: u32,
    /// Requests of readers per second
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// How long the load lasts; Postgres crashes in the middle
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = value_parser!(u64).range(8..=86_400))]
    seconds: u64,
}

/// How long Postgres is away.
const OUTAGE: Duration = Duration::from_secs(2);
/// The source that changes during the load.
const LIVE: &str = "live";
/// How long followers may take for the rest after the load.
const PATIENCE: Duration = Duration::from_mins(1);
const MIB: f64 = 1024.0 * 1024.0;

/// Runs the benchmark.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Report, Failure> {
    let program = Program::find()?;
    let mut postgres = OwnServer::open("serve").await?;
    let report = measure(args, &program, &mut postgres, context).await;
    postgres.close().await?;
    report
}

async fn measure(
    args: &Args,
    program: &Program,
    postgres: &mut OwnServer,
    context: &Context,
) -> Result<Report, Failure> {
    let server = Server::start(program, postgres.folder(), postgres.url()).await?;
    context
        .output
        .note(&format!("persisting {} records {} times, by command and by HTTP", args.rows, args.pairs));
    let (by_command, by_http) = pairs(args, program, &server, postgres).await?;
    let num_references = num_references(postgres).await?;
    expect("the number of references", num_references, args.rows * u64::from(args.pairs) * 2)?;
    settle(&**postgres.database()?.client().await?).await?;
    server.stop().await?;

    let server = Server::start(program, postgres.folder(), postgres.url()).await?;
    context.output.note("timing the first page");
    let page = page::measure(server.address()).await?;

    context.output.note(&format!(
        "{} followers and {} requests a second for {} s; Postgres crashes once",
        args.followers, args.rate, args.seconds
    ));
    let loaded = load(args, &server, postgres).await?;
    for wrong in &loaded.reads.wrong {
        context.output.note(wrong);
    }
    server.stop().await?;

    let rate = |took: Duration| args.rows as f64 / took.as_secs_f64();
    let milliseconds = |took: Duration| took.as_secs_f64() * 1000.0;
    let measures = vec![
        Measure::new("persist_by_command", rate(by_command), "records/s"),
        Measure::new("persist_by_http", rate(by_http), "records/s"),
        Measure::count("references", num_references, "references"),
        Measure::new("page_cold", milliseconds(page.cold), "ms"),
        Measure::new("page", milliseconds(page.warm), "ms"),
        Measure::new("page_size", page.bytes as f64 / 1000.0, "kB"),
        Measure::count("reads", loaded.reads.num_good, "requests"),
        Measure::new("read_median", milliseconds(loaded.reads.share(0.5)), "ms"),
        Measure::new("read_p99", milliseconds(loaded.reads.share(0.99)), "ms"),
        Measure::count("reads_unavailable", loaded.reads.num_unavailable, "requests"),
        Measure::count("changes", loaded.num_changes, "changes"),
        Measure::count("changes_followed", loaded.num_followed, "changes"),
        Measure::count("reconnections", loaded.num_reconnections, "connections"),
        Measure::new("memory_early", loaded.memory_early / MIB, "MiB"),
        Measure::new("memory_late", loaded.memory_late / MIB, "MiB"),
    ];
    let ratios = vec![
        Ratio::at_least("persist_by_http / persist_by_command", rate(by_http) / rate(by_command), 0.8),
        Ratio::at_most("page / 100 ms", milliseconds(page.warm) / 100.0, 1.0),
        Ratio::at_most("page_size / 150 kB", page.bytes as f64 / 150_000.0, 1.0),
        Ratio::at_most("read_p99 / 50 ms", milliseconds(loaded.reads.share(0.99)) / 50.0, 1.0),
        Ratio::at_least("reads_unavailable", loaded.reads.num_unavailable as f64, 1.0),
        Ratio::none("reads_wrong", loaded.reads.num_wrong),
        Ratio::at_most("memory_late / memory_early", loaded.memory_late / loaded.memory_early, 1.2),
        Ratio::none("changes_lost", loaded.num_lost),
        Ratio::none("changes_doubled", loaded.num_doubled),
    ];
    let has_failed = loaded.num_lost > 0 || loaded.num_doubled > 0 || loaded.reads.num_wrong > 0;
    let mut report = Report::new("serve", measures, ratios);
    report.has_failed = has_failed;
    Ok(report)
}

/// The median times of loading the records by the command line and by HTTP, each into a source of its own.
async fn pairs(
    args: &Args,
    program: &Program,
    server: &Server,
    postgres: &OwnServer,
) -> Result<(Duration, Duration), Failure> {
    let mut input = NamedTempFile::new()?;
    let mut out = BufWriter::new(input.as_file_mut());
    for number in 0..args.rows {
        write_record(&mut out, number, 0)?;
    }
    out.flush()?;
    drop(out);
    let body = Bytes::from(std::fs::read(input.path())?);
    let (mut by_command, mut by_http) = (Vec::new(), Vec::new());
    for pair in 0..args.pairs {
        settle(&**postgres.database()?.client().await?).await?;
        let started = Instant::now();
        program.persist(input.path(), &format!("command{pair}"), postgres).await?;
        by_command.push(started.elapsed());
        settle(&**postgres.database()?.client().await?).await?;
        let started = Instant::now();
        http::persist(server.address(), &format!("http{pair}"), body.clone()).await?;
        by_http.push(started.elapsed());
    }
    Ok((median(by_command), median(by_http)))
}

/// What the load showed.
struct Loaded {
    reads: load::Reads,
    num_changes: u64,
    num_followed: u64,
    num_reconnections: u64,
    num_lost: u64,
    num_doubled: u64,
    memory_early: f64,
    memory_late: f64,
}

async fn load(args: &Args, server: &Server, postgres: &mut OwnServer) -> Result<Loaded, Failure> {
    let address = server.address();
    // The source exists, and its first records come before anybody follows.
    http::persist(address, LIVE, load::changed_records(0)?).await?;
    let known = num_versions(postgres).await?;
    let mut followers = Vec::new();
    for _ in 0..args.followers {
        followers.push(Follower::start(address, LIVE).await?);
    }
    let outage = Arc::new(Mutex::new(Outage::default()));
    let duration = Duration::from_secs(args.seconds);
    let running = Load::start(address, args.rate, duration, &outage).await?;
    let writing = tokio::spawn(load::write_until(address, Instant::now() + duration, Arc::clone(&outage)));

    tokio::time::sleep(duration / 4).await;
    let memory_early = server.memory()?;
    tokio::time::sleep(duration / 4).await;
    load::begin(&outage);
    postgres.crash(OUTAGE).await?;
    load::end(&outage);
    let reads = running.reads().await?;
    writing.await.map_err(|error| Failure::from_error("bench_failed", &error))??;

    let num_changes = num_versions(postgres).await? - known;
    // While everybody still follows.
    let memory_late = server.memory()?;
    followed(&followers, num_changes, Instant::now() + PATIENCE).await;
    let (mut num_followed, mut num_lost, mut num_doubled, mut num_reconnections) = (0, 0, 0, 0);
    for follower in followers {
        let seen = follower.end();
        num_followed += seen.num_different;
        num_lost += num_changes.saturating_sub(seen.num_different);
        num_doubled += seen.num_doubled;
        num_reconnections += seen.num_reconnections;
    }
    Ok(Loaded {
        reads,
        num_changes,
        num_followed,
        num_reconnections,
        num_lost,
        num_doubled,
        memory_early,
        memory_late,
    })
}

/// Waits until everybody has seen all changes, and a little longer for what might come again.
async fn followed(followers: &[Follower], num_changes: u64, deadline: Instant) {
    while Instant::now() < deadline && followers.iter().any(|follower| follower.num_different() < num_changes)
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
}

async fn num_references(postgres: &OwnServer) -> Result<u64, Failure> {
    let statement = "select count(*) as number from forebay.\"references\" where removed_at is null";
    let row = postgres.database()?.client().await?.query_typed_one(statement, &[]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>("number")?).unwrap_or(0))
}

/// The number of versions of the records that change; none is ever removed.
async fn num_versions(postgres: &OwnServer) -> Result<u64, Failure> {
    let statement = "select coalesce(sum(r.version), 0)::int8 as num_versions \
         from forebay.\"references\" as r join forebay.sources as s using (source_id) where s.name = $1";
    let client = postgres.database()?.client().await?;
    let row = client.query_typed_one(statement, &[(&LIVE, tokio_postgres::types::Type::TEXT)]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>("num_versions")?).unwrap_or(0))
}
