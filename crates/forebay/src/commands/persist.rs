//! `forebay persist`: persists records from files, standard input or a program.

mod dry;
mod input;
mod report;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use forebay_domain::{
    identity::SCOPE_FIELD, patch::RecordMode, pointer::Pointer, removal_flag::RemovedWhen, run::OnDuplicate,
};
use forebay_engine::{
    freshness::enter_persisted,
    persist::{Input, Overrides, PersistRequest, Progress, persist_until},
    scrape::{Sources, Stop},
};
use forebay_server::{InputSettings, Inputs};
use forebay_sources::{CsvOptions, HeaderPolicy, ReadOptions, SingerOptions, Symbol, TextEncoding};
use forebay_store::connect::Database;
use forebay_views::{FailedInput, PersistReport, Run};
use jiff::Timestamp;

pub(super) use self::dry::show as show_dry_runs;
use super::{runs::read_run, signals::stoppable};
use crate::{
    cli::values::{self, ScopePair, Share, Switch, scope_of},
    config::{self, Config, Format},
    context::Context,
    failure::{Exit, Failure},
    ui,
};

/// Persist records from files, standard input or a program
///
/// Makes one run per FILE, in the given order. With `-- COMMAND`, it runs that program, without a shell, and reads what
/// it prints: if the program fails or is killed, the run is partial, and no unseen record is removed. The source and
/// the key identify a record. A record that is already stored with the same content writes nothing.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "\
A source in forebay.toml or in the database needs no --key. COMMAND gets your environment without \
Forebay's secrets; its standard error passes through.

Examples:
  forebay persist --source courses --key id --complete -- scrapy crawl courses -o -:jsonlines
  forebay persist courses.jsonl --source courses --key id --complete --dry-run
  forebay persist courses.jsonl --source courses --key id
  forebay persist day1.json day2.json --source courses --records /items --complete
  curl -s https://example.edu/all.csv | forebay persist - --source courses --key code,semester
  forebay persist export.csv --source courses --key code --delimiter ';' --encoding windows-1252
  tap-courses --config tap.json | forebay persist - --format singer --source courses --key id
  forebay persist spring.json --source courses --scope 'semester=Spring 2026' --complete
  forebay persist old.json --source courses --observed-at 2019-04-14")]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of the command line")]
pub(crate) struct Args {
    /// Files to read, in order; `-` reads standard input
    #[arg(required_unless_present = "command", conflicts_with = "command", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Program to run, with its arguments; its output is the input
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,

    /// Source of the records
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) source: String,

    /// Fields that identify a record, in order; repeatable
    #[arg(long, value_name = "FIELD", value_delimiter = ',', value_parser = values::name)]
    pub(crate) key: Vec<String>,

    /// Equal keys in two scopes are two records: the scope is part of the key
    #[arg(long, requires = "key")]
    pub(crate) key_in_scope: bool,

    /// Entity type of the records, such as `course`
    #[arg(long, value_name = "TYPE", value_parser = values::name)]
    pub(crate) entity: Option<String>,

    /// Scope that this run covers; repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) scope: Vec<ScopePair>,

    /// Format of the files [default: the source's, or auto]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// JSON pointer to the records in a JSON document
    #[arg(long, value_name = "POINTER")]
    pub(crate) records: Option<Pointer>,

    /// Character between the fields of CSV, or tab [default: the source's, or detected]
    #[arg(long, value_name = "CHAR")]
    pub(crate) delimiter: Option<Symbol>,

    /// Character at the start of lines of CSV to skip [default: the source's, or none]
    #[arg(long, value_name = "CHAR")]
    pub(crate) comment: Option<Symbol>,

    /// What the first row of CSV is [default: the source's, or strict]
    #[arg(long, value_enum, value_name = "POLICY")]
    pub(crate) header: Option<Header>,

    /// Encoding of the input, such as windows-1252 [default: the source's, or UTF-8]
    #[arg(long, value_name = "NAME")]
    pub(crate) encoding: Option<TextEncoding>,

    /// Stream to read if a Singer tap sends several
    #[arg(long, value_name = "NAME")]
    pub(crate) stream: Option<String>,

    /// The files cover the whole scope: remove records that they don't contain, if the guards permit
    #[arg(long)]
    pub(crate) complete: bool,

    /// When the source was observed: 2019-04-14T14:55:01Z, 2019-04-14 or 20190414T145501Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(crate) observed_at: Option<Timestamp>,

    /// Accept a time in --observed-at that is more than 24 hours ahead of the server's clock
    #[arg(long)]
    pub(crate) allow_future: bool,

    /// How to handle a key that appears again in a run: first, last, merge, reject or `newest_by=FIELD` [default: the
    /// source's, or first; for a Singer tap: last]
    ///
    /// first and last keep that record; `newest_by=FIELD` keeps the one with the greatest value of a field or JSON
    /// pointer; merge lets later fields overwrite earlier ones; reject keeps the first and stores the others as
    /// rejected records.
    #[arg(long, value_name = "POLICY")]
    pub(crate) on_duplicate: Option<OnDuplicate>,

    /// What the records are: replace, whole records; or patch, parts that are laid over what is stored [default: the
    /// source's, or replace]
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<RecordMode>,

    /// Field or JSON pointer at which a record says that it is gone, such as /deleted; empty: nowhere [default: the
    /// source's, or none; for a Singer tap: `_sdc_deleted_at`]
    #[arg(long, value_name = "POINTER")]
    pub(crate) removed_when: Option<RemovedWhen>,

    /// Whether guards may hold this run [default: the source's, or on]
    #[arg(long, value_enum, value_name = "SWITCH")]
    pub(crate) guards: Option<Switch>,

    /// Maximum share of the scope that this run may remove, such as 0.2 or 20% [default: the source's, or learnt from
    /// earlier runs, at least 10%]
    #[arg(long, value_name = "SHARE")]
    pub(crate) max_removed: Option<Share>,

    /// Maximum share of rejected records; with more, the run fails [default: the source's, or 0.1]
    #[arg(long, value_name = "SHARE")]
    pub(crate) max_rejected: Option<Share>,

    /// How long to wait for another run of the same scope [default: 1h]
    #[arg(long, value_name = "DURATION")]
    pub(crate) wait: Option<values::Duration>,

    /// Stop reading after this time, such as 10m: the run is partial and keeps what it read [default: the source's, or
    /// no limit]
    #[arg(long, value_name = "DURATION")]
    pub(crate) max_duration: Option<values::Duration>,

    /// Don't hand off changes to ingestion
    #[arg(long)]
    pub(crate) no_handoff: bool,

    /// Say what would be added, updated, removed and withheld, and write nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
}

/// What the first row of CSV is.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Header {
    /// Names, which must be complete and unique
    Strict,
    /// Names; empty and repeated ones get a number
    Rename,
    /// A record; the columns get numbered names
    None,
}

impl From<Header> for HeaderPolicy {
    fn from(header: Header) -> Self {
        match header {
            Header::Strict => Self::Strict,
            Header::Rename => Self::Rename,
            Header::None => Self::None,
        }
    }
}

/// Runs the command: one run per file, in order. A file that can't be read doesn't keep the others from being read; any
/// other error ends the command, and the earlier runs stay.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let request = request(args, &config)?;
    for file in &args.files {
        input::check_readable(file)?;
    }
    let options = read_options(args, config.sources.get(&args.source), &request);
    if args.dry_run {
        return Box::pin(dry::run(args, context, &request, &options)).await;
    }
    let stop = Stop::default();
    let mut report = PersistReport { runs: Vec::new(), failed: Vec::new(), error: None };
    let mut failures = Vec::new();
    let persisting = context.with_database(async |database| {
        if request.with_handoffs {
            context.declare_pipelines(database).await?;
        }
        let sources = config.definitions();
        let one = One { context, database, request: &request, sources, stop: &stop };
        if !args.command.is_empty() {
            let input = input::program(&args.command, &args.source, &request.scope, options.clone());
            report.runs.push(one.persist(input, None).await??);
        }
        for file in &args.files {
            let (input, size) = input::open(file, options.clone())?;
            match one.persist(input, size).await? {
                Ok(run) => report.runs.push(run),
                Err(failure) if args.files.len() == 1 => return Err(failure),
                Err(failure) => {
                    let input = file.display().to_string();
                    report.failed.push(FailedInput { input, error: failure.view() });
                    failures.push(failure.exit_code());
                }
            }
        }
        Ok(())
    });
    let persisted = Box::pin(stoppable(persisting, || stop.ask())).await;
    if let Err(failure) = persisted {
        if report.runs.is_empty() && report.failed.is_empty() {
            return Err(failure);
        }
        // One document contains the finished runs and the error of the failed one.
        report.error = Some(failure.view());
        context.ui.show(&report)?;
        return if context.ui.is_json() { Ok(failure.exit_code()) } else { Err(failure) };
    }
    context.ui.show(&report)?;
    let of_runs = Exit::of_runs(report.runs.iter().map(|run| run.summary.status.as_str()));
    Ok(failures.first().copied().unwrap_or(of_runs))
}

/// What the runs of a command share.
struct One<'a> {
    context: &'a Context,
    database: &'a Database,
    request: &'a PersistRequest,
    sources: &'a Sources,
    stop: &'a Stop,
}

impl One<'_> {
    /// Persists one input of this size, if it is known. The inner error is about this input alone.
    async fn persist(&self, input: Input, size: Option<u64>) -> Result<Result<Run, Failure>, Failure> {
        let Self { context, database, request, sources, stop } = self;
        let bar = context.ui.progress(&format!("persisting {}", input.name), size);
        let tell = |progress| tell(&context.ui, &bar, size, &progress);
        let report = match persist_until(database, PersistRequest::clone(request), input, stop, &tell).await {
            Ok(report) => report,
            Err(error @ forebay_engine::Error::Source(_)) => return Ok(Err(error.into())),
            Err(error) => return Err(error.into()),
        };
        for warning in &report.warnings {
            context.ui.warn(warning);
        }
        // The records are stored; only their age is not known.
        if let Err(error) = enter_persisted(database, sources, &report).await {
            context.ui.warn(&format!("the ledger of freshness could not record this run: {error}"));
        }
        Ok(Ok(read_run(&database.client().await?, report.run_id).await?))
    }
}

fn read_options(args: &Args, source: Option<&config::Source>, request: &PersistRequest) -> ReadOptions {
    let format = format(args, source);
    // Those of the source are about the files that it usually has.
    let csv = source.and_then(|source| source.csv).filter(|_| matches!(format, Format::Auto | Format::Csv));
    let csv = csv.unwrap_or_default();
    ReadOptions {
        format: format.into(),
        csv: CsvOptions {
            delimiter: args.delimiter.or(csv.delimiter),
            comment: args.comment.or(csv.comment),
            header: args.header.map_or(csv.header, Into::into),
        },
        encoding: args.encoding.or(source.and_then(|source| source.encoding)),
        records: args.records.as_ref().or(source.and_then(|source| source.records.as_ref())).cloned(),
        singer: SingerOptions {
            stream: args.stream.clone(),
            key: Some(request.key_fields.clone()).filter(|key| !key.is_empty()),
            ..SingerOptions::default()
        },
        ..ReadOptions::default()
    }
}

/// How records that clients post are read and persisted: as files of their source without options.
pub(super) fn inputs(config: &Config) -> Result<Inputs, Failure> {
    let mut by_source = BTreeMap::new();
    for (name, source) in &config.sources {
        let args = Args { source: name.clone(), ..Args::default() };
        let request = request(&args, config)?;
        let options = read_options(&args, Some(source), &request);
        by_source.insert(name.clone(), InputSettings { request, options });
    }
    Ok(Inputs { by_source, entities: Arc::clone(config.typed_entities()) })
}

/// Shows the progress of a run.
pub(super) fn tell(ui: &ui::Ui, bar: &ui::Progress, size: Option<u64>, progress: &Progress) {
    match progress {
        Progress::Waiting => ui.note("waiting: another run of the same source and scope is under way"),
        Progress::Blocked { holder } => ui.note(&format!("still waiting for {holder}")),
        Progress::Aborted { num_runs } => {
            ui.note(&format!(
                "closed as aborted: {} of this scope whose process had died",
                ui::format::counted(*num_runs, "earlier run")
            ));
        }
        Progress::Counts { num_seen, input_position, .. } => {
            bar.set(if size.is_some() { *input_position } else { *num_seen });
        }
        Progress::Started { .. } | Progress::Applying => {}
    }
}

/// The request: the settings of the source in the configuration, if it is there, and what the command line gives.
fn request(args: &Args, config: &Config) -> Result<PersistRequest, Failure> {
    let source = config.sources.get(&args.source);
    let configured = config
        .persist_request(&args.source, format(args, source))
        .unwrap_or_else(|| PersistRequest::new(&args.source, &args.key));
    let mut key_fields = if args.key.is_empty() { configured.key_fields } else { args.key.clone() };
    let is_in_scope = args.key_in_scope || source.is_some_and(|source| source.key_in_scope);
    if is_in_scope && !key_fields.iter().any(|field| field == SCOPE_FIELD) {
        key_fields.push(SCOPE_FIELD.to_owned());
    }
    Ok(PersistRequest {
        entity_type: args.entity.clone().or(configured.entity_type),
        key_fields,
        on_duplicate: args.on_duplicate.clone().or(configured.on_duplicate),
        mode: args.mode.or(configured.mode),
        removed_when: args.removed_when.clone().or(configured.removed_when),
        overrides: Overrides {
            guards: args.guards.map(|switch| switch == Switch::On),
            max_removed_share: args.max_removed.map(Share::get),
            max_rejected_share: args.max_rejected.map(Share::get),
            max_wait: args.wait.map(values::Duration::get),
        },
        entities: Arc::clone(config.typed_entities()),
        max_duration: args.max_duration.map(values::Duration::get).or(configured.max_duration),
        project: source.and(config.project()).map(str::to_owned),
        scope: scope_of(&args.scope)?,
        complete: args.complete,
        observed_at: args.observed_at,
        allow_future: args.allow_future,
        with_handoffs: !args.no_handoff,
        ..configured
    })
}

fn format(args: &Args, source: Option<&config::Source>) -> Format {
    args.format.or(source.and_then(|s| s.format)).unwrap_or_default()
}
