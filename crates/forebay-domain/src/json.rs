//! A strict JSON parser (RFC 8259) that goes over the text once and leaves a flat, reusable tape.
//!
//! Every record passes through here, so the parser allocates nothing per record: one [`Parser`] is kept per thread
//! and its buffers are used again. What it leaves is a [`Document`], a view that borrows the text. Strings are slices
//! of it, numbers are their exact source text (no conversion to a double, so no digit is lost), and objects and
//! arrays know where they end, so that a reader skips what it does not need.
//!
//! What goes beyond the standard, because the record ends up in Postgres and under a hash:
//! - A key that stands twice in one object is refused: readers disagree on which one counts.
//! - Numbers that `numeric` cannot hold are refused, judged by their value and not by their spelling.
//! - `\u0000` and lone surrogates, which `jsonb` cannot hold, become U+FFFD and are counted.
//! - Nesting is limited, and so is the text (4 GiB, positions are 32 bits). A byte order mark at the start is skipped.
//!
//! While it parses, it also learns what the canonical form needs: the order of the keys, and whether the text of a
//! value is already canonical. Keys are compared by their first eight bytes held in one integer; the full text is
//! only looked at when those are equal. Sorting finds duplicates too, so a hostile object with a million keys costs
//! `n log n`. When changing this file, keep the loop free of recursion: nesting is the writer's choice, not ours.

mod document;
mod expectation;
mod number;
mod parser;
#[cfg(test)]
pub(crate) mod samples;
mod scan;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

pub use document::{Document, Elements, Kind, Member, Members, Value};
pub use number::Decimal;
pub use parser::{DEFAULT_MAX_DEPTH, MAX_DEPTH_LIMIT, Parser};
pub(crate) use scan::string_end;

/// The order of two object keys by UTF-16 code units (RFC 8785, section 3.2.3).
pub fn compare_keys(a: &str, b: &str) -> Ordering {
    scan::compare_keys(a, b)
}
