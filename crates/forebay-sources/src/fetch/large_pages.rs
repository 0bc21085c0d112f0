//! The memory for large pages, which all crawls of a process share.
//!
//! A page is held in memory until its records are on their way. Small pages are fetched ahead of their turn, several at
//! a time. A large one is fetched beyond its start only when it is its turn in its crawl, and while there is memory:
//! otherwise a few crawls, each with many large pages in flight, would take gigabytes.
//!
//! When changing this: a page must not wait while it holds what another one needs to go on. So only the page whose turn
//! it is takes memory, and it gives the host's permit back before it waits.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

/// Pages up to this size are fetched ahead of their turn.
pub const SMALL_PAGE: usize = 512 << 10;
/// The memory for larger pages, in KiB. A page that may be larger than all of it has it alone.
const LARGE_PAGES_KIB: u32 = 64 << 10;

/// The bytes of large pages that a process holds at the same time, if no single page is larger.
pub const LARGE_PAGES: usize = (LARGE_PAGES_KIB as usize) << 10;

/// Whether it is a page's turn in its crawl. Default: it is.
#[derive(Clone, Debug, Default)]
pub struct Turn(Option<watch::Receiver<bool>>);

impl Turn {
    /// A turn that comes when the sender says so.
    pub(crate) fn when(is_its_turn: watch::Receiver<bool>) -> Self {
        Self(Some(is_its_turn))
    }

    /// Waits for the turn.
    pub(crate) async fn wait(&self) {
        if let Some(turn) = &self.0 {
            // An error means that nobody waits for the page.
            let _ = turn.clone().wait_for(|is_its_turn| *is_its_turn).await;
        }
    }
}

/// The memory for the large pages of a process.
#[derive(Clone, Debug)]
pub(crate) struct LargePages {
    bytes: Arc<Semaphore>,
    /// Work for the thread that makes trees of large pages, one at a time. It is always the same thread, because an
    /// allocator keeps what a thread has freed for that thread.
    trees: mpsc::Sender<Box<dyn FnOnce() + Send>>,
}

impl Default for LargePages {
    fn default() -> Self {
        let (trees, work) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        thread::spawn(move || {
            for work in work {
                // A panic is reported by the answer that does not come.
                let _ = catch_unwind(AssertUnwindSafe(work));
            }
        });
        Self { bytes: Arc::new(Semaphore::new(LARGE_PAGES_KIB as usize)), trees }
    }
}

impl LargePages {
    /// Reads a large page as a whole. The work must not wait for anything. `None`: it panicked.
    pub(crate) async fn parse<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, answer) = oneshot::channel();
        let work = move || {
            if !sender.is_closed() {
                // The receiver may be gone meanwhile.
                let _ = sender.send(work());
            }
        };
        self.trees.send(Box::new(work)).ok()?;
        answer.await.ok()
    }

    /// The memory of a page that may have so many bytes.
    pub(super) fn page(&self, turn: Turn, limit: u64) -> PageMemory {
        PageMemory { bytes: Arc::clone(&self.bytes), turn, limit, permit: None }
    }
}

/// The memory of one page.
pub(super) struct PageMemory {
    bytes: Arc<Semaphore>,
    turn: Turn,
    limit: u64,
    permit: Option<OwnedSemaphorePermit>,
}

impl PageMemory {
    /// Whether the page must not have so many bytes yet.
    pub(super) fn is_exceeded_by(&self, bytes: usize) -> bool {
        self.permit.is_none() && bytes > SMALL_PAGE
    }

    /// Waits until it is the page's turn and it may be large.
    pub(super) async fn extend(&mut self) {
        self.turn.wait().await;
        let kib = u32::try_from(self.limit.div_ceil(1 << 10)).unwrap_or(u32::MAX).min(LARGE_PAGES_KIB);
        // The semaphore is never closed.
        self.permit = Arc::clone(&self.bytes).acquire_many_owned(kib).await.ok();
    }

    /// The bytes of the page, which give the memory back when they are dropped.
    pub(super) fn hold(self, bytes: Bytes) -> Bytes {
        match self.permit {
            Some(permit) => Bytes::from_owner(Held { bytes, _permit: permit }),
            None => bytes,
        }
    }
}

struct Held {
    bytes: Bytes,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_large_page_waits_for_its_turn_and_for_memory() {
        let pages = LargePages::default();
        let (turn, its_turn) = watch::channel(false);
        let mut page = pages.page(Turn::when(its_turn), LARGE_PAGES as u64);
        assert!(!page.is_exceeded_by(SMALL_PAGE) && page.is_exceeded_by(SMALL_PAGE + 1));
        let soon = Duration::from_millis(20);
        assert!(timeout(soon, page.extend()).await.is_err(), "it is not its turn");
        turn.send_replace(true);
        page.extend().await;
        assert!(!page.is_exceeded_by(usize::MAX));
        let bytes = page.hold(Bytes::from_static(b"page"));
        // A page that may be larger than all memory has it alone.
        let mut other = pages.page(Turn::default(), u64::MAX);
        assert!(timeout(soon, other.extend()).await.is_err(), "there is no memory");
        assert_eq!(&bytes[..], b"page");
        drop(bytes);
        other.extend().await;
    }
}
