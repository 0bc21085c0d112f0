//! Archives of what was fetched: WARC/1.1 (ISO 28500), each record compressed by itself.
//!
//! [`WarcWriter`] adds, [`WarcReader`] finds. Bodies are kept as they came, in their `Content-Encoding`, so that replaying
//! takes the same way as fetching. Left out are what the client has already undone (`Transfer-Encoding`) and what is
//! secret: configured headers from the environment or files, and cookies. A 304 is a `revisit` record.

mod reader;
mod writer;

pub use reader::WarcReader;
pub(super) use writer::Exchange;
pub use writer::WarcWriter;

/// The version that begins each record.
const VERSION: &str = "WARC/1.1";

/// The profile of a revisit record for a 304.
const NOT_MODIFIED: &str = "http://netpreserve.org/warc/1.1/revisit/server-not-modified";

#[cfg(test)]
mod tests;
