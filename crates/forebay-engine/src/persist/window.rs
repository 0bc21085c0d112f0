//! A window of the input: the records that are compared with the database and written together.
//!
//! Sealing a window sorts its records by id, so each index page is visited once, and resolves duplicate keys by the
//! source's policy: within the window in memory, against earlier windows through the [`SeenSet`].

use std::{collections::BTreeSet, io, sync::Arc};

use forebay_domain::{
    identity::ReferenceId,
    patch::RecordMode,
    prepare::{Preparer, RecordPolicy},
    run::{Counts, OnDuplicate},
};

use super::{
    batch::{Batch, Entry},
    keys::Keys,
    page_parts::{PageParts, PagesOfWindow},
    prepared::PreparedBlock,
    seen::SeenSet,
    share::share_of,
};

/// A window is full when it holds about this many bytes …
pub(crate) const WINDOW_BYTES: usize = 8 << 20;
/// … or this many records, good or bad. Runs at the same time share both.
const WINDOW_RECORDS: usize = 32 << 10;

/// A window that is being filled.
#[derive(Debug, Default)]
pub(super) struct Window {
    blocks: Vec<PreparedBlock>,
    num_records: usize,
    /// References of unchanged pages.
    num_known: usize,
    num_rejected: usize,
    num_pages: usize,
    bytes: usize,
}

impl Window {
    pub(super) fn push(&mut self, mut block: PreparedBlock) {
        block.permit = None;
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
        self.bytes >= share_of(WINDOW_BYTES)
            || self.num_records + self.num_known + self.num_rejected >= share_of(WINDOW_RECORDS)
    }

    /// The computed ids of the records with their keys, and the known references of unchanged pages.
    pub(super) fn ids(&self) -> impl Iterator<Item = (ReferenceId, Option<&str>)> {
        self.blocks.iter().flat_map(|block| {
            let read = block.records.iter().map(|one| (one.reference_id, Some(&block.keys[one.key.clone()])));
            read.chain(block.known().iter().map(|id| (*id, None)))
        })
    }

    /// Sorts, resolves duplicates, and adds the window's keys to `seen`. `parts` is the page that the last window has
    /// not ended, and then the page that this one does not end.
    pub(super) fn seal(
        self,
        policy: &Arc<RecordPolicy>,
        on_duplicate: &OnDuplicate,
        mode: RecordMode,
        seen: &mut SeenSet,
        parts: &mut PageParts,
        keys: &Keys,
    ) -> io::Result<Batch> {
        let resolve = |id| keys.resolve(id);
        let mut contested = BTreeSet::new();
        let mut reused = Vec::new();
        let mut entries = Vec::with_capacity(self.num_records + self.num_known);
        let mut pages = PagesOfWindow::default();
        let mut ended = Vec::new();
        for (number, block) in (0..).zip(&self.blocks) {
            for (index, (place, prepared)) in (0..).zip(block.records.iter().enumerate()) {
                if let Some(rejected) = keys.reject(&block.record(place)) {
                    reused.push(rejected);
                    contested.insert(number);
                    continue;
                }
                entries.push(Entry::read(resolve(prepared.reference_id), prepared, number, index));
            }
            entries.extend(block.known().iter().map(|id| Entry::known(resolve(*id), number)));
            let kept = block.records.iter().filter(|record| !record.removes);
            ended.extend(pages.add(parts, block, kept.map(|record| resolve(record.reference_id))));
        }
        entries.sort_unstable_by_key(Entry::order);

        let num_seen = (self.num_records + self.num_known + self.num_rejected) as u64;
        let counts = Counts { num_seen, ..Counts::default() };
        let mut batch = Batch::new(self.blocks, entries.len(), counts);
        batch.rejected.append(&mut reused);
        let mut new_ids = Vec::with_capacity(entries.len());
        for same_key in entries.chunk_by(|a, b| a.reference_id == b.reference_id) {
            let revisited = seen.contains(same_key[0].reference_id)?;
            if !revisited {
                new_ids.push(same_key[0].reference_id);
            }
            if is_contested(same_key, &pages, revisited, on_duplicate) {
                contested.extend(same_key.iter().map(Entry::block));
            }
            match mode {
                RecordMode::Patch => batch.settle_partial(same_key, revisited),
                RecordMode::Replace => {
                    batch.settle(same_key, revisited, on_duplicate, || Preparer::new(Arc::clone(policy)));
                }
            }
        }
        seen.add_sorted(&new_ids)?;
        let contested: BTreeSet<u32> = contested.into_iter().map(|block| pages.group(block)).collect();
        if pages.open_group().is_some_and(|open| contested.contains(&open)) {
            parts.lose();
        }
        ended.retain(|page| !contested.contains(&page.group));
        batch.pages = ended.into_iter().map(|page| page.read).collect();
        batch.counts.num_rejected = batch.rejected.len() as u64;
        Ok(batch)
    }
}

/// Whether the pages of these records, which share a key, must be read again next time.
///
/// A record that lost may win next time although its page has not changed, because the other page no longer has it.
/// Duplicates within a page are resolved by that page, except if the policy rejects them: rejections are reported each
/// time. A page whose duplicates fall into several windows is read again, because windows don't know whose keys the
/// earlier ones have seen.
fn is_contested(
    same_key: &[Entry],
    pages: &PagesOfWindow,
    revisited: bool,
    on_duplicate: &OnDuplicate,
) -> bool {
    let page = |entry: &Entry| pages.group(entry.block());
    let is_of_one_page = same_key.iter().all(|entry| page(entry) == page(&same_key[0]));
    revisited || !is_of_one_page || (same_key.len() > 1 && *on_duplicate == OnDuplicate::Reject)
}
