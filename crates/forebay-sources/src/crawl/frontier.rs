//! The pages that a crawl still has to fetch.

use std::collections::{HashSet, VecDeque};

use super::memory::{KnownPage, Memory};
use crate::page::{Link, LinkKey};

/// How many links are looked up in the memory at a time.
const RECALL_BATCH: usize = 256;

/// The pages still to fetch, and the keys of all pages seen.
pub(super) struct Frontier {
    max_pages: usize,
    /// No more pages are added, although pages in flight may still link to some.
    is_closed: bool,
    seen: HashSet<LinkKey>,
    waiting: VecDeque<Link>,
    /// Looked-up pages, each with what earlier crawls stored.
    recalled: VecDeque<(Link, Option<KnownPage>)>,
}

impl Frontier {
    pub(super) fn of(max_pages: u32) -> Self {
        Self {
            max_pages: usize::try_from(max_pages).unwrap_or(usize::MAX),
            is_closed: false,
            seen: HashSet::new(),
            waiting: VecDeque::new(),
            recalled: VecDeque::new(),
        }
    }

    /// Adds a page, unless it was added before or there is no room. There is room for one page more than the limit,
    /// which shows that the limit was exceeded.
    pub(super) fn add(&mut self, mut link: Link) -> LinkKey {
        link.url.set_fragment(None);
        let key = link.key();
        let has_room = !self.is_closed && self.seen.len() <= self.max_pages;
        if has_room && self.seen.insert(key) {
            self.waiting.push_back(link);
        }
        key
    }

    pub(super) fn add_all(&mut self, links: &[Link]) {
        for link in links {
            self.add(link.clone());
        }
    }

    async fn recall(&mut self, memory: &impl Memory) {
        let batch: Vec<Link> = self.waiting.drain(..self.waiting.len().min(RECALL_BATCH)).collect();
        let mut known = memory.recall(&batch).await.into_iter();
        self.recalled.extend(batch.into_iter().map(|link| (link, known.next().flatten())));
    }

    /// Drops the waiting pages and accepts no more.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        self.waiting.clear();
        self.recalled.clear();
    }
    /// The next page to fetch.
    pub(super) async fn next(&mut self, memory: &impl Memory) -> Option<(Link, Option<KnownPage>)> {
        if self.recalled.is_empty() && !self.waiting.is_empty() {
            self.recall(memory).await;
        }
        self.recalled.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Role;

    #[test]
    fn the_frontier_is_bounded() {
        let mut frontier = Frontier::of(10);
        for number in 0..1_000 {
            let url = format!("http://127.0.0.1/{number}").parse().unwrap();
            frontier.add(Link::new(url, Role::Listing));
        }
        assert_eq!((frontier.seen.len(), frontier.waiting.len()), (11, 11));
    }
}
