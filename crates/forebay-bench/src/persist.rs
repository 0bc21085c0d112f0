//! `forebay-bench persist`: first load, replay and a change of 1 % against a raw COPY of the same rows.

mod raw_copy;

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    time::Duration,
};

use forebay_domain::guards::GuardPolicy;
use forebay_engine::persist::{Input, PersistRequest, RunReport, persist};
use forebay_sources::ReadOptions;
use forebay_store::{connect::Database, migrations};
use tempfile::NamedTempFile;
use tokio_postgres::GenericClient;

use crate::{
    context::Context,
    failure::Failure,
    memory,
    records::write_record,
    report::{Measure, Ratio, Report},
    scratch::{expect, in_scratch, median, settle},
};

/// Measure persisting against a raw COPY of the same rows
///
/// Shows rates of a first load, of replays and of a change of 1 %.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay-bench persist
  forebay-bench persist --rows 300000 --output json")]
pub(crate) struct Args {
    /// How many made-up records to use
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rows: u64,
}

const SOURCE: &str = "bench";
/// How many replays to measure; the median counts.
const NUM_REPLAYS: usize = 3;
const MIB: f64 = 1024.0 * 1024.0;

/// Runs the benchmark.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Report, Failure> {
    let database = context.database().await?;
    let report = in_scratch(&database, async |scratch| measure(args.rows, scratch, context).await).await;
    database.close().await?;
    report
}

async fn measure(rows: u64, database: &Database, context: &Context) -> Result<Report, Failure> {
    let mut client = database.client().await?;
    migrations::ensure(&mut client, true).await?;
    context.output.note(&format!("writing {rows} made-up records"));
    let first = make_up(rows, 0)?;
    let changed = make_up(rows, 1)?;
    let bytes = first.as_file().metadata()?.len();
    let dump = raw_copy::dump(&mut client, SOURCE, first.path()).await?;

    // The peer is measured before, between and after, because machines change their speed.
    context.output.note("measuring the raw COPY, the first load, replays and a change of 1 %");
    let mut raw = vec![raw_copy::sample(&mut client, dump.path()).await?];
    settle(&**client).await?;
    memory::reset_peak();
    let first_load = persist_file(database, first.path()).await?;
    expect("num_added of the first load", first_load.counts.num_added, rows)?;
    raw.push(raw_copy::sample(&mut client, dump.path()).await?);
    let mut replays = Vec::new();
    let mut wal = Vec::new();
    for _ in 0..NUM_REPLAYS {
        settle(&**client).await?;
        let before = wal_bytes(&**client).await?;
        let replay = persist_file(database, first.path()).await?;
        expect("num_unchanged of a replay", replay.counts.num_unchanged, rows)?;
        replays.push(replay.duration);
        wal.push(wal_bytes(&**client).await? - before);
    }
    settle(&**client).await?;
    let one_percent = persist_file(database, changed.path()).await?;
    expect("num_updated of the change", one_percent.counts.num_updated, rows.div_ceil(100))?;
    let peak = memory::peak();
    raw.push(raw_copy::sample(&mut client, dump.path()).await?);

    let rate = |duration: Duration| rows as f64 / duration.as_secs_f64();
    let raw_rate = rate(median(raw));
    let first_rate = rate(first_load.duration);
    let replay_rate = rate(median(replays));
    let change_rate = rate(one_percent.duration);
    let wal_per_row = wal.into_iter().max().unwrap_or_default() as f64 / rows as f64;
    let mut measures = vec![
        Measure::count("records", rows, "records"),
        Measure::new("record_size", bytes as f64 / rows as f64, "bytes"),
        Measure::new("raw_copy", raw_rate, "rows/s"),
        Measure::new("first_load", first_rate, "records/s"),
        Measure::new("replay", replay_rate, "records/s"),
        Measure::new("change_1_percent", change_rate, "records/s"),
        Measure::new("replay_wal", wal_per_row, "bytes/record"),
    ];
    let mut ratios = vec![
        Ratio::at_least("first_load / raw_copy", first_rate / raw_rate, 0.7),
        Ratio::at_least("replay / raw_copy", replay_rate / raw_rate, 6.0),
        Ratio::at_least("change_1_percent / raw_copy", change_rate / raw_rate, 2.0),
        // A replay writes the run's own row and nothing else.
        Ratio::at_most("replay_wal / 1 byte a record", wal_per_row, 1.0),
    ];
    if let Some(peak) = peak {
        measures.push(Measure::new("peak_memory", peak as f64 / MIB, "MiB"));
        ratios.push(Ratio::at_most("peak_memory / 128 MiB", peak as f64 / (128.0 * MIB), 1.0));
    }
    Ok(Report::new("persist", measures, ratios))
}

/// Writes records to a temporary file. In generation 1, one record in a hundred differs from generation 0.
fn make_up(rows: u64, generation: u64) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    let mut out = BufWriter::with_capacity(1 << 20, file.as_file_mut());
    for number in 0..rows {
        write_record(&mut out, number, if number % 100 == 0 { generation } else { 0 })?;
    }
    out.flush()?;
    drop(out);
    Ok(file)
}

/// Bytes of WAL that the server has written since it was created.
async fn wal_bytes(client: &impl GenericClient) -> Result<u64, Failure> {
    let statement = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8 as num_bytes";
    let row = client.query_typed_one(statement, &[]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>("num_bytes")?).unwrap_or(0))
}

async fn persist_file(database: &Database, records: &Path) -> Result<RunReport, Failure> {
    let reader = File::open(records)?;
    let input = Input::bytes("bench", Box::new(reader), ReadOptions::default());
    let request = PersistRequest {
        guards: Some(GuardPolicy::off()),
        max_rejected_share: Some(0.0),
        engine: "bench".to_owned(),
        ..PersistRequest::new(SOURCE, ["id"])
    };
    Ok(persist(database, request, input, &|_| {}).await?)
}
