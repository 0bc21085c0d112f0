//! Archives of everything fetched: WARC/1.1 (ISO 28500), with each record compressed separately.
//!
//! [`WarcWriter`] adds records, [`WarcReader`] finds them. Bodies are archived as sent, in their `Content-Encoding`, so
//! that replaying runs the same code as fetching. The `Transfer-Encoding`, which the HTTP client has decoded, and
//! secrets (configured headers from the environment or files, and cookies) are not archived. A 304 is a `revisit`
//! record.

mod reader;
mod writer;

pub(super) use reader::WarcReader;
pub(super) use writer::{Exchange, WarcWriter};

#[cfg(test)]
mod tests;
