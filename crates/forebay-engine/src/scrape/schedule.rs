//! Schedules: runs due scrapes on any number of machines, each due time only once.
//!
//! A worker claims due scopes for the time of a lease, extends the lease while it scrapes, and sets the next due time
//! at the end. If a worker dies, another takes over its claim once the lease has expired; the next run of the scope
//! closes the run that the dead worker left. The outcome of a run does not matter here: a failed scope is due again at
//! its next time, and breakers protect failing sources.
//!
//! Everything runs on the caller's task, as in [`work`](crate::work).

pub(crate) mod declare;
mod due;
mod follow;
mod options;
mod report;

pub use declare::declare;
pub use follow::{drain, follow};
pub use options::ScheduleOptions;
pub use report::{DueEnd, DueRun, ScheduleReport};
