//! Reads an input: one thread reads, several prepare, and blocks arrive in the order of the input.
//!
//! All channels between the threads are bounded, so a fast input waits for a slow database without using much memory.

use std::{
    io::Read,
    mem,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use forebay_domain::{
    coverage::Coverage,
    prepare::{Preparer, RecordPolicy},
};
use forebay_sources::{
    Block, Ending, ReadOptions, Reader,
    crawl::{CrawlEnd, Crawled, PageOutcome},
};
use futures_util::{StreamExt, stream::FuturesOrdered};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task,
};
use tracing::{Instrument, Span};

use super::{
    feed::Feed,
    prepare::{PageOrder, Piece, prepare},
    prepared::{PreparedBlock, PreparedPage},
    share::{Share, share_of},
};
use crate::error::{Error, Result};

/// Maximum number of prepared blocks that wait for the database.
const BLOCKS_WAITING: usize = 3;
/// Maximum number of blocks that wait to be prepared.
const BLOCKS_UNPREPARED: usize = 2;
/// Maximum number of blocks that are prepared at the same time.
const BLOCKS_PREPARING: usize = 8;
/// How many bytes all these blocks may use together. A larger block waits until it is alone. Runs share them.
pub(crate) const BLOCKS_BYTES: usize = 16 << 20;

/// Prepared blocks on their way to the database.
#[derive(Debug)]
pub(super) struct Reading {
    blocks: mpsc::Receiver<Result<PreparedBlock>>,
    end: task::JoinHandle<Result<InputEnd>>,
    _share: Share,
}

/// The state after the whole input has been read.
#[derive(Debug, Default)]
pub(super) struct InputEnd {
    pub(super) ending: Ending,
    pub(super) coverage: Coverage,
    /// How the crawl ended, if the input was one.
    pub(super) crawl: Option<CrawlEnd>,
    /// The error that ended the input early. Everything before it was read.
    pub(super) error: Option<Arc<forebay_sources::Error>>,
}

impl Reading {
    /// Starts reading. At most `num_preparers` blocks are prepared at the same time, if their memory allows it.
    pub(super) fn start(feed: Feed, policy: Arc<RecordPolicy>, num_preparers: usize) -> Self {
        let share = Share::begin();
        let memory = Memory::new();
        let raw = match feed {
            Feed::Bytes { reader, options, .. } => {
                let (sender, blocks) = mpsc::channel(BLOCKS_UNPREPARED);
                let (ended, end) = oneshot::channel();
                let runtime = Handle::current();
                // A separate thread, because a read from a pipe may block for hours.
                thread::spawn(move || {
                    let ending =
                        read(reader, &options, &sender, |block| runtime.block_on(memory.reserve(block)));
                    // The receiver is gone if the run has failed.
                    let _ = ended.send(ending);
                });
                Raw::Blocks { blocks, end }
            }
            Feed::Pages { pages, end, .. } => {
                let order = PageOrder { position: 0, is_first: true };
                Raw::Pages { pages, end, memory, waiting: None, order }
            }
            Feed::Unchanged { .. } | Feed::Later { .. } => Raw::Nothing,
        };
        let (sender, blocks) = mpsc::channel(BLOCKS_WAITING);
        let end = tokio::spawn(prepare_all(raw, sender, policy, num_preparers).in_current_span());
        Self { blocks, end, _share: share }
    }

    /// The next block, in the order of the input; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Result<PreparedBlock>> {
        self.blocks.recv().await
    }

    /// Returns how the input ended; call it after the last block.
    pub(super) async fn end(self) -> Result<InputEnd> {
        drop(self.blocks);
        self.end.await.map_err(|_| Error::Reader)?
    }
}

type RawItem = std::result::Result<(Block, u64, Option<OwnedSemaphorePermit>), forebay_sources::Error>;

/// The memory for blocks on their way from the reader to a window.
struct Memory {
    free: Arc<Semaphore>,
    kib: u32,
}

impl Memory {
    fn new() -> Self {
        let kib = u32::try_from(share_of(BLOCKS_BYTES) >> 10).unwrap_or(u32::MAX);
        Self { free: Arc::new(Semaphore::new(kib as usize)), kib }
    }

    /// Waits until there is memory for a block.
    async fn reserve(&self, block: &Block) -> Option<OwnedSemaphorePermit> {
        let size = block.size().div_ceil(1 << 10);
        let size = u32::try_from(size).unwrap_or(u32::MAX).min(self.kib);
        // The semaphore is never closed.
        Arc::clone(&self.free).acquire_many_owned(size).await.ok()
    }
}

/// The input before it is prepared.
enum Raw {
    Nothing,
    Blocks {
        blocks: mpsc::Receiver<RawItem>,
        end: oneshot::Receiver<Ending>,
    },
    Pages {
        pages: mpsc::Receiver<Crawled>,
        end: task::JoinHandle<CrawlEnd>,
        memory: Memory,
        /// A page that waits for memory. It must not get lost if waiting is cancelled.
        waiting: Option<Box<Crawled>>,
        /// The place of the next page or part.
        order: PageOrder,
    },
}

impl Raw {
    /// The next piece. Cancelling loses nothing.
    async fn next(&mut self) -> Option<std::result::Result<Piece, forebay_sources::Error>> {
        match self {
            Self::Nothing => None,
            Self::Blocks { blocks, .. } => {
                let block = blocks.recv().await?;
                Some(block.map(|(block, position, permit)| Piece::Block(block, position, permit)))
            }
            Self::Pages { pages, memory, waiting, order, .. } => {
                if waiting.is_none() {
                    *waiting = Some(Box::new(pages.recv().await?));
                }
                let permit = match waiting.as_deref().and_then(block_of) {
                    Some(block) => memory.reserve(block).await,
                    None => None,
                };
                let crawled = waiting.take()?;
                order.position += u64::from(order.is_first);
                let this = *order;
                order.is_first = !matches!(crawled.outcome, PageOutcome::Part { .. });
                Some(Ok(Piece::Page(crawled, this, permit)))
            }
        }
    }

    /// Returns how the input ended. After a failed run, a reader may still block on its input forever, so its end is
    /// awaited only if the whole input has arrived. A reader that panicked has not reached the end, so missing records
    /// don't count as removed.
    async fn end(self, is_whole: bool) -> Result<(Ending, Option<CrawlEnd>)> {
        Ok(match self {
            Self::Nothing => (Ending::default(), None),
            Self::Blocks { blocks, end } => {
                // Closing the channel ends a reader that is still sending.
                drop(blocks);
                let ending = if is_whole { end.await.map_err(|_| Error::Reader)? } else { Ending::default() };
                (ending, None)
            }
            Self::Pages { pages, end, .. } => {
                drop(pages);
                let end = end.await.map_err(|_| Error::Reader)?;
                let truncated = end.incomplete.as_ref().map(|incomplete| incomplete.message.clone());
                (Ending { truncated, ..Ending::default() }, Some(end))
            }
        })
    }
}

/// The records of a page, or of a part of one.
fn block_of(crawled: &Crawled) -> Option<&Block> {
    match &crawled.outcome {
        PageOutcome::Part { block, .. } => Some(block),
        PageOutcome::Read { harvest, .. } => Some(&harvest.block),
        PageOutcome::Unchanged { .. } | PageOutcome::Gone { .. } | PageOutcome::Failed { .. } => None,
    }
}

fn read(
    input: Box<dyn Read + Send>,
    options: &ReadOptions,
    raw: &mpsc::Sender<RawItem>,
    reserve: impl Fn(&Block) -> Option<OwnedSemaphorePermit>,
) -> Ending {
    let mut reader = match Reader::open(input, options) {
        Ok(reader) => reader,
        Err(error) => {
            // The receiver is gone if the run has failed.
            let _ = raw.blocking_send(Err(error));
            return options.unfinished();
        }
    };
    loop {
        let mut block = Block::default();
        let item = match reader.next_block(&mut block) {
            Ok(true) => {
                let permit = reserve(&block);
                Ok((block, reader.input_position(), permit))
            }
            Ok(false) => return reader.ending(),
            Err(error) => Err(error),
        };
        let failed = item.is_err();
        if raw.blocking_send(item).is_err() || failed {
            return reader.ending();
        }
    }
}

/// Idle preparers; each keeps its buffers.
type IdlePreparers = Arc<Mutex<Vec<Preparer>>>;

async fn prepare_all(
    mut raw: Raw,
    prepared: mpsc::Sender<Result<PreparedBlock>>,
    policy: Arc<RecordPolicy>,
    num_preparers: usize,
) -> Result<InputEnd> {
    let num_preparers = num_preparers.min(BLOCKS_PREPARING);
    let idle = IdlePreparers::default();
    let mut coverage = RunCoverage::default();
    let mut at_work = FuturesOrdered::new();
    let mut early_end = None;
    let mut more = true;
    while more || !at_work.is_empty() {
        tokio::select! {
            piece = raw.next(), if more && at_work.len() < num_preparers => match piece {
                Some(Ok(piece)) => {
                    let (idle, policy, run) = (Arc::clone(&idle), Arc::clone(&policy), Span::current());
                    let prepare = move || run.in_scope(|| Ok(prepare_one(&idle, policy, piece)));
                    at_work.push_back(task::spawn_blocking(prepare));
                }
                Some(Err(error)) if error.ends_input_early() => {
                    more = false;
                    early_end = Some(Arc::new(error));
                }
                Some(Err(error)) => {
                    more = false;
                    at_work.push_back(task::spawn_blocking(|| Err(Error::Source(error))));
                }
                None => more = false,
            },
            Some(done) = at_work.next(), if !at_work.is_empty() => {
                let mut done = done.unwrap_or(Err(Error::Reader));
                if let Ok(block) = &mut done {
                    coverage.add_page(block);
                }
                if prepared.send(done).await.is_err() {
                    break;
                }
            }
            // The run has ended. A source that is silent must not keep its reader alive.
            () = prepared.closed() => break,
        }
    }
    let (ending, crawl) = raw.end(!more).await?;
    for preparer in &mut *idle.lock().unwrap_or_else(PoisonError::into_inner) {
        coverage.run.merge(&preparer.take_coverage());
    }
    Ok(InputEnd { ending, coverage: coverage.run, crawl, error: early_end })
}

fn prepare_one(idle: &IdlePreparers, policy: Arc<RecordPolicy>, piece: Piece) -> PreparedBlock {
    let preparer = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut preparer = preparer.unwrap_or_else(|| Preparer::new(policy));
    let block = prepare(&mut preparer, piece);
    idle.lock().unwrap_or_else(PoisonError::into_inner).push(preparer);
    block
}

/// The coverage of a run, and of the page that is being read.
#[derive(Default)]
struct RunCoverage {
    run: Coverage,
    /// The parts of the page so far.
    page: Coverage,
}

impl RunCoverage {
    /// Adds the coverage of a page or a part of one: as counted now, or as counted when it was last read.
    fn add_page(&mut self, block: &mut PreparedBlock) {
        let Some(page) = &mut block.page else { return };
        if let Some(known) = &page.known {
            let counts = page.field_counts.iter().map(|(field, count)| (field.as_str(), *count));
            return self.run.add_counted(known.len() as u64, counts);
        }
        let of_part = mem::take(&mut block.coverage);
        self.run.merge(&of_part);
        if page.is_first && page.is_last {
            return;
        }
        if page.is_first {
            self.page = Coverage::default();
        }
        self.page.merge(&of_part);
        if page.is_last {
            let whole = mem::take(&mut self.page);
            let field_counts = whole.fields().map(|field| (field.name.to_owned(), field.count)).collect();
            *page = Arc::new(PreparedPage { field_counts, ..PreparedPage::clone(page) });
        }
    }
}
