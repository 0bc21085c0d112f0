//! Schedules: what is due is scraped, on any number of machines, and each due time only once.
//!
//! A worker claims what is due for the time of a lease, extends the lease while it scrapes, and sets the next due time
//! when it is done. If a worker dies, another takes its claim over once the lease has expired; the next run of the scope
//! closes the run that the dead worker left. How a run ends does not matter here: a failed scope is due again at its next
//! time, and breakers protect failing sources.
//!
//! Everything runs on the caller's task, as in [`work`](crate::work).

mod declare;
mod due;
mod follow;
mod options;
mod report;

pub use declare::declare;
pub use follow::{drain, follow};
pub use options::ScheduleOptions;
pub use report::{DueEnd, DueRun, ScheduleReport};
