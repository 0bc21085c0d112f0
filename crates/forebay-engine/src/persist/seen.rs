//! The exact set of references that a run has seen, kept on disk with little memory.
//!
//! It answers two questions. For every record: has this run seen the key before? And once, at the end of a complete
//! run: which of the scope's references were not seen? The ids are written to an unnamed temporary file as sorted
//! stretches, one for each window of the input. A Bloom filter of fixed size answers the first question for nearly all
//! records without reading the file (Bloom 1970; here with one cache line for each id, as in Putze, Sanders and Singler
//! 2009); the file gives an exact answer for the rest. Merging the stretches answers the second question.
//!
//! Memory: the filter, one id in 128 as an index into the file, and, while merging, a small buffer for each stretch.

use std::{cmp::Reverse, collections::BinaryHeap, fs::File, io, os::unix::fs::FileExt};

use forebay_domain::identity::ReferenceId;

/// Size of the filter. At 4 million ids, one new id in a million needs the file; at 10 million, about one in 200.
pub(crate) const FILTER_BYTES: usize = 16 << 20;
/// A block of the filter is a cache line of 512 bits.
const BLOCK_WORDS: usize = 8;
/// Bits set for each id.
const BITS_PER_ID: u32 = 6;
/// One id in this many is kept in memory for each stretch.
const MARK_EVERY: usize = 128;
const ID_BYTES: usize = 16;
/// Ids read at once when stretches are merged.
const MERGE_IDS: usize = 512;

/// The set of references seen by one run.
#[derive(Debug)]
pub(super) struct SeenSet {
    filter: Vec<u64>,
    file: File,
    stretches: Vec<Stretch>,
    file_ids: u64,
}

/// A sorted part of the file.
#[derive(Debug)]
struct Stretch {
    /// The position of its first id in the file, in ids.
    first: u64,
    num_ids: usize,
    /// Its ids at positions 0, 128, 256 …
    marks: Vec<ReferenceId>,
}

impl SeenSet {
    /// An empty set. Its file is in the system's temporary folder and has no name, so it cannot be left behind.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            // The system allocates zeroed memory lazily, so a small run uses only a few pages.
            filter: vec![0; FILTER_BYTES / 8],
            file: tempfile::tempfile()?,
            stretches: Vec::new(),
            file_ids: 0,
        })
    }

    /// Whether the id was added before.
    pub(super) fn contains(&self, id: ReferenceId) -> io::Result<bool> {
        let (block, bits) = filter_place(id);
        let maybe = bits
            .iter()
            .zip(&self.filter[block..block + BLOCK_WORDS])
            .all(|(bits, word)| word & bits == *bits);
        if !maybe {
            return Ok(false);
        }
        for stretch in &self.stretches {
            if self.stretch_contains(stretch, id)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds ids, which must be sorted.
    pub(super) fn add_sorted(&mut self, ids: &[ReferenceId]) -> io::Result<()> {
        debug_assert!(ids.is_sorted(), "stretches are searched and merged as sorted");
        if ids.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(ids.len() * ID_BYTES);
        for id in ids {
            bytes.extend_from_slice(&id.0);
            let (block, bits) = filter_place(*id);
            for (word, bits) in self.filter[block..block + BLOCK_WORDS].iter_mut().zip(bits) {
                *word |= bits;
            }
        }
        self.file.write_all_at(&bytes, self.file_ids * ID_BYTES as u64)?;
        let marks = ids.iter().copied().step_by(MARK_EVERY).collect();
        self.stretches.push(Stretch { first: self.file_ids, num_ids: ids.len(), marks });
        self.file_ids += ids.len() as u64;
        Ok(())
    }

    /// All ids in order, each as often as it was added.
    pub(super) fn merged(&self) -> io::Result<Merged<'_>> {
        let mut merged = Merged { set: self, cursors: Vec::new(), heads: BinaryHeap::new() };
        for stretch in &self.stretches {
            let mut cursor = Cursor {
                next: stretch.first,
                end: stretch.first + stretch.num_ids as u64,
                buffer: Vec::new(),
            };
            if let Some(id) = cursor.take(&self.file)? {
                merged.heads.push(Reverse((id, merged.cursors.len())));
            }
            merged.cursors.push(cursor);
        }
        Ok(merged)
    }

    fn stretch_contains(&self, stretch: &Stretch, id: ReferenceId) -> io::Result<bool> {
        let after = stretch.marks.partition_point(|mark| *mark <= id);
        let Some(mark) = after.checked_sub(1) else { return Ok(false) };
        let start = mark * MARK_EVERY;
        let num_ids = MARK_EVERY.min(stretch.num_ids - start);
        let mut bytes = [0; MARK_EVERY * ID_BYTES];
        let bytes = &mut bytes[..num_ids * ID_BYTES];
        self.file.read_exact_at(bytes, (stretch.first + start as u64) * ID_BYTES as u64)?;
        Ok(bytes.chunks_exact(ID_BYTES).any(|candidate| candidate == id.0))
    }
}

/// The ids of a [`SeenSet`] in order.
#[derive(Debug)]
pub(super) struct Merged<'a> {
    set: &'a SeenSet,
    cursors: Vec<Cursor>,
    heads: BinaryHeap<Reverse<(ReferenceId, usize)>>,
}

#[derive(Debug)]
struct Cursor {
    next: u64,
    end: u64,
    /// Ids read ahead, the next one last.
    buffer: Vec<ReferenceId>,
}

impl Merged<'_> {
    /// The next id, or `None` at the end.
    pub(super) fn take(&mut self) -> io::Result<Option<ReferenceId>> {
        let Some(Reverse((id, cursor))) = self.heads.pop() else { return Ok(None) };
        if let Some(following) = self.cursors[cursor].take(&self.set.file)? {
            self.heads.push(Reverse((following, cursor)));
        }
        Ok(Some(id))
    }

    /// Whether an id was added. Ask in ascending order, because it passes over all lower ids.
    pub(super) fn has(&mut self, id: ReferenceId) -> io::Result<bool> {
        while self.heads.peek().is_some_and(|Reverse((head, _))| *head < id) {
            self.take()?;
        }
        Ok(self.heads.peek().is_some_and(|Reverse((head, _))| *head == id))
    }
}

impl Cursor {
    fn take(&mut self, file: &File) -> io::Result<Option<ReferenceId>> {
        if self.buffer.is_empty() && self.next < self.end {
            let num_ids = usize::try_from(self.end - self.next).unwrap_or(usize::MAX).min(MERGE_IDS);
            let mut bytes = vec![0; num_ids * ID_BYTES];
            file.read_exact_at(&mut bytes, self.next * ID_BYTES as u64)?;
            let (ids, _) = bytes.as_chunks::<ID_BYTES>();
            self.buffer.extend(ids.iter().rev().copied().map(ReferenceId));
            self.next += num_ids as u64;
        }
        Ok(self.buffer.pop())
    }
}

/// The position of an id in the filter: the first word of its block, and the bits to set in the block's words. Ids are
/// digests, so their bits serve as the hash. The leading bits choose the block, so sorted ids access memory in order.
fn filter_place(id: ReferenceId) -> (usize, [u64; BLOCK_WORDS]) {
    const BLOCKS: u128 = (FILTER_BYTES / 8 / BLOCK_WORDS) as u128;
    let digest = u128::from_be_bytes(id.0);
    let block = ((digest >> 96) * BLOCKS) >> 32;
    // The last 62 bits; the two before them are the UUID's variant, the same in every id.
    let tail = digest & ((1 << 62) - 1);
    let mut bits = [0; BLOCK_WORDS];
    for place in 0..BITS_PER_ID {
        let bit = (tail >> (place * 9)) & 511;
        bits[usize::try_from(bit >> 6).unwrap_or_default()] |= 1_u64 << (bit & 63);
    }
    (usize::try_from(block).unwrap_or_default() * BLOCK_WORDS, bits)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn ids(range: std::ops::Range<u32>) -> Vec<ReferenceId> {
        let mut ids: Vec<_> = range.map(|n| ReferenceId::compute("s", &n.to_string())).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn finds_exactly_the_ids_that_were_added() {
        let mut seen = SeenSet::new().unwrap();
        seen.add_sorted(&ids(0..1_000)).unwrap();
        seen.add_sorted(&ids(5_000..5_300)).unwrap();
        seen.add_sorted(&[]).unwrap();
        for id in ids(0..1_000).into_iter().chain(ids(5_000..5_300)) {
            assert!(seen.contains(id).unwrap());
        }
        for id in ids(1_000..5_000) {
            assert!(!seen.contains(id).unwrap());
        }
    }

    #[test]
    fn a_full_filter_is_still_exact() {
        let mut seen = SeenSet::new().unwrap();
        seen.add_sorted(&ids(0..700)).unwrap();
        seen.filter.fill(u64::MAX);
        assert!(ids(0..700).into_iter().all(|id| seen.contains(id).unwrap()));
        assert!(ids(700..1_400).into_iter().all(|id| !seen.contains(id).unwrap()));
    }

    #[test]
    fn a_merged_set_answers_in_ascending_order() {
        let mut seen = SeenSet::new().unwrap();
        seen.add_sorted(&ids(0..1_000)).unwrap();
        seen.add_sorted(&ids(900..2_000)).unwrap();
        let added: BTreeSet<_> = ids(0..2_000).into_iter().collect();
        let mut merged = seen.merged().unwrap();
        for id in ids(0..4_000) {
            assert_eq!(merged.has(id).unwrap(), added.contains(&id));
            assert_eq!(merged.has(id).unwrap(), added.contains(&id), "asked again");
        }
    }

    #[test]
    fn merges_in_order() {
        let mut seen = SeenSet::new().unwrap();
        for start in (0..10_000).step_by(1_500) {
            seen.add_sorted(&ids(start..start + 1_500)).unwrap();
        }
        let mut merged = seen.merged().unwrap();
        let mut out = Vec::new();
        while let Some(id) = merged.take().unwrap() {
            out.push(id);
        }
        assert!(out.is_sorted());
        assert_eq!(out.into_iter().collect::<BTreeSet<_>>(), ids(0..10_500).into_iter().collect());
    }

    #[test]
    fn the_filter_is_rarely_wrong() {
        let mut seen = SeenSet::new().unwrap();
        seen.add_sorted(&ids(0..100_000)).unwrap();
        let wrong = ids(100_000..200_000).into_iter().filter(|id| {
            let (block, bits) = filter_place(*id);
            bits.iter().zip(&seen.filter[block..block + BLOCK_WORDS]).all(|(bits, word)| word & bits == *bits)
        });
        assert!(wrong.count() < 10);
    }
}
