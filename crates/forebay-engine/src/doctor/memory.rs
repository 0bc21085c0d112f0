//! How much memory the program uses at most, whatever its inputs contain, and for what.
//!
//! The parts are stated where they are enforced. A test with hostile inputs measures their sum, which also contains
//! what no constant states: the program itself, its connections, and the tree of a page.

use forebay_sources::fetch::LARGE_PAGES;

use super::check::Check;
use crate::persist::{BLOCKS_BYTES, FILTER_BYTES, WINDOW_BYTES, WINDOWS};

/// Resident memory of a process with one run, in MiB.
const ONE_RUN: usize = 256;
/// Further memory for each other run at the same time, in MiB.
const OTHER_RUN: usize = 64;

/// States the bound.
pub(super) fn memory() -> Check {
    let mebibytes = |bytes: usize| bytes >> 20;
    Check::ok(
        "memory",
        format!(
            "at most {ONE_RUN} MiB for one run and {OTHER_RUN} MiB for each other one at the same time, whatever they read; \
             all runs share {} MiB for pages, {} MiB for windows and {} MiB for blocks; each has {} MiB for keys",
            mebibytes(LARGE_PAGES),
            mebibytes(WINDOWS * WINDOW_BYTES),
            mebibytes(BLOCKS_BYTES),
            mebibytes(FILTER_BYTES),
        ),
    )
}
