//! A strict JSON parser (RFC 8259) that reads the text once and produces a flat, reusable tape.
//!
//! Every record passes through it, so it allocates nothing per record: each thread keeps one [`Parser`] and reuses
//! its buffers. The result is a [`Document`], a view that borrows the text. Strings are slices of it, numbers are
//! their exact source text (no conversion to a double, so no digit is lost), and objects and arrays know where they
//! end, so that readers can skip them.
//!
//! Rules beyond the standard, because records are stored in Postgres and hashed:
//!
//! - Duplicate keys in an object are rejected: readers disagree on which one counts.
//! - Numbers that `numeric` can't store are rejected, judged by their value and not by their spelling.
//! - `\u0000` and lone surrogates, which `jsonb` can't store, become U+FFFD and are counted.
//! - Nesting is limited, and so is the text (4 GiB; positions are 32 bits). A byte order mark at the start is
//!   skipped.
//!
//! While parsing, it also collects what the canonical form needs: the order of the keys, and whether the text of a
//! value is already canonical. Keys are compared by their first eight bytes in one integer; the full text is compared
//! only if those are equal. Sorting also finds duplicates, so a hostile object with a million keys costs `n log n`.

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
