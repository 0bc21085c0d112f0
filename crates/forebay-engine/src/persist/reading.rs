//! From an input to prepared records: read by one thread, prepared by several, delivered in the order of the input.
//!
//! Everything between the threads is bounded, so a fast input and a slow database meet in the middle, in little memory.

use std::{
    collections::BTreeMap,
    io::Read,
    mem,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use forebay_domain::{
    coverage::Coverage,
    identity::ReferenceId,
    prepare::{Prepared, Preparer, RecordPolicy},
    reject::Place,
};
use forebay_sources::{
    Block, Ending, Link, LinkKey, ReadOptions, Reader,
    crawl::{self, CrawlEnd, Crawled},
    fetch::Validators,
};
use forebay_store::{
    references::{Lineage, Record},
    rejected::{RAW_LIMIT, Rejected},
};
use futures_util::{StreamExt, stream::FuturesOrdered};
use jiff::Timestamp;
use tokio::{sync::mpsc, task};

use super::Feed;
use crate::error::{Error, Result};

/// Prepared pieces of input that may wait for the database.
const BLOCKS_WAITING: usize = 4;

/// A piece of input, prepared.
#[derive(Debug, Default)]
pub(super) struct PreparedBlock {
    pub(super) records: Vec<Prepared>,
    /// Where each of the records stood in the input.
    pub(super) places: Vec<Place>,
    pub(super) payloads: Vec<u8>,
    pub(super) keys: String,
    pub(super) rejected: Vec<Rejected>,
    /// Characters that Postgres cannot hold and that were replaced.
    pub(super) num_replaced: u64,
    /// How far the input has been read: bytes before decompression, or pages.
    pub(super) input_position: u64,
    /// The page that it was.
    pub(super) page: Option<Arc<PreparedPage>>,
    /// What was observed of its records, if it is a page that was read.
    pub(super) coverage: Coverage,
}

/// A page whose records are a block.
#[derive(Clone, Debug)]
pub(super) struct PreparedPage {
    /// What tells it from other pages of its source.
    pub(super) key: LinkKey,
    /// Where it is, without secrets.
    pub(super) url: Arc<str>,
    /// When it was fetched.
    pub(super) fetched_at: Timestamp,
    /// What to ask with the next time.
    pub(super) validators: Validators,
    /// Until when there is no need to ask.
    pub(super) fresh_until: Option<Timestamp>,
    /// Where it leads.
    pub(super) links: Vec<Link>,
    /// How many of its records had a value for each field.
    pub(super) field_counts: BTreeMap<String, u64>,
    /// Its references, if it is as it was and has not been read.
    pub(super) known: Option<Vec<ReferenceId>>,
}

/// Prepared pieces on their way to the database.
#[derive(Debug)]
pub(super) struct Reading {
    blocks: mpsc::Receiver<Result<PreparedBlock>>,
    outcome: task::JoinHandle<Result<InputEnd>>,
}

/// What is known of the input once all of it has been read.
#[derive(Debug, Default)]
pub(super) struct InputEnd {
    pub(super) ending: Ending,
    pub(super) coverage: Coverage,
    /// How the crawl ended, if it was one.
    pub(super) crawl: Option<CrawlEnd>,
}

type Preparers = Arc<Mutex<Vec<Preparer>>>;

impl Reading {
    /// Begins to read. `num_preparers` is how many blocks are prepared at the same time.
    pub(super) fn start(feed: Feed, policy: Arc<RecordPolicy>, num_preparers: usize) -> Self {
        let raw = match feed {
            Feed::Bytes { reader, options, .. } => {
                let (sender, blocks) = mpsc::channel(2);
                // A thread of its own, because a read from a pipe may block for hours.
                let reader = thread::spawn(move || read(reader, &options, &sender));
                Raw::Blocks { blocks, reader }
            }
            Feed::Pages { pages, end, .. } => Raw::Pages { pages, end, num_pages: 0 },
            Feed::Unchanged | Feed::Later(_) => Raw::Nothing,
        };
        let (sender, blocks) = mpsc::channel(BLOCKS_WAITING);
        let outcome = tokio::spawn(prepare_all(raw, sender, policy, num_preparers));
        Self { blocks, outcome }
    }

    /// The next piece, in the order of the input; None at the end.
    pub(super) async fn next(&mut self) -> Option<Result<PreparedBlock>> {
        self.blocks.recv().await
    }

    /// What is known of the whole input; call it at the end.
    pub(super) async fn outcome(self) -> Result<InputEnd> {
        drop(self.blocks);
        self.outcome.await.map_err(|_| Error::Reader)?
    }
}

type RawItem = std::result::Result<(Block, u64), forebay_sources::Error>;

/// What comes in to be prepared.
enum Raw {
    Nothing,
    Blocks { blocks: mpsc::Receiver<RawItem>, reader: thread::JoinHandle<Ending> },
    Pages { pages: mpsc::Receiver<Crawled>, end: task::JoinHandle<CrawlEnd>, num_pages: u64 },
}

/// A piece to prepare, and how far the input has been read with it.
enum Piece {
    Block(Block, u64),
    Page(Box<Crawled>, u64),
}

impl Raw {
    async fn next(&mut self) -> Option<std::result::Result<Piece, forebay_sources::Error>> {
        match self {
            Self::Nothing => None,
            Self::Blocks { blocks, .. } => {
                blocks.recv().await.map(|block| block.map(|(block, position)| Piece::Block(block, position)))
            }
            Self::Pages { pages, num_pages, .. } => {
                let crawled = pages.recv().await?;
                *num_pages += 1;
                Some(Ok(Piece::Page(Box::new(crawled), *num_pages)))
            }
        }
    }

    /// How the input ended. A reader may be blocked on its input for good when the run has failed, so it is waited for
    /// only if all of the input has come. One that panicked has not said that it has: what did not come is not gone.
    async fn end(self, is_whole: bool) -> Result<(Ending, Option<CrawlEnd>)> {
        Ok(match self {
            Self::Nothing => (Ending::default(), None),
            Self::Blocks { blocks, reader } => {
                // Closing the channel ends a reader that is still sending.
                drop(blocks);
                let ending =
                    if is_whole { reader.join().map_err(|_| Error::Reader)? } else { Ending::default() };
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

fn read(input: Box<dyn Read + Send>, options: &ReadOptions, raw: &mpsc::Sender<RawItem>) -> Ending {
    let mut reader = match Reader::open(input, options) {
        Ok(reader) => reader,
        Err(error) => {
            // Nobody is there to be told when the receiver is gone.
            let _ = raw.blocking_send(Err(error));
            return Ending::default();
        }
    };
    loop {
        let mut block = Block::default();
        let item = match reader.next_block(&mut block) {
            Ok(true) => Ok((block, reader.input_position())),
            Ok(false) => return reader.ending(),
            Err(error) => Err(error),
        };
        let failed = item.is_err();
        if raw.blocking_send(item).is_err() || failed {
            return reader.ending();
        }
    }
}

async fn prepare_all(
    mut raw: Raw,
    prepared: mpsc::Sender<Result<PreparedBlock>>,
    policy: Arc<RecordPolicy>,
    num_preparers: usize,
) -> Result<InputEnd> {
    let preparers = Preparers::default();
    let mut coverage = Coverage::default();
    let mut under_way = FuturesOrdered::new();
    let mut more = true;
    loop {
        tokio::select! {
            piece = raw.next(), if more && under_way.len() < num_preparers => match piece {
                Some(Ok(piece)) => {
                    let (preparers, policy) = (Arc::clone(&preparers), Arc::clone(&policy));
                    under_way.push_back(task::spawn_blocking(move || {
                        let idle = preparers.lock().unwrap_or_else(PoisonError::into_inner).pop();
                        let mut hand = idle.unwrap_or_else(|| Preparer::new(policy));
                        let done = match piece {
                            Piece::Block(block, position) => prepare(&mut hand, &block, position),
                            Piece::Page(crawled, position) => prepare_page(&mut hand, *crawled, position),
                        };
                        preparers.lock().unwrap_or_else(PoisonError::into_inner).push(hand);
                        Ok(done)
                    }));
                }
                Some(Err(error)) => {
                    more = false;
                    under_way.push_back(task::spawn_blocking(|| Err(Error::Source(error))));
                }
                None => more = false,
            },
            Some(done) = under_way.next(), if !under_way.is_empty() => {
                let mut done = done.unwrap_or(Err(Error::Reader));
                if let Ok(block) = &mut done
                    && let Some(page) = &block.page
                {
                    match &page.known {
                        Some(known) => {
                            let counts = page.field_counts.iter().map(|(field, count)| (field.as_str(), *count));
                            coverage.add_counted(known.len() as u64, counts);
                        }
                        None => coverage.merge(&mem::take(&mut block.coverage)),
                    }
                }
                if prepared.send(done).await.is_err() {
                    break;
                }
            }
            else => break,
        }
    }
    let (ending, crawl) = raw.end(!more).await?;
    for preparer in &mut *preparers.lock().unwrap_or_else(PoisonError::into_inner) {
        coverage.merge(&preparer.take_coverage());
    }
    Ok(InputEnd { ending, coverage, crawl })
}

/// Prepares what a page yielded. One that yielded nothing, because it is gone or failed, is an empty block.
fn prepare_page(preparer: &mut Preparer, crawled: Crawled, position: u64) -> PreparedBlock {
    let Crawled { link, outcome } = crawled;
    let url: Arc<str> = forebay_sources::fetch::redact_url(&link.url).into();
    match outcome {
        crawl::PageOutcome::Read { harvest, validators, fresh_until, fetched_at } => {
            let mut block = prepare(preparer, &harvest.block, position);
            for rejected in &mut block.rejected {
                rejected.url = Some(Arc::clone(&url));
            }
            let coverage = preparer.take_coverage();
            block.page = Some(Arc::new(PreparedPage {
                key: link.key(),
                url,
                fetched_at,
                validators,
                fresh_until,
                links: harvest.links,
                field_counts: coverage.fields().map(|field| (field.name.to_owned(), field.count)).collect(),
                known: None,
            }));
            block.coverage = coverage;
            block
        }
        crawl::PageOutcome::Unchanged { known } => PreparedBlock {
            input_position: position,
            page: Some(Arc::new(PreparedPage {
                key: link.key(),
                url,
                fetched_at: Timestamp::UNIX_EPOCH,
                validators: known.validators,
                fresh_until: known.fresh_until,
                links: Vec::new(),
                field_counts: known.field_counts,
                known: Some(known.reference_ids),
            })),
            ..PreparedBlock::default()
        },
        crawl::PageOutcome::Gone { .. } | crawl::PageOutcome::Failed { .. } => {
            PreparedBlock { input_position: position, ..PreparedBlock::default() }
        }
    }
}

fn prepare(preparer: &mut Preparer, block: &Block, input_position: u64) -> PreparedBlock {
    let mut out = PreparedBlock {
        records: Vec::with_capacity(block.records.len()),
        places: Vec::with_capacity(block.records.len()),
        payloads: Vec::with_capacity(block.bytes.len()),
        input_position,
        ..PreparedBlock::default()
    };
    for span in &block.records {
        let text = block.text(span);
        match preparer.prepare(text, &mut out.payloads, &mut out.keys) {
            Ok(record) => {
                out.num_replaced += u64::from(record.replaced);
                out.records.push(record);
                out.places.push(span.place);
            }
            Err(reject) => out.rejected.push(Rejected {
                url: None,
                place: span.place,
                reject,
                raw: text[..text.len().min(RAW_LIMIT)].to_vec(),
                raw_length: text.len() as u64,
            }),
        }
    }
    out.rejected.extend(block.rejected.iter().map(|rejected| Rejected {
        url: None,
        place: rejected.place,
        reject: rejected.reject.clone(),
        raw: rejected.raw.clone(),
        raw_length: rejected.raw_len,
    }));
    out.rejected.sort_by_key(|rejected| rejected.place);
    out
}

impl PreparedPage {
    /// Whether remembering the page can save anything: it was read, and there is something to ask with.
    pub(super) fn can_be_remembered(&self) -> bool {
        self.known.is_none() && (!self.validators.is_empty() || self.fresh_until.is_some())
    }
}

impl PreparedBlock {
    /// One of its records as the database takes it.
    pub(super) fn record(&self, index: usize) -> Record<'_> {
        let prepared = &self.records[index];
        let page = self.page.as_deref();
        Record {
            reference_id: prepared.reference_id,
            version_hash: prepared.version_hash,
            record_key: &self.keys[prepared.key.clone()],
            payload: &self.payloads[prepared.payload.clone()],
            lineage: Lineage {
                place: self.places[index],
                url: page.map(|page| &*page.url),
                fetched_at: page.map(|page| page.fetched_at),
            },
        }
    }

    /// The references of its page, if that is as it was and has not been read.
    pub(super) fn known(&self) -> &[ReferenceId] {
        self.page.as_ref().and_then(|page| page.known.as_deref()).unwrap_or_default()
    }

    /// About how much memory it holds.
    pub(super) fn size(&self) -> usize {
        let page = self.page.as_ref().map_or(0, |page| {
            mem::size_of::<PreparedPage>() + page.links.len() * 256 + page.field_counts.len() * 64
        });
        self.payloads.len()
            + self.keys.len()
            + mem::size_of_val(self.records.as_slice())
            + mem::size_of_val(self.places.as_slice())
            + mem::size_of_val(self.known())
            + page
    }
}
