//! `forebay bench persist`: first load, replay and change against a raw COPY.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use forebay_domain::{
    identity::KeyField,
    prepare::{Preparer, RecordPolicy},
    rules::FieldRules,
    run::OnDuplicate,
    scope::Scope,
};
use forebay_engine::persist::{Input, PersistRequest, RunReport, persist};
use forebay_sources::ReadOptions;
use forebay_store::{bench, connect::Database, migrations};
use tempfile::NamedTempFile;

use super::{
    expect, median, memory,
    records::write_record,
    report::{BenchReport, Measure, Ratio},
};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Measure persisting against a raw COPY of the same rows
///
/// Shows rates, and their ratios against the budgets. Uses a database of its own that is dropped afterwards.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay bench persist
  forebay bench persist --rows 300000 --output json")]
pub(crate) struct Args {
    /// How many made-up records to use
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rows: u64,
}

const SOURCE: &str = "bench";
/// A replay is measured so often; the median counts.
const NUM_REPLAYS: usize = 3;
const MIB: f64 = 1024.0 * 1024.0;

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let database = context.bare_database().await?;
    bench::create_scratch(&**database.client().await?).await?;
    let scratch = database.sibling(bench::SCRATCH).await?;
    let result = measure(args.rows, &scratch, context).await;
    scratch.close().await?;
    bench::drop_scratch(&**database.client().await?).await?;
    database.close().await?;
    context.ui.show(&result?)?;
    Ok(Exit::Done)
}

async fn measure(rows: u64, database: &Database, context: &Context) -> Result<BenchReport, Failure> {
    let mut client = database.client().await?;
    migrations::ensure(&mut client, true).await?;
    context.ui.note(&format!("making up {rows} records"));
    let first = make_up(rows, 0)?;
    let changed = make_up(rows, 1)?;
    let bytes = first.as_file().metadata().map_err(|error| Failure::output(&error))?.len();
    let dump = dump(&mut client, first.path()).await?;

    // The peer before and after, because machines change their speed.
    context.ui.note("measuring the raw COPY, the first load, replays and a change of 1 %");
    let mut raw = vec![raw_copy(&mut client, dump.path()).await?];
    bench::settle(&**client).await?;
    memory::reset_peak();
    let first_load = persist_file(database, first.path()).await?;
    expect("num_added of the first load", first_load.counts.num_added, rows)?;
    raw.push(raw_copy(&mut client, dump.path()).await?);
    let mut replays = Vec::new();
    let mut wal = Vec::new();
    for _ in 0..NUM_REPLAYS {
        bench::settle(&**client).await?;
        let before = bench::wal_bytes(&**client).await?;
        let replay = persist_file(database, first.path()).await?;
        expect("num_unchanged of a replay", replay.counts.num_unchanged, rows)?;
        replays.push(replay.duration);
        wal.push(bench::wal_bytes(&**client).await? - before);
    }
    bench::settle(&**client).await?;
    let one_percent = persist_file(database, changed.path()).await?;
    expect("num_updated of the change", one_percent.counts.num_updated, rows.div_ceil(100))?;
    let peak = memory::peak();
    raw.push(raw_copy(&mut client, dump.path()).await?);

    let rate = |duration: Duration| rows as f64 / duration.as_secs_f64();
    let raw_rate = rate(median(raw));
    let first_rate = rate(first_load.duration);
    let replay_rate = rate(median(replays));
    let change_rate = rate(one_percent.duration);
    let wal_per_row = wal.into_iter().max().unwrap_or_default() as f64 / rows as f64;
    let mut measures = vec![
        Measure::new("records", rows as f64, "records"),
        Measure::new("record_size", bytes as f64 / rows as f64, "bytes"),
        Measure::new("raw_copy", raw_rate, "rows/s"),
        Measure::new("first_load", first_rate, "records/s"),
        Measure::new("replay", replay_rate, "records/s"),
        Measure::new("change_1_percent", change_rate, "records/s"),
        Measure::new("replay_wal", wal_per_row, "bytes/record"),
    ];
    let mut ratios = vec![
        Ratio::at_least("first_load / raw_copy", first_rate / raw_rate, 0.7),
        Ratio::at_least("replay / raw_copy", replay_rate / raw_rate, 4.0),
        Ratio::at_least("change_1_percent / raw_copy", change_rate / raw_rate, 2.0),
        // What is left is the run's own row.
        Ratio::at_most("replay_wal / 1 byte a record", wal_per_row, 1.0),
    ];
    if let Some(peak) = peak {
        measures.push(Measure::new("peak_memory", peak as f64 / MIB, "MiB"));
        ratios.push(Ratio::at_most("peak_memory / 128 MiB", peak as f64 / (128.0 * MIB), 1.0));
    }
    Ok(BenchReport { bench: "persist", machine: super::machine(), measures, ratios })
}

/// Writes records to a temporary file; in generation 1 one record in a hundred differs from generation 0.
fn make_up(rows: u64, generation: u64) -> Result<NamedTempFile, Failure> {
    let write = || -> std::io::Result<NamedTempFile> {
        let mut file = NamedTempFile::new()?;
        let mut out = BufWriter::with_capacity(1 << 20, file.as_file_mut());
        for number in 0..rows {
            write_record(&mut out, number, if number % 100 == 0 { generation } else { 0 })?;
        }
        out.flush()?;
        drop(out);
        Ok(file)
    };
    write().map_err(|error| Failure::output(&error))
}

/// The same rows as the raw COPY gets them.
async fn dump(client: &mut forebay_store::connect::Client, records: &Path) -> Result<NamedTempFile, Failure> {
    let text = std::fs::read_to_string(records).map_err(|error| Failure::output(&error))?;
    let mut preparer = Preparer::new(Arc::new(policy()));
    let rows = text.lines().filter_map(|line| {
        let (mut payload, mut key) = (Vec::new(), String::new());
        let record = preparer.prepare(line.as_bytes(), &mut payload, &mut key).ok()?;
        Some((record.reference_id, record.version_hash, payload))
    });
    let mut file = NamedTempFile::new().map_err(|error| Failure::output(&error))?;
    let mut out = BufWriter::new(file.as_file_mut());
    bench::dump_rows(client, rows, &mut out).await?;
    out.flush().map_err(|error| Failure::output(&error))?;
    drop(out);
    Ok(file)
}

fn policy() -> RecordPolicy {
    RecordPolicy::new(SOURCE, "id".parse::<KeyField>().into_iter().collect())
}

async fn raw_copy(client: &mut forebay_store::connect::Client, dump: &Path) -> Result<Duration, Failure> {
    let mut file = File::open(dump).map_err(|error| Failure::output(&error))?;
    bench::settle(&***client).await?;
    let started = Instant::now();
    bench::raw_copy(client, &mut file).await?;
    Ok(started.elapsed())
}

async fn persist_file(database: &Database, records: &Path) -> Result<RunReport, Failure> {
    let reader = File::open(records).map_err(|error| Failure::output(&error))?;
    let input = Input::bytes("bench", Box::new(reader), ReadOptions::default());
    let request = PersistRequest {
        source: SOURCE.to_owned(),
        entity_type: None,
        key_fields: vec!["id".to_owned()],
        rules: FieldRules::default(),
        on_duplicate: OnDuplicate::default(),
        scope: Scope::default(),
        complete: false,
        observed_at: None,
        guards: None,
        max_rejected_share: 0.0,
        with_handoffs: true,
        sequence_field: None,
        contract_version_column: None,
        engine: "bench".to_owned(),
    };
    Ok(persist(database, request, input, &|_| {}).await?)
}
