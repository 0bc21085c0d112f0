//! A window of the input: what is compared with the database, and written, at one time.
//!
//! Sealing a window sorts its records by id, so that each index page is visited once, and settles duplicate keys by
//! the source's policy: inside the window in memory, against earlier windows through the [`SeenSet`].

use std::{collections::BTreeSet, io, mem, sync::Arc};

use forebay_domain::{
    identity::{ReferenceId, VersionHash},
    prepare::{self, Prepared, Preparer, RecordPolicy},
    reject::{Reject, RejectReason},
    run::{Counts, OnDuplicate},
};
use forebay_store::{
    references::Record,
    rejected::{RAW_LIMIT, Rejected},
};

use super::{
    reading::{PreparedBlock, PreparedPage},
    seen::SeenSet,
};

/// A window is sealed when it holds about this many bytes …
const WINDOW_BYTES: usize = 8 << 20;
/// … or this many records.
const WINDOW_RECORDS: usize = 32 << 10;

/// A window that is being filled.
#[derive(Debug, Default)]
pub(super) struct Window {
    blocks: Vec<PreparedBlock>,
    num_records: usize,
    /// References of pages that are as they were.
    num_known: usize,
    num_rejected: usize,
    num_pages: usize,
    bytes: usize,
}

/// A record of a sealed window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) reference_id: ReferenceId,
    pub(super) version_hash: VersionHash,
    block: u32,
    /// [`KNOWN`] for a reference that a page which has not been read is known to hold.
    record: u32,
}

/// Stands for a record that was not read because its page is as it was. It counts like one that was, but for its content.
const KNOWN: u32 = u32::MAX;

/// A sealed window: each key once, in the order of ids.
#[derive(Debug)]
pub(super) struct Batch {
    blocks: Vec<PreparedBlock>,
    pub(super) entries: Vec<Entry>,
    /// Records whose key an earlier window has seen, and whose content may replace or complete what it brought.
    pub(super) revisited: Vec<Entry>,
    pub(super) rejected: Vec<Rejected>,
    /// Records seen, duplicates and rejections; what becomes of the entries is not known yet.
    pub(super) counts: Counts,
    /// References that are seen and unchanged without having been read.
    pub(super) num_known: u64,
    /// The pages that were read and can be remembered.
    pub(super) pages: Vec<ReadPage>,
    /// Rejections whose key is not known, so that it may be one that looks vanished.
    pub(super) num_unidentified: u64,
}

/// A page that was read and can be remembered, with the references of its records.
#[derive(Debug)]
pub(super) struct ReadPage {
    pub(super) page: Arc<PreparedPage>,
    pub(super) reference_ids: Vec<ReferenceId>,
}

impl Window {
    pub(super) fn push(&mut self, block: PreparedBlock) {
        self.num_records += block.records.len();
        self.num_known += block.known().len();
        self.num_pages += usize::from(block.page.is_some());
        self.num_rejected += block.rejected.len();
        self.bytes += block.size();
        self.blocks.push(block);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.num_records == 0 && self.num_known == 0 && self.num_rejected == 0 && self.num_pages == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes >= WINDOW_BYTES || self.num_records + self.num_known >= WINDOW_RECORDS
    }

    /// The computed ids of the records, in the order of the input.
    pub(super) fn ids(&self) -> Vec<ReferenceId> {
        let read = |block: &PreparedBlock| {
            block.records.iter().map(|record| record.reference_id).collect::<Vec<_>>()
        };
        self.blocks
            .iter()
            .flat_map(|block| read(block).into_iter().chain(block.known().iter().copied()))
            .collect()
    }

    /// Takes what was filled in, leaving an empty window.
    pub(super) fn take(&mut self) -> Self {
        mem::take(self)
    }

    /// Sorts, settles duplicates, and adds the window's keys to `seen`. `resolve` leads a computed id to its
    /// reference.
    pub(super) fn seal(
        self,
        policy: &Arc<RecordPolicy>,
        on_duplicate: OnDuplicate,
        seen: &mut SeenSet,
        resolve: impl Fn(ReferenceId) -> ReferenceId,
    ) -> io::Result<Batch> {
        let mut entries = Vec::with_capacity(self.num_records + self.num_known);
        let mut pages = Vec::new();
        let mut blocks = self.blocks;
        for (number, block) in (0..).zip(&mut blocks) {
            entries.extend((0..).zip(&block.records).map(|(record, prepared): (u32, &Prepared)| Entry {
                reference_id: resolve(prepared.reference_id),
                version_hash: prepared.version_hash,
                block: number,
                record,
            }));
            entries.extend(block.known().iter().map(|id| Entry {
                reference_id: resolve(*id),
                version_hash: VersionHash([0; 32]),
                block: number,
                record: KNOWN,
            }));
            // A page with rejected records is read again the next time, so that they are told again.
            if block.rejected.is_empty() && block.page.as_ref().is_some_and(|page| page.can_be_remembered()) {
                let reference_ids = block.records.iter().map(|record| resolve(record.reference_id)).collect();
                pages.extend(block.page.clone().map(|page| (number, ReadPage { page, reference_ids })));
            }
        }
        entries.sort_unstable_by_key(|entry| (entry.reference_id, entry.block, entry.record));

        let mut batch = Batch {
            counts: Counts {
                num_seen: (self.num_records + self.num_known + self.num_rejected) as u64,
                ..Counts::default()
            },
            num_known: 0,
            pages: Vec::new(),
            blocks,
            entries: Vec::with_capacity(entries.len()),
            revisited: Vec::new(),
            rejected: Vec::new(),
            num_unidentified: 0,
        };
        for block in &mut batch.blocks {
            batch.rejected.append(&mut block.rejected);
        }
        batch.num_unidentified =
            batch.rejected.iter().filter(|r| !r.reject.reason.key_is_known()).count() as u64;
        let mut new_ids = Vec::with_capacity(entries.len());
        let mut contested = BTreeSet::new();
        for same_key in entries.chunk_by(|a, b| a.reference_id == b.reference_id) {
            let revisited = seen.contains(same_key[0].reference_id)?;
            if !revisited {
                new_ids.push(same_key[0].reference_id);
            }
            if is_contested(same_key, revisited, on_duplicate) {
                contested.extend(same_key.iter().map(|entry| entry.block));
            }
            batch.settle(same_key, revisited, on_duplicate, || Preparer::new(Arc::clone(policy)));
        }
        seen.add_sorted(&new_ids)?;
        pages.retain(|(block, _)| !contested.contains(block));
        batch.pages = pages.into_iter().map(|(_, page)| page).collect();
        batch.counts.num_rejected = batch.rejected.len() as u64;
        Ok(batch)
    }
}

/// Whether the pages of these records, which have one key, have to be read again the next time.
///
/// The record that lost may win then, without its page having changed: when the other page has it no more. What a page
/// says twice by itself it decides by itself, unless it has to be told again as rejected.
fn is_contested(same_key: &[Entry], revisited: bool, on_duplicate: OnDuplicate) -> bool {
    let is_of_one_page = same_key.iter().all(|entry| entry.block == same_key[0].block);
    revisited || !is_of_one_page || (same_key.len() > 1 && on_duplicate == OnDuplicate::Reject)
}

impl Batch {
    /// Settles the records of one key; `same_key` has at least one.
    fn settle(
        &mut self,
        same_key: &[Entry],
        revisited: bool,
        on_duplicate: OnDuplicate,
        preparer: impl FnOnce() -> Preparer,
    ) {
        let num_kept = usize::from(!revisited);
        match on_duplicate {
            OnDuplicate::First => {
                self.keep(&same_key[..num_kept]);
                self.counts.num_duplicate += (same_key.len() - num_kept) as u64;
            }
            OnDuplicate::Reject => {
                self.keep(&same_key[..num_kept]);
                for duplicate in &same_key[num_kept..] {
                    if duplicate.record == KNOWN {
                        self.counts.num_duplicate += 1;
                        continue;
                    }
                    let rejected = self.duplicate_key(duplicate);
                    self.rejected.push(rejected);
                }
            }
            OnDuplicate::Last | OnDuplicate::Merge => {
                self.counts.num_duplicate += (same_key.len() - num_kept) as u64;
                let mut settled = same_key[same_key.len() - 1];
                if on_duplicate == OnDuplicate::Merge && same_key.len() > 1 {
                    settled = self.merge(same_key, &mut preparer());
                }
                if revisited { self.revisited.push(settled) } else { self.entries.push(settled) }
            }
        }
    }

    fn keep(&mut self, entries: &[Entry]) {
        for entry in entries {
            if entry.record == KNOWN { self.num_known += 1 } else { self.entries.push(*entry) }
        }
    }

    fn duplicate_key(&self, entry: &Entry) -> Rejected {
        let Record { record_key, payload, lineage, .. } = self.record(entry);
        let message = format!("the key {record_key:?} was already seen in this run");
        Rejected {
            url: lineage.url.map(Arc::from),
            place: lineage.place,
            reject: Reject::new(RejectReason::DuplicateKey, message),
            raw: payload[..payload.len().min(RAW_LIMIT)].to_vec(),
            raw_length: payload.len() as u64,
        }
    }

    /// Lays the records of one key over each other, the later over the earlier.
    fn merge(&mut self, same_key: &[Entry], preparer: &mut Preparer) -> Entry {
        let mut merged = self.record(&same_key[0]).payload.to_vec();
        for later in &same_key[1..] {
            // Payloads are canonical already, so they can be read; if not, the later one stands.
            let later = self.record(later).payload;
            merged = prepare::merge(&merged, later).unwrap_or_else(|_| later.to_vec());
        }
        self.replace(&same_key[same_key.len() - 1], &merged, preparer)
    }

    /// Puts other content in an entry's place. The entry comes back unchanged if the content cannot be prepared.
    pub(super) fn replace(&mut self, entry: &Entry, payload: &[u8], preparer: &mut Preparer) -> Entry {
        let mut block = PreparedBlock::default();
        let Ok((version_hash, payload)) = preparer.prepare_content(payload, &mut block.payloads) else {
            return *entry;
        };
        let replaced = self.record(entry);
        block.keys.push_str(replaced.record_key);
        block.places.push(replaced.lineage.place);
        block.records.push(Prepared {
            reference_id: entry.reference_id,
            version_hash,
            key: 0..block.keys.len(),
            payload,
            replaced: 0,
        });
        self.blocks.push(block);
        Entry {
            reference_id: entry.reference_id,
            version_hash,
            block: u32::try_from(self.blocks.len() - 1).unwrap_or(u32::MAX),
            record: 0,
        }
    }

    /// An entry's record as the database takes it.
    pub(super) fn record(&self, entry: &Entry) -> Record<'_> {
        let record = self.blocks[entry.block as usize].record(entry.record as usize);
        // A re-key may have moved the record to another reference than the computed one.
        Record { reference_id: entry.reference_id, ..record }
    }
}
