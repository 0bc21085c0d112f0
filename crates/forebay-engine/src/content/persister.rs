//! Dual-writing: a generator hands over what it made; it is written to the folder first, then to the database.
//!
//! The files are what counts. A database that fails costs a warning and a count, never the call: what it missed is found
//! again when the folder is compared with it, by the next call or by `sync`.

mod measures;
mod outcome;
mod writer;

pub use outcome::{PersistCounts, Persisted};
pub use writer::CoursePersister;
