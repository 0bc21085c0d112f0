//! A sealed window: each key once, in the order of ids, with duplicates resolved by the source's policy.

use std::{collections::HashMap, sync::Arc};

use forebay_domain::{
    field_path::FieldPath,
    identity::{ReferenceId, VersionHash},
    newest::Rank,
    prepare::{self, Prepared, Preparer},
    reject::{Reject, RejectReason},
    run::{Counts, OnDuplicate},
};
use forebay_store::{references::Record, rejected::Rejected};

use super::prepared::{PreparedBlock, PreparedPage};

/// A record of a sealed window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) reference_id: ReferenceId,
    pub(super) version_hash: VersionHash,
    block: u32,
    /// [`KNOWN`] for a reference of an unchanged page, which was not read.
    record: u32,
    /// Whether the record removes its reference.
    pub(super) removes: bool,
    /// Whether an earlier record of the key doesn't matter, because one in between removed the reference.
    pub(super) starts_over: bool,
    /// The stored version that the content of a partial record builds on, once it is laid over it.
    pub(super) base_version: Option<i32>,
}

/// A placeholder for a record that was not read because its page is unchanged. It counts as a record without content.
const KNOWN: u32 = u32::MAX;

impl Entry {
    /// A record that was read: the `index`th one of a block.
    pub(super) fn read(reference_id: ReferenceId, prepared: &Prepared, block: u32, index: u32) -> Self {
        let Prepared { version_hash, removes, .. } = *prepared;
        Self {
            reference_id,
            version_hash,
            block,
            record: index,
            removes,
            starts_over: removes,
            base_version: None,
        }
    }

    /// A reference of an unchanged page.
    pub(super) fn known(reference_id: ReferenceId, block: u32) -> Self {
        let version_hash = VersionHash([0; 32]);
        Self {
            reference_id,
            version_hash,
            block,
            record: KNOWN,
            removes: false,
            starts_over: false,
            base_version: None,
        }
    }

    /// What the probe compares; a record that removes its reference has no content.
    pub(super) fn compared_hash(&self) -> Option<VersionHash> {
        (!self.removes).then_some(self.version_hash)
    }

    /// By id, and records of one key in the order of the input.
    pub(super) fn order(&self) -> (ReferenceId, u32, u32) {
        (self.reference_id, self.block, self.record)
    }

    /// The number of its block.
    pub(super) fn block(&self) -> u32 {
        self.block
    }
}

/// A sealed window.
#[derive(Debug)]
pub(super) struct Batch {
    blocks: Vec<PreparedBlock>,
    /// Each key once, in the order of ids.
    pub(super) entries: Vec<Entry>,
    /// Records whose key an earlier window has seen. Their content may replace or complete the earlier content.
    pub(super) revisited: Vec<Entry>,
    /// Partial records of a key that come before the one in `entries` or `revisited`, in order.
    pub(super) before: HashMap<ReferenceId, Vec<Entry>>,
    pub(super) rejected: Vec<Rejected>,
    /// Records seen, duplicates and rejections. New, changed and unchanged entries are counted later.
    pub(super) counts: Counts,
    /// References that count as seen and unchanged without having been read.
    pub(super) num_known: u64,
    /// The pages that were read and can be remembered.
    pub(super) pages: Vec<ReadPage>,
    /// Rejected records with an unknown key: each may belong to a reference that looks removed.
    pub(super) num_unidentified: u64,
}

/// A page that was read and can be remembered, with the references of its records.
#[derive(Debug)]
pub(super) struct ReadPage {
    pub(super) page: Arc<PreparedPage>,
    pub(super) reference_ids: Vec<ReferenceId>,
}

impl Batch {
    /// A batch without entries; takes over the rejected records of the blocks.
    pub(super) fn new(mut blocks: Vec<PreparedBlock>, num_entries: usize, counts: Counts) -> Self {
        let mut rejected = Vec::new();
        for block in &mut blocks {
            rejected.append(&mut block.rejected);
        }
        let num_unidentified = rejected.iter().filter(|r| !r.reject.reason.key_is_known()).count() as u64;
        Self {
            blocks,
            entries: Vec::with_capacity(num_entries),
            revisited: Vec::new(),
            before: HashMap::new(),
            rejected,
            counts,
            num_known: 0,
            pages: Vec::new(),
            num_unidentified,
        }
    }

    /// Resolves the records of one key; `same_key` has at least one.
    pub(super) fn settle(
        &mut self,
        same_key: &[Entry],
        revisited: bool,
        on_duplicate: &OnDuplicate,
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
                // A removal ends what came before it.
                let last_removal = same_key.iter().rposition(|entry| entry.removes);
                let since = last_removal.map_or(same_key, |removal| &same_key[removal + 1..]);
                let mut settled = same_key[same_key.len() - 1];
                if *on_duplicate == OnDuplicate::Merge && since.len() > 1 {
                    settled = self.merge(since, &mut preparer());
                }
                settled.starts_over = last_removal.is_some();
                if revisited { self.revisited.push(settled) } else { self.entries.push(settled) }
            }
            OnDuplicate::Newest(field) => {
                self.counts.num_duplicate += (same_key.len() - num_kept) as u64;
                // Of several, the last one.
                let newest = match same_key {
                    [only] => Some(only),
                    _ => same_key.iter().max_by_key(|entry| self.rank(field, entry)),
                };
                let to = if revisited { &mut self.revisited } else { &mut self.entries };
                to.extend(newest);
            }
        }
    }

    /// How new a record is.
    pub(super) fn rank(&self, field: &FieldPath, entry: &Entry) -> Rank {
        Rank::of(field, self.record(entry).payload)
    }

    /// Keeps all partial records of one key, for [`lay_over`](super::patch::lay_over).
    pub(super) fn settle_partial(&mut self, same_key: &[Entry], revisited: bool) {
        self.counts.num_duplicate += (same_key.len() - usize::from(!revisited)) as u64;
        let last_removal = same_key.iter().rposition(|entry| entry.removes);
        let since = last_removal.map_or(same_key, |removal| &same_key[removal + 1..]);
        let mut settled = same_key[same_key.len() - 1];
        settled.starts_over = last_removal.is_some();
        if since.len() > 1 {
            self.before.insert(settled.reference_id, since[..since.len() - 1].to_vec());
        }
        if revisited { self.revisited.push(settled) } else { self.entries.push(settled) }
    }

    /// Replaces the content of a record that was read.
    pub(super) fn set_content(&mut self, entry: &mut Entry, version_hash: VersionHash, payload: &[u8]) {
        let block = &mut self.blocks[entry.block as usize];
        let start = block.payloads.len();
        block.payloads.extend_from_slice(payload);
        let prepared = &mut block.records[entry.record as usize];
        prepared.version_hash = version_hash;
        prepared.payload = start..start + payload.len();
        entry.version_hash = version_hash;
    }

    fn keep(&mut self, entries: &[Entry]) {
        for entry in entries {
            if entry.record == KNOWN { self.num_known += 1 } else { self.entries.push(*entry) }
        }
    }

    fn duplicate_key(&self, entry: &Entry) -> Rejected {
        let record = self.record(entry);
        let message = format!("the key {:?} was already seen in this run", record.record_key);
        Rejected::record(&record, Reject::new(RejectReason::DuplicateKey, message))
    }

    /// Merges the records of one key; fields of later records win.
    fn merge(&mut self, same_key: &[Entry], preparer: &mut Preparer) -> Entry {
        let mut merged = self.record(&same_key[0]).payload.to_vec();
        for later in &same_key[1..] {
            // Canonical payloads can be merged; if one cannot, the later one replaces the earlier one.
            let later = self.record(later).payload;
            merged = prepare::merge(&merged, later).unwrap_or_else(|_| later.to_vec());
        }
        self.replace(&same_key[same_key.len() - 1], &merged, preparer)
    }

    /// Replaces the content of an entry. The entry stays as it was if the new content cannot be prepared.
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
            removes: false,
        });
        self.blocks.push(block);
        let number = u32::try_from(self.blocks.len() - 1).unwrap_or(u32::MAX);
        Entry { version_hash, block: number, record: 0, removes: false, ..*entry }
    }

    /// An entry's record as the store takes it.
    pub(super) fn record(&self, entry: &Entry) -> Record<'_> {
        let record = self.blocks[entry.block as usize].record(entry.record as usize);
        // A re-key may have moved the record to another reference than the computed one.
        Record { reference_id: entry.reference_id, base_version: entry.base_version, ..record }
    }
}
