//! What a run reports while it works.

/// What a run reports while it works.
#[derive(Clone, Debug)]
pub enum Progress {
    /// Another run has the scope; this one waits for it.
    Waiting,
    /// Runs whose process had died were closed.
    Aborted {
        /// How many.
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
        /// Responses so far that said that nothing has changed (304).
        num_not_modified: u64,
    },
    /// All input is read; changes are being applied.
    Applying,
}
