//! The loop of a run: prepared blocks fill a window, full windows are sealed and written, until the input ends.
//!
//! Everything runs on the caller's task, which waits for all of it at once. Parsing and sealing happen on threads that
//! may block, so any runtime will do.

use std::{future::pending, mem, pin::pin, sync::Arc, thread, time::Duration};

use forebay_sources::fetch::FetchStats;
use forebay_store::references::Origin;
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{task, time};
use tracing::{Instrument, info_span};

use super::{
    batch::Batch,
    context::RunContext,
    feed::{Feed, FilePage, Running},
    keys::Keys,
    page_parts::PageParts,
    process::process,
    progress::Progress,
    readable::Readable,
    reading::{InputEnd, Reading},
    seen::SeenSet,
    tally::{Tally, record},
    tap,
    window::Window,
};
use crate::error::{Error, Result};

/// A slow input is written at this interval even if the window is not full, and progress is reported as often.
const FLUSH_AFTER: Duration = Duration::from_secs(1);
/// Windows that are sealed, probed and written at the same time, each on its own connection.
const WINDOWS_AT_ONCE: usize = 2;
/// Windows of a run: those, and the one that is being filled.
pub(crate) const WINDOWS: usize = WINDOWS_AT_ONCE + 1;

/// The state after the whole input has been read and its windows are written or staged.
#[derive(Debug)]
pub(super) struct ReadInput {
    pub(super) seen: SeenSet,
    pub(super) end: InputEnd,
    /// Whether nothing was read, because the source is unchanged.
    pub(super) is_unchanged: bool,
    /// Whether reading stopped early, because too many records were rejected.
    pub(super) is_hopeless: bool,
    /// Whether reading stopped early, because the run took too long.
    pub(super) is_out_of_time: bool,
    /// The file over HTTP that was read.
    pub(super) page: Option<FilePage>,
    pub(super) stats: Option<Arc<FetchStats>>,
}

/// Reads an input to its end, and writes or stages the differing records.
pub(super) async fn pump(
    context: &RunContext<'_>,
    feed: Feed,
    tally: &mut Tally,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<ReadInput> {
    let feed = begin(context, feed).await?;
    let is_unchanged = matches!(feed, Feed::Unchanged { .. });
    // Dropped in every case, even if this future is never polled again.
    let (page, stats, _running) = match &feed {
        Feed::Bytes { page, stats, stopper, .. } => {
            (page.clone(), stats.clone(), stopper.clone().map(Running))
        }
        Feed::Pages { stats, .. } => (None, Some(Arc::clone(stats)), None),
        Feed::Unchanged { stats } => (None, stats.clone(), None),
        Feed::Later { .. } => (None, None, None),
    };
    let num_preparers = thread::available_parallelism().map_or(1, usize::from);
    let mut reading = Reading::start(feed, Arc::clone(&context.record_policy), num_preparers);
    // A later staged window may replace records of an earlier one, so such windows must not overtake each other.
    let at_once = if context.policy.needs_whole_input() { 1 } else { WINDOWS_AT_ONCE };
    let mut window = Window::default();
    // Moves into the window that is being sealed and returns with its batch: windows are sealed one at a time.
    let mut idle_seen = Some((SeenSet::new()?, PageParts::default()));
    let mut sealing = FuturesUnordered::new();
    let mut writing = FuturesUnordered::new();
    // Polled beside the windows, never before them: a window may hold the lock on the run's row.
    let mut recording = FuturesUnordered::new();
    let mut tick = time::interval_at(time::Instant::now() + FLUSH_AFTER, FLUSH_AFTER);
    let (mut at_end, mut is_due, mut is_hopeless, mut is_out_of_time) = (false, false, false, false);
    let mut deadline = pin!(deadline(context.request.max_duration));
    let mut readable = Readable::default();
    let (mut input_position, mut num_batches) = (0, 0_u64);
    let seen = loop {
        let wants_sealing = window.is_full() || ((at_end || is_due) && !window.is_empty());
        if wants_sealing
            && writing.len() < at_once
            && let Some(seen) = idle_seen.take()
        {
            sealing.push(seal(context, mem::take(&mut window), seen));
            is_due = false;
        }
        if at_end
            && window.is_empty()
            && writing.is_empty()
            && recording.is_empty()
            && let Some((seen, _)) = idle_seen.take()
        {
            break seen;
        }
        tokio::select! {
            Some(done) = writing.next() => tally.add(done?),
            Some(sealed) = sealing.next() => {
                let (mut batch, seen): (Batch, _) = sealed?;
                idle_seen = Some(seen);
                context.target.rejects.admit(&mut batch.rejected);
                num_batches += 1;
                let span = info_span!("batch", number = num_batches, num_records = batch.entries.len());
                writing.push(process(context, batch).instrument(span));
            }
            block = reading.next(), if !at_end && !window.is_full() => match block {
                Some(block) => {
                    let block = block?;
                    tally.num_replaced += block.num_replaced;
                    input_position = block.input_position;
                    readable.add(&block);
                    window.push(block);
                    // The rest of the input is not read.
                    is_hopeless = readable.is_hopeless(context.policy.max_rejected_share);
                    at_end = is_hopeless;
                }
                None => at_end = true,
            },
            Some(recorded) = recording.next() => recorded?,
            () = &mut deadline, if !at_end => (at_end, is_out_of_time) = (true, true),
            _ = tick.tick() => {
                is_due = true;
                if recording.is_empty() {
                    recording.push(record(context, tally.take_unrecorded()));
                }
                progress(counts(tally, input_position, stats.as_deref()));
            }
        }
    };
    progress(counts(tally, input_position, stats.as_deref()));
    let end = reading.end().await?;
    if let Some(crawl) = &end.crawl
        && !is_out_of_time
        && !is_hopeless
        && crawl.num_pages == 0
        && let Some(incomplete) = &crawl.incomplete
    {
        return Err(Error::Crawl(Box::new(incomplete.clone())));
    }
    Ok(ReadInput { seen, end, is_unchanged, is_hopeless, is_out_of_time, page, stats })
}

/// Ends after a time; without one, never.
pub(super) async fn deadline(after: Option<Duration>) {
    match after {
        Some(after) => time::sleep(after).await,
        None => pending().await,
    }
}

/// Starts reading the input.
async fn begin(context: &RunContext<'_>, feed: Feed) -> Result<Feed> {
    let mut feed = feed.begin(context.target.origin.run_id).await?;
    if let Some(options) = tap::options(&mut feed) {
        let client = context.database.client().await?;
        let Origin { source_id, scope, .. } = &context.target.origin;
        tap::continue_from(&client, options, Some(*source_id), scope, context.policy.guards.enabled).await?;
    }
    Ok(feed)
}

fn counts(tally: &Tally, input_position: u64, stats: Option<&FetchStats>) -> Progress {
    let num_not_modified = stats.map_or(0, |stats| stats.counts().num_not_modified);
    Progress::Counts { num_seen: tally.counts.num_seen, input_position, num_not_modified }
}

/// Seals a window on a blocking thread, because sealing sorts and may read the file of seen ids.
async fn seal(
    context: &RunContext<'_>,
    window: Window,
    (mut seen, mut parts): (SeenSet, PageParts),
) -> Result<(Batch, (SeenSet, PageParts))> {
    let keys = find_keys(context, &window).await?;
    let (policy, on_duplicate) = (Arc::clone(&context.record_policy), context.policy.on_duplicate.clone());
    let mode = context.policy.mode;
    let sealed = task::spawn_blocking(move || {
        let batch = window.seal(&policy, &on_duplicate, mode, &mut seen, &mut parts, &keys)?;
        Ok((batch, (seen, parts)))
    });
    sealed.await.map_err(|_| Error::Reader)?
}

/// Where re-keys have moved the records of a window.
async fn find_keys(context: &RunContext<'_>, window: &Window) -> Result<Keys> {
    if !context.source.has_aliases {
        return Ok(Keys::default());
    }
    let client = context.database.client().await?;
    Keys::find(&client, &context.source.name, window.ids(), context.request.complete).await
}
