//! A page whose records arrive in several blocks, which may fall into several windows.
//!
//! A page is remembered with the references of all its records, so they are collected until it ends. A page that has
//! too many, or a problem in one of its parts, is not remembered: the next run reads it again, which is always correct.

use std::{mem, sync::Arc};

use forebay_domain::identity::ReferenceId;
use forebay_sources::LinkKey;

use super::{
    batch::ReadPage,
    prepared::{PreparedBlock, PreparedPage},
};

/// A page with more records is read each time: to skip it would take their ids twice, from the database and in memory.
const MAX_REMEMBERED: usize = 100_000;

/// The page that is being read. A run has one, because the blocks of a page follow each other.
#[derive(Debug, Default)]
pub(super) struct PageParts {
    key: LinkKey,
    reference_ids: Vec<ReferenceId>,
    /// Whether the page can't be remembered.
    is_lost: bool,
}

/// A page that ended in a window.
#[derive(Debug)]
pub(super) struct EndedPage {
    pub(super) read: ReadPage,
    /// The number of its first block in the window.
    pub(super) group: u32,
}

/// The pages of one window, block by block.
#[derive(Debug, Default)]
pub(super) struct PagesOfWindow {
    /// For each block of the window, the number of the first block of its page.
    groups: Vec<u32>,
    /// The page of the last block, while it is still being read.
    open: Option<LinkKey>,
}

impl PagesOfWindow {
    /// Adds the next block, whose records have these references. Returns its page if this is its last block and the
    /// page can be remembered.
    pub(super) fn add(
        &mut self,
        parts: &mut PageParts,
        block: &PreparedBlock,
        reference_ids: impl Iterator<Item = ReferenceId>,
    ) -> Option<EndedPage> {
        let number = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        let page = block.page.as_ref().filter(|page| page.known.is_none());
        let continues = page.is_some_and(|page| self.open == Some(page.key));
        let group = if continues { self.groups.last().copied().unwrap_or(number) } else { number };
        self.groups.push(group);
        let Some(page) = page else {
            self.open = None;
            return None;
        };
        if page.is_first || parts.key != page.key {
            // Without its first part, the page is not known as a whole.
            *parts = PageParts { key: page.key, is_lost: !page.is_first, ..PageParts::default() };
        }
        parts.add(block, reference_ids);
        self.open = (!page.is_last).then_some(page.key);
        let read = if page.is_last { parts.end(page) } else { None };
        read.map(|read| EndedPage { read, group })
    }

    /// The number of the first block of a block's page in this window.
    pub(super) fn group(&self, block: u32) -> u32 {
        self.groups.get(block as usize).copied().unwrap_or(block)
    }

    /// The group of the page that goes on in the next window.
    pub(super) fn open_group(&self) -> Option<u32> {
        self.open.and_then(|_| self.groups.last().copied())
    }
}

impl PageParts {
    /// Notes that the page that goes on in the next window can't be remembered.
    pub(super) fn lose(&mut self) {
        self.is_lost = true;
        self.reference_ids = Vec::new();
    }

    fn add(&mut self, block: &PreparedBlock, reference_ids: impl Iterator<Item = ReferenceId>) {
        // A page with rejected records is read again next time, so its rejections are reported again.
        if self.is_lost || !block.rejected.is_empty() {
            return self.lose();
        }
        self.reference_ids.extend(reference_ids);
        if self.reference_ids.len() > MAX_REMEMBERED {
            self.lose();
        }
    }

    fn end(&mut self, page: &Arc<PreparedPage>) -> Option<ReadPage> {
        let Self { reference_ids, is_lost, .. } = mem::take(self);
        let can_be_remembered = !is_lost && page.can_be_remembered();
        can_be_remembered.then(|| ReadPage { page: Arc::clone(page), reference_ids })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: u8, is_first: bool, is_last: bool) -> PreparedBlock {
        let page = PreparedPage {
            key: [name; 32],
            is_first,
            is_last,
            fresh_until: Some(jiff::Timestamp::MAX),
            ..PreparedPage::default()
        };
        PreparedBlock { page: Some(Arc::new(page)), ..PreparedBlock::default() }
    }

    /// The numbers of references of the pages that are remembered, window by window.
    fn remembered(windows: &[&[(PreparedBlock, usize)]]) -> Vec<usize> {
        let mut parts = PageParts::default();
        let mut ended = Vec::new();
        for window in windows {
            let mut pages = PagesOfWindow::default();
            for (block, num_records) in *window {
                let ids = (0..*num_records).map(|_| ReferenceId([0; 16]));
                ended.extend(pages.add(&mut parts, block, ids).map(|page| page.read.reference_ids.len()));
            }
        }
        ended
    }

    #[test]
    fn a_page_is_remembered_with_the_records_of_all_its_parts() {
        let whole = (part(1, true, true), 3);
        let first = || (part(2, true, false), 5);
        let last = || (part(2, false, true), 2);
        assert_eq!(remembered(&[&[whole], &[first(), last()]]), [3, 7]);
        assert_eq!(remembered(&[&[first()], &[last()]]), [7]);
        // A page that was broken off is followed by another one.
        assert_eq!(remembered(&[&[first()], &[(part(3, true, true), 1)]]), [1]);
        assert_eq!(remembered(&[&[last()]]), Vec::<usize>::new());
    }

    #[test]
    fn a_page_with_a_problem_in_one_part_is_read_again() {
        let many = || (part(1, true, false), MAX_REMEMBERED);
        let end = |count| (part(1, false, true), count);
        assert_eq!(remembered(&[&[many(), end(0)]]), [MAX_REMEMBERED]);
        assert_eq!(remembered(&[&[many()], &[end(1)]]), Vec::<usize>::new());
        let mut pages = PagesOfWindow::default();
        let mut parts = PageParts::default();
        assert!(pages.add(&mut parts, &part(1, true, false), std::iter::empty()).is_none());
        assert_eq!((pages.open_group(), pages.group(0)), (Some(0), 0));
        parts.lose();
        assert!(pages.add(&mut parts, &part(1, false, true), std::iter::empty()).is_none());
        assert_eq!((pages.open_group(), pages.group(1)), (None, 0));
    }
}
