//! Changing a stored source as a whole: renaming one of its fields or the source itself, and deleting it.
//!
//! Each change is one transaction that locks the source's row, which also keeps new runs from starting. None is
//! possible while a run is in progress.

mod delete;
mod locked;
mod rename;
mod rename_field;

pub use delete::delete;
pub use rename::rename;
pub use rename_field::{FieldRenamed, rename_field};
