//! The paths of a course's files: portable, inside the folder, and distinct on every file system.
//!
//! A generator chooses file names from text that a model wrote, so every name is hostile until it was parsed. A
//! [`RelativePath`] can be joined to a folder without leaving it, and can be created on Linux, macOS and Windows.
//! Two paths that only some file systems tell apart have equal [`FoldKey`]s; [`collisions`] finds them.

mod collisions;
mod fold;
mod relative;
mod slug;

pub use collisions::{Collision, collisions, is_case_only_rename};
pub use fold::FoldKey;
pub use relative::{MAX_DEPTH, MAX_PART_BYTES, MAX_PATH_BYTES, RelativePath};
pub use slug::{MAX_SLUG_BYTES, Slug, slugify};
