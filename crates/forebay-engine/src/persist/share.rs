//! The share of a run in the memory of its process: runs at the same time read with smaller buffers.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The runs of this process that are reading.
static READING: AtomicUsize = AtomicUsize::new(0);

/// A run that is reading, until this value is dropped.
#[derive(Debug)]
pub(super) struct Share(());

impl Share {
    pub(super) fn begin() -> Self {
        READING.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        READING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What one run may use of so much memory, at least an eighth: more runs at once are rare, and tiny buffers are slow.
pub(super) fn share_of(all: usize) -> usize {
    all / READING.load(Ordering::Relaxed).clamp(1, 8)
}
