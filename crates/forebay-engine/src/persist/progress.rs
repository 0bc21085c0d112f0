//! Progress reports of a run.

use forebay_store::runs::ScopeHolder;

/// Progress of a run.
#[derive(Clone, Debug)]
pub enum Progress {
    /// Another run holds the scope; this one waits for it.
    Waiting,
    /// It still waits.
    Blocked {
        /// Who holds the scope.
        holder: ScopeHolder,
    },
    /// Runs whose process had died were closed.
    Aborted {
        /// Their number.
        num_runs: u64,
    },
    /// The run has begun.
    Started {
        /// The run.
        run_id: i64,
    },
    /// Records are being read.
    Counts {
        /// Records read so far.
        num_seen: u64,
        /// How far the input has been read: bytes before decompression, or pages.
        input_position: u64,
        /// Number of 304 (not modified) responses so far.
        num_not_modified: u64,
    },
    /// All input is read; changes are being applied.
    Applying,
}
