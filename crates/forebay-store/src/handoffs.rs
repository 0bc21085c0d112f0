//! Hand-offs: queueing changes for pipelines, showing them, operating on them, reconciling and pruning them.

mod causes;
mod enqueue;
mod operate;
mod prune;
mod reconciliation;
mod show;

pub use causes::{BoardCell, FailureCause, Rate, board, causes, count, rates};
pub(crate) use enqueue::notify;
pub use enqueue::{
    CHANNEL, Enqueue, Queueing, Subscriber, enqueue_added, enqueue_changed, enqueue_requested, subscribers_of,
};
pub use operate::{Mode, Operated, Operation, OperationName, Selection, Stood, operate, operate_while};
pub use prune::{PRUNE, prune};
pub use reconciliation::{
    NAMES, REPAIR_PRIORITY, SIEVE, Sieved, Standing, VERIFY, Verified, names, range_end, repair, sieve,
    verify,
};
pub use show::{
    AttemptRow, FAILURES, FailureCount, HandoffCount, HandoffCursor, HandoffFilter, HandoffRow, JobRow, LIST,
    attempts_of, counts, failure_codes, failures_since, jobs_of, list, now,
};
