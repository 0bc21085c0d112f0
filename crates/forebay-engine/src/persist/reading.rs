//! From an input to prepared records: read by one thread, prepared by several, delivered in the order of the input.
//!
//! Everything between the threads is bounded, so a fast input and a slow database meet in the middle, in little memory.

use std::{
    io::Read,
    mem,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use forebay_domain::{
    coverage::Coverage,
    identity::{ReferenceId, VersionHash},
    prepare::{Preparer, RecordPolicy},
    reject::Place,
};
use forebay_sources::{Chunk, Ending, ReadOptions, Reader};
use forebay_store::rejected::{RAW_LIMIT, Rejected};
use futures_util::{StreamExt, stream::FuturesOrdered};
use tokio::{sync::mpsc, task};

use crate::error::{Error, Result};

/// Prepared pieces of input that may wait for the database.
const CHUNKS_WAITING: usize = 4;

/// A record that is ready for the database; its ranges are in the buffers of its chunk.
#[derive(Clone, Debug)]
pub(super) struct PreparedRecord {
    pub(super) reference_id: ReferenceId,
    pub(super) version_hash: VersionHash,
    pub(super) key: std::ops::Range<usize>,
    pub(super) payload: std::ops::Range<usize>,
    pub(super) place: Place,
}

/// A piece of input, prepared.
#[derive(Debug, Default)]
pub(super) struct PreparedChunk {
    pub(super) records: Vec<PreparedRecord>,
    pub(super) payloads: Vec<u8>,
    pub(super) keys: String,
    pub(super) rejected: Vec<Rejected>,
    /// Characters that Postgres cannot hold and that were replaced.
    pub(super) num_replaced: u64,
    /// Bytes of the input read up to here, before decompression.
    pub(super) input_position: u64,
}

/// Prepared pieces on their way to the database.
#[derive(Debug)]
pub(super) struct Reading {
    chunks: mpsc::Receiver<Result<PreparedChunk>>,
    outcome: task::JoinHandle<Outcome>,
}

/// What is known of the input once all of it has been read.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) ending: Ending,
    pub(super) coverage: Coverage,
}

type Preparers = Arc<Mutex<Vec<Preparer>>>;

impl Reading {
    /// Begins to read. `num_preparers` is how many chunks are prepared at the same time.
    pub(super) fn start(
        input: Box<dyn Read + Send>,
        options: ReadOptions,
        policy: Arc<RecordPolicy>,
        num_preparers: usize,
    ) -> Self {
        let (raw_sender, raw) = mpsc::channel(2);
        // A thread of its own, because a read from a pipe may block for hours.
        let reader = thread::spawn(move || read(input, &options, &raw_sender));
        let (sender, chunks) = mpsc::channel(CHUNKS_WAITING);
        let outcome = tokio::spawn(prepare_all(raw, sender, policy, num_preparers, reader));
        Self { chunks, outcome }
    }

    /// The next piece, in the order of the input; None at the end.
    pub(super) async fn next(&mut self) -> Option<Result<PreparedChunk>> {
        self.chunks.recv().await
    }

    /// What is known of the whole input; call it at the end.
    pub(super) async fn outcome(self) -> Result<Outcome> {
        drop(self.chunks);
        self.outcome.await.map_err(|_| Error::Reader)
    }
}

type RawChunk = std::result::Result<(Chunk, u64), forebay_sources::Error>;

fn read(input: Box<dyn Read + Send>, options: &ReadOptions, raw: &mpsc::Sender<RawChunk>) -> Ending {
    let mut reader = match Reader::open(input, options) {
        Ok(reader) => reader,
        Err(error) => {
            // Nobody is there to be told when the receiver is gone.
            let _ = raw.blocking_send(Err(error));
            return Ending::default();
        }
    };
    loop {
        let mut chunk = Chunk::default();
        let item = match reader.next_chunk(&mut chunk) {
            Ok(true) => Ok((chunk, reader.input_position())),
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
    mut raw: mpsc::Receiver<RawChunk>,
    prepared: mpsc::Sender<Result<PreparedChunk>>,
    policy: Arc<RecordPolicy>,
    num_preparers: usize,
    reader: thread::JoinHandle<Ending>,
) -> Outcome {
    let preparers = Preparers::default();
    let mut under_way = FuturesOrdered::new();
    let mut more = true;
    loop {
        tokio::select! {
            item = raw.recv(), if more && under_way.len() < num_preparers => match item {
                Some(Ok((chunk, position))) => {
                    let (preparers, policy) = (Arc::clone(&preparers), Arc::clone(&policy));
                    under_way.push_back(task::spawn_blocking(move || Ok(prepare(&preparers, &policy, &chunk, position))));
                }
                Some(Err(error)) => {
                    more = false;
                    under_way.push_back(task::spawn_blocking(|| Err(Error::Source(error))));
                }
                None => more = false,
            },
            Some(done) = under_way.next(), if !under_way.is_empty() => {
                if prepared.send(done.unwrap_or(Err(Error::Reader))).await.is_err() {
                    break;
                }
            }
            else => break,
        }
    }
    // Closing the channel ends a reader that is still sending.
    drop(raw);
    let mut coverage = Coverage::default();
    for preparer in &mut *preparers.lock().unwrap_or_else(PoisonError::into_inner) {
        coverage.merge(&preparer.take_coverage());
    }
    // The reader may be blocked on its input for good when the run has failed; only a finished one has an ending.
    let ending = if more { Ending::default() } else { reader.join().unwrap_or_default() };
    Outcome { ending, coverage }
}

fn prepare(
    preparers: &Preparers,
    policy: &Arc<RecordPolicy>,
    chunk: &Chunk,
    input_position: u64,
) -> PreparedChunk {
    let idle = preparers.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut preparer = idle.unwrap_or_else(|| Preparer::new(Arc::clone(policy)));
    let mut out = PreparedChunk {
        records: Vec::with_capacity(chunk.records.len()),
        payloads: Vec::with_capacity(chunk.bytes.len()),
        input_position,
        ..PreparedChunk::default()
    };
    for span in &chunk.records {
        let text = chunk.text(span);
        match preparer.prepare(text, &mut out.payloads, &mut out.keys) {
            Ok(record) => {
                out.num_replaced += u64::from(record.replaced);
                out.records.push(PreparedRecord {
                    reference_id: record.reference_id,
                    version_hash: record.version_hash,
                    key: record.key,
                    payload: record.payload,
                    place: span.place,
                });
            }
            Err(reject) => out.rejected.push(Rejected {
                place: span.place,
                reject,
                raw: text[..text.len().min(RAW_LIMIT)].to_vec(),
                raw_length: text.len() as u64,
            }),
        }
    }
    out.rejected.extend(chunk.rejected.iter().map(|rejected| Rejected {
        place: rejected.place,
        reject: rejected.reject.clone(),
        raw: rejected.raw.clone(),
        raw_length: rejected.raw_len,
    }));
    out.rejected.sort_by_key(|rejected| rejected.place);
    preparers.lock().unwrap_or_else(PoisonError::into_inner).push(preparer);
    out
}

impl PreparedChunk {
    /// The key of one of its records.
    pub(super) fn key(&self, record: &PreparedRecord) -> &str {
        &self.keys[record.key.clone()]
    }

    /// The payload of one of its records, as JSON text.
    pub(super) fn payload(&self, record: &PreparedRecord) -> &[u8] {
        &self.payloads[record.payload.clone()]
    }

    /// About how much memory it holds.
    pub(super) fn size(&self) -> usize {
        self.payloads.len() + self.keys.len() + self.records.len() * mem::size_of::<PreparedRecord>()
    }
}
