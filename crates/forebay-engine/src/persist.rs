//! Persisting a run: an input of records becomes references, revisions and hand-offs.
//!
//! The input is read, parsed and hashed by threads while the database answers. A window of it at a time is sorted by
//! id and probed: only (id, hash) goes to the database, which answers with what differs. Payloads travel only for
//! those. What becomes of them depends on what there is to protect:
//!
//! - *straight*: each window is written in a transaction of its own. First loads of a scope, runs that do not claim to
//!   be complete, and runs with guards off go this way.
//! - *staged*: what differs is kept durably aside as it comes. At the end the guards decide: one transaction applies
//!   all of it with the removals, or the run is held and everything waits for an operator. Complete runs under guards
//!   go this way, and runs whose duplicate policy needs the whole input.
//!
//! Whoever changes this: a run may be killed between any two statements. Every transaction must leave a state from
//! which the same command, run again, ends where an undisturbed one would have.

mod finish;
mod held;
mod policy;
mod process;
mod reading;
mod seen;
mod window;
mod write;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    io::Read,
    mem,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use forebay_domain::{
    drift::Drift,
    guards::GuardPolicy,
    identity::{KeyField, ReferenceId},
    json::DEFAULT_MAX_DEPTH,
    prepare::RecordPolicy,
    rules::FieldRules,
    run::{Counts, OnDuplicate, RunStatus},
    scope::Scope,
};
use forebay_sources::{
    Format, LinkKey, ReadOptions,
    crawl::{CrawlEnd, Crawled, Incomplete},
    fetch::{FetchCounts, FetchStats, Validators},
    kinds::command::Stopper,
};
use forebay_store::{
    aliases,
    connect::Database,
    handoffs,
    references::{self, Origin},
    runs::{self, NewRun, ScopeLock},
    sources::{self, Source, SourceSpec},
    states,
};
use futures_util::{StreamExt, future::BoxFuture, pin_mut, stream::FuturesUnordered};
use jiff::Timestamp;
use tokio::{sync::mpsc, task::JoinHandle, time};

pub use held::{Rekeyed, reject, rekey, release};
pub use policy::{StoredPolicy, stored_policy};
use process::{Processed, process};
use reading::Reading;
use seen::SeenSet;
use window::Window;
use write::Target;

use crate::error::{Error, Result};

/// A slow input is written after this long even if the window is not full, and progress is shown as often.
const FLUSH_AFTER: Duration = Duration::from_secs(1);
/// Other writers may come in between this often before a batch, or the end of a run, gives up.
const MAX_ATTEMPTS: u32 = 5;
/// Windows that are probed and written at the same time, each on its own connection.
const WINDOWS_UNDER_WAY: usize = 2;

/// Where records come from.
pub struct Input {
    /// The file, `-` for standard input, URL or program: shown in the run and beside rejected records.
    pub name: String,
    /// The records.
    pub feed: Feed,
}

/// How records come.
#[expect(clippy::large_enum_variant, reason = "a run has one, and moves it twice")]
pub enum Feed {
    /// As a stream of bytes.
    Bytes {
        /// The bytes.
        reader: Box<dyn Read + Send>,
        /// How to read them.
        options: ReadOptions,
        /// The file over HTTP that they are, to be remembered when all of it is stored.
        page: Option<FilePage>,
        /// What fetching them costs.
        stats: Option<Arc<FetchStats>>,
        /// Ends the program that prints them, when the run ends before it does.
        stopper: Option<Stopper>,
    },
    /// Page by page, from a crawl.
    Pages {
        /// What becomes of the pages.
        pages: mpsc::Receiver<Crawled>,
        /// How the crawl ends. It must end when nobody receives any more.
        end: JoinHandle<CrawlEnd>,
        /// What fetching them costs.
        stats: Arc<FetchStats>,
    },
    /// Not at all: the source is as the last run that was applied left it, as its server says.
    Unchanged,
    /// As this says when the run begins, which is when it has the scope to itself. It is given the run.
    Later(Begin),
}

/// A file over HTTP.
#[derive(Clone, Debug)]
pub struct FilePage {
    /// What tells it from others of its source.
    pub key: LinkKey,
    /// Where it is, without secrets.
    pub url: String,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// What to ask with the next time.
    pub validators: Validators,
    /// Until when there is no need to ask.
    pub fresh_until: Option<Timestamp>,
}

/// What begins to read when a run begins.
pub type Begin = Box<dyn FnOnce(i64) -> BoxFuture<'static, Result<Feed>> + Send>;

impl Feed {
    /// A stream of bytes that is no file over HTTP.
    pub fn bytes(reader: Box<dyn Read + Send>, options: ReadOptions) -> Self {
        Self::Bytes { reader, options, page: None, stats: None, stopper: None }
    }

    /// What a program prints.
    pub fn program(reader: Box<dyn Read + Send>, options: ReadOptions, stopper: Stopper) -> Self {
        Self::Bytes { reader, options, page: None, stats: None, stopper: Some(stopper) }
    }

    /// Begins to read.
    async fn begin(mut self, run_id: i64) -> Result<Self> {
        while let Self::Later(begin) = self {
            self = begin(run_id).await?;
        }
        Ok(self)
    }
}

impl Input {
    /// A stream of bytes.
    pub fn bytes(name: impl Into<String>, reader: Box<dyn Read + Send>, options: ReadOptions) -> Self {
        Self { name: name.into(), feed: Feed::bytes(reader, options) }
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What to persist, and by which policy.
#[derive(Clone, Debug)]
pub struct PersistRequest {
    /// The source's name.
    pub source: String,
    /// What its records are; None: as it was, else `record`.
    pub entity_type: Option<String>,
    /// The fields that make a record's key; empty: as they were.
    pub key_fields: Vec<String>,
    /// What to store and what to compare.
    pub rules: FieldRules,
    /// What to do with a key that comes twice.
    pub on_duplicate: OnDuplicate,
    /// The part of the source that is covered.
    pub scope: Scope,
    /// The run covers its scope completely: what it does not see is gone.
    pub complete: bool,
    /// When the source was observed; None: when the run has the scope to itself and begins.
    pub observed_at: Option<Timestamp>,
    /// When to hold a complete run; None: never.
    pub guards: Option<GuardPolicy>,
    /// The run fails when more than this share (0 to 1) of its input is rejected.
    pub max_rejected_share: f64,
    /// Changes are handed off to the source's pipelines.
    pub with_handoffs: bool,
    /// A number in each record that it raises with every change: a record with a lower one than is stored is older.
    pub sequence_field: Option<String>,
    /// The top-level field that says which version of its contract a record was written for; None: they are of Forebay's
    /// own. Field rules must not ignore it.
    pub contract_version_column: Option<String>,
    /// What brings the records, such as `persist`.
    pub engine: String,
}

/// What a run tells while it goes.
#[derive(Clone, Debug)]
pub enum Progress {
    /// Another run has the scope; this one waits for it.
    Waiting,
    /// Runs whose process had died were closed.
    Aborted {
        /// How many.
        num_runs: u64,
    },
    /// The run has begun.
    Started {
        /// The run.
        run_id: i64,
    },
    /// Work goes on.
    Counts {
        /// Records read so far.
        num_seen: u64,
        /// How far the input has been read: bytes before decompression, or pages.
        input_position: u64,
        /// Answers so far that said that nothing has changed (304).
        num_not_modified: u64,
    },
    /// All input is read; changes are being applied.
    Applying,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// The run.
    pub run_id: i64,
    /// Its source.
    pub source: String,
    /// Its scope.
    pub scope: Scope,
    /// How it ended.
    pub status: RunStatus,
    /// Why, as a stable word.
    pub reason_code: Option<String>,
    /// Why, as sentences.
    pub messages: Vec<String>,
    /// What to know although it went well.
    pub warnings: Vec<String>,
    /// Its counts.
    pub counts: Counts,
    /// Hand-offs queued.
    pub num_handoffs: u64,
    /// Share (0 to 1) of good records that had a value, by field.
    pub field_coverage: BTreeMap<String, f64>,
    /// How long it took.
    pub duration: Duration,
    /// Pages of its input that were read, or known to be as they were; 0 if it did not come in pages.
    pub num_pages: u64,
    /// Pages that could not be fetched or read.
    pub num_failed_pages: u64,
    /// Why not all pages were seen; None: they were, or its input did not come in pages.
    pub incomplete: Option<Incomplete>,
    /// Links that were not followed because they lead to hosts that the source does not allow, or to no page.
    pub num_refused_links: u64,
    /// Where its records have another shape than those of the last good runs.
    pub drift: Vec<Drift>,
    /// What fetching its input cost; all zero if nothing was fetched.
    pub fetched: FetchCounts,
    /// Its scope had active references when it began.
    pub had_records: bool,
}

/// What all parts of a run need.
#[derive(Debug)]
struct RunContext<'a> {
    database: &'a Database,
    source: Source,
    policy: Arc<RecordPolicy>,
    request: PersistRequest,
    target: Target,
    /// Changes are staged until the end.
    staged: bool,
    /// The source has never been persisted before.
    is_first_run: bool,
    /// The scope had active references when the run began.
    had_records: bool,
    started: Instant,
    input_name: String,
}

/// What has been counted so far, and how much of that the run's row already says.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    counts: Counts,
    num_handoffs: u64,
    num_unidentified: u64,
    num_replaced: u64,
    /// Counted, but not yet in the run's row.
    unrecorded: Counts,
}

/// Persists one input as one run.
///
/// Runs of the same source and scope wait for each other. A failure closes the run as failed; what straight batches
/// wrote stays and is found unchanged by the next run.
pub async fn persist(
    database: &Database,
    request: PersistRequest,
    input: Input,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<RunReport> {
    let source = declare_source(&**database.client().await?, &request).await?;
    // Nothing of the pool is held here: runs that wait must not keep the one that they wait for from its connections.
    let lock = ScopeLock::acquire(database.dedicated().await?, source.source_id, &request.scope, || {
        progress(Progress::Waiting);
    })
    .await?;
    // Not before: who waits for hours would else bring what looks older than what was written meanwhile.
    let observed_at = request.observed_at.unwrap_or_else(Timestamp::now);
    let mut client = database.client().await?;
    // A re-key may have come in while this run waited, and then computed ids lead elsewhere.
    let source = sources::find(&**client, &source.name).await?.unwrap_or(source);
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let num_runs = runs::abort_orphans(&*transaction, source.source_id, &request.scope).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    if num_runs > 0 {
        progress(Progress::Aborted { num_runs });
    }
    if let Some(watermark) = runs::watermark(&**client, source.source_id, &request.scope).await?
        && observed_at < watermark
    {
        return Err(Error::OutOfOrder { observed_at, watermark });
    }
    drop(client);
    let context = start(database, request, source, observed_at, &input.name).await?;
    progress(Progress::Started { run_id: context.target.origin.run_id });
    let mut tally = Tally::default();
    let result = match read_and_write(&context, input, &mut tally, progress).await {
        Ok(read) => finish::finish(&context, read, &mut tally, progress).await,
        Err(error) => Err(error),
    };
    let report = match result {
        Ok(report) => report,
        Err(error) => {
            finish::fail(&context, &tally, &error).await;
            return Err(error);
        }
    };
    // What was committed stays so. A lock that cannot be given back goes with its connection.
    let _ = lock.release().await;
    Ok(report)
}

pub(crate) async fn declare_source(
    client: &tokio_postgres::Client,
    request: &PersistRequest,
) -> Result<Source> {
    if !is_source_name(&request.source) {
        return Err(Error::SourceName { source_name: request.source.clone() });
    }
    if let Some(bad) = request.key_fields.iter().find(|field| field.parse::<KeyField>().is_err()) {
        return Err(Error::KeyField { field: bad.clone() });
    }
    let known = sources::find(client, &request.source).await?;
    let key_fields = match (&known, request.key_fields.is_empty()) {
        (_, false) => request.key_fields.clone(),
        (Some(known), true) => known.key_fields.clone(),
        (None, true) => return Err(Error::KeyUnknown { source_name: request.source.clone() }),
    };
    if let Some(known) = &known
        && known.key_fields != key_fields
        && sources::has_active(client, known.source_id).await?
    {
        return Err(Error::KeyChanged {
            source_name: request.source.clone(),
            stored: known.key_fields.join(","),
            given: key_fields.join(","),
        });
    }
    let entity_type = request
        .entity_type
        .clone()
        .or_else(|| known.map(|known| known.entity_type))
        .unwrap_or_else(|| "record".to_owned());
    let policy = StoredPolicy {
        rules: request.rules.clone(),
        on_duplicate: request.on_duplicate,
        sequence_field: request.sequence_field.clone(),
        contract_version_column: request.contract_version_column.clone(),
    }
    .to_json();
    let spec = SourceSpec { name: request.source.clone(), entity_type, key_fields, policy };
    Ok(sources::declare(client, &spec).await?)
}

/// What the check constraint of the table lets in: ids are computed from names, and `NAME/KEY` must split.
fn is_source_name(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

/// Begins the run: from here on its row exists.
async fn start<'a>(
    database: &'a Database,
    request: PersistRequest,
    source: Source,
    observed_at: Timestamp,
    input: &str,
) -> Result<RunContext<'a>> {
    let started = Instant::now();
    let client = database.client().await?;
    let subscribers = if request.with_handoffs {
        handoffs::subscribers_of(&**client, &source.name, &source.entity_type).await?
    } else {
        Vec::new()
    };
    let scope = request.scope.to_string();
    // A scope's first load has nothing to protect.
    let had_records = references::any_active(&**client, source.source_id, &scope).await?;
    let under_guards = request.complete && request.guards.is_some() && had_records;
    let is_first_run = !runs::any(&**client, source.source_id).await?;
    references::ensure_revision_month(&**client, observed_at).await?;
    let run = NewRun {
        source_id: source.source_id,
        scope: request.scope.clone(),
        is_complete: request.complete,
        guards: request.guards.as_ref().map(guards_json),
        with_handoffs: request.with_handoffs,
        engine: request.engine.clone(),
        input: input.to_owned(),
        observed_at,
    };
    let run_id = runs::start(&**client, &run).await?;
    Ok(RunContext {
        database,
        policy: Arc::new(RecordPolicy {
            source: source.name.clone(),
            // They were checked before they were declared.
            key: source.key_fields.iter().filter_map(|field| field.parse().ok()).collect(),
            rules: request.rules.clone(),
            max_depth: DEFAULT_MAX_DEPTH,
        }),
        target: Target {
            origin: Origin {
                run_id,
                source_id: source.source_id,
                entity_type: source.entity_type.clone(),
                scope,
                observed_at,
            },
            subscribers,
            sequence_field: request.sequence_field.clone(),
            contract_version_column: request.contract_version_column.clone(),
        },
        staged: under_guards || request.on_duplicate.needs_whole_input(),
        is_first_run,
        had_records,
        started,
        input_name: input.to_owned(),
        source,
        request,
    })
}

fn guards_json(guards: &GuardPolicy) -> serde_json::Value {
    serde_json::json!({
        "hold_empty": guards.hold_empty,
        "hold_rekey": guards.hold_rekey,
        "max_removed_share": guards.max_removed_share,
        "min_removed": guards.min_removed,
        "max_changed_share": guards.max_changed_share,
        "min_changed": guards.min_changed,
        "min_coverage_kept": guards.min_coverage_kept,
        "min_coverage_baseline": guards.min_coverage_baseline,
        "min_coverage_records": guards.min_coverage_records,
    })
}

/// What is known when all input has been read and its windows are written or staged.
#[derive(Debug)]
struct ReadInput {
    seen: SeenSet,
    outcome: reading::InputEnd,
    /// Nothing was read, because the source is as it was.
    is_unchanged: bool,
    /// The file over HTTP that was read.
    page: Option<FilePage>,
    stats: Option<Arc<FetchStats>>,
}

/// A program that is ended with this.
pub(crate) struct Running(pub(crate) Stopper);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.stop();
    }
}

async fn read_and_write(
    context: &RunContext<'_>,
    input: Input,
    tally: &mut Tally,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<ReadInput> {
    let num_preparers = thread::available_parallelism().map_or(1, usize::from);
    let mut feed = input.feed.begin(context.target.origin.run_id).await?;
    if let Feed::Bytes { options, .. } = &mut feed
        && options.format == Format::Singer
    {
        // What the tap said to be whole last time says nothing of this time.
        let client = context.database.client().await?;
        let scope = &context.target.origin.scope;
        let stored = states::find(&**client, context.source.source_id, scope).await?;
        options.singer.activated = stored.and_then(|state| state.version);
    }
    let is_unchanged = matches!(feed, Feed::Unchanged);
    // However this ends, and if it is never polled again: a program that nobody reads from any more is ended.
    let (page, stats, _running) = match &feed {
        Feed::Bytes { page, stats, stopper, .. } => {
            (page.clone(), stats.clone(), stopper.clone().map(Running))
        }
        Feed::Pages { stats, .. } => (None, Some(Arc::clone(stats)), None),
        Feed::Unchanged | Feed::Later(_) => (None, None, None),
    };
    let mut reading = Reading::start(feed, Arc::clone(&context.policy), num_preparers);
    let mut seen = SeenSet::new()?;
    let mut window = Window::default();
    let mut under_way = FuturesUnordered::new();
    // Staged windows of which a later one may replace what an earlier one brought must not overtake each other.
    let at_once = if context.request.on_duplicate.needs_whole_input() { 1 } else { WINDOWS_UNDER_WAY };
    let mut tick = time::interval_at(time::Instant::now() + FLUSH_AFTER, FLUSH_AFTER);
    // Beside the windows and never in front of them: one of them may hold the lock on the run's row, and has to be
    // polled to give it back.
    let mut recording = FuturesUnordered::new();
    let (mut at_end, mut is_due) = (false, false);
    let mut input_position = 0;
    loop {
        let wants_sealing = window.is_full() || ((at_end || is_due) && !window.is_empty());
        if wants_sealing && under_way.len() < at_once {
            let full = window.take();
            let moved = {
                let moved = moved_keys(context, &full);
                pin_mut!(moved);
                // The windows under way go on meanwhile: they may hold all the connections that this waits for.
                loop {
                    tokio::select! {
                        moved = &mut moved => break moved?,
                        Some(done) = under_way.next() => tally.add(done?),
                        Some(recorded) = recording.next() => recorded?,
                    }
                }
            };
            let batch = seal(context, full, &moved, &mut seen)?;
            under_way.push(process(context, batch));
            is_due = false;
        }
        if at_end && window.is_empty() && under_way.is_empty() && recording.is_empty() {
            break;
        }
        tokio::select! {
            Some(done) = under_way.next() => tally.add(done?),
            block = reading.next(), if !at_end && !window.is_full() => match block {
                Some(block) => {
                    let block = block?;
                    tally.num_replaced += block.num_replaced;
                    input_position = block.input_position;
                    window.push(block);
                }
                None => at_end = true,
            },
            Some(recorded) = recording.next() => recorded?,
            _ = tick.tick() => {
                is_due = true;
                if recording.is_empty() {
                    recording.push(record(context, tally.take_unrecorded()));
                }
                progress(counts(tally, input_position, stats.as_deref()));
            }
        }
    }
    progress(counts(tally, input_position, stats.as_deref()));
    let outcome = reading.outcome().await?;
    if let Some(crawl) = &outcome.crawl
        && crawl.num_pages == 0
        && let Some(incomplete) = &crawl.incomplete
    {
        return Err(Error::Crawl(Box::new(incomplete.clone())));
    }
    Ok(ReadInput { seen, outcome, is_unchanged, page, stats })
}

fn counts(tally: &Tally, input_position: u64, stats: Option<&FetchStats>) -> Progress {
    let num_not_modified = stats.map_or(0, |stats| stats.counts().num_not_modified);
    Progress::Counts { num_seen: tally.counts.num_seen, input_position, num_not_modified }
}

type MovedKeys = HashMap<ReferenceId, ReferenceId>;

/// Where re-keys have moved the records of a window to.
async fn moved_keys(context: &RunContext<'_>, window: &Window) -> Result<MovedKeys> {
    if !context.source.has_aliases {
        return Ok(MovedKeys::new());
    }
    let client = context.database.client().await?;
    Ok(aliases::resolve(&**client, &window.ids()).await?.into_iter().collect())
}

/// Seals a window on a thread that may block: it sorts, and it may read the file of seen ids.
fn seal(
    context: &RunContext<'_>,
    window: Window,
    moved: &MovedKeys,
    seen: &mut SeenSet,
) -> Result<window::Batch> {
    let resolve = |id| moved.get(&id).copied().unwrap_or(id);
    let on_duplicate = context.request.on_duplicate;
    Ok(tokio::task::block_in_place(|| window.seal(&context.policy, on_duplicate, seen, resolve))?)
}

impl Tally {
    fn add(&mut self, processed: Processed) {
        self.counts += processed.counts;
        self.num_handoffs += processed.num_handoffs;
        self.num_unidentified += processed.num_unidentified;
        if !processed.recorded {
            self.unrecorded += processed.counts;
        }
    }

    fn take_unrecorded(&mut self) -> Counts {
        mem::take(&mut self.unrecorded)
    }
}

/// Brings the run's row up to date.
async fn record(context: &RunContext<'_>, counts: Counts) -> Result<()> {
    let client = context.database.client().await?;
    Ok(runs::progress(&**client, context.target.origin.run_id, &counts, 0).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_names_are_those_of_the_check_constraint() {
        for name in ["a", "9", "courses.v2", "A-b_c", &"x".repeat(63)] {
            assert!(is_source_name(name), "{name}");
        }
        for name in ["", "a/b", ".a", "-a", "é", "a b", &"x".repeat(64)] {
            assert!(!is_source_name(name), "{name}");
        }
    }
}
