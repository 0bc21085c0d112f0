//! Readers of the formats and sites that yield records.
//!
//! A reader turns bytes into *delimited* records: it finds the start, end and place of each record. The persist
//! pipeline parses and validates them, in parallel. Pieces that cannot be records are returned too, with place and
//! reason, so no input is lost.
//!
//! Memory use is flat for any input: a read is at most 1 MiB, a block has about that size, and only the record at the
//! end of a block is carried over. Reading waits for the input, so run it on a thread of its own.
//!
//! ```
//! use forebay_sources::{Block, ReadOptions, Reader};
//!
//! let input = std::io::Cursor::new("{\"id\":1}\n{\"id\":2}\n");
//! let mut reader = Reader::open(Box::new(input), &ReadOptions::default())?;
//! let mut block = Block::default();
//! let mut records = Vec::new();
//! while reader.next_block(&mut block)? {
//!     records.extend(block.records.iter().map(|span| block.text(span).to_vec()));
//! }
//! assert_eq!(records, [b"{\"id\":1}", b"{\"id\":2}"]);
//! # Ok::<(), forebay_sources::Error>(())
//! ```
//!
//! To add a format, write a module that implements the crate's `Delimit`, and add a variant of [`Format`], a line in
//! `Reader::open`, and a rule in `sniff` if it can be detected from the content.

mod block;
mod charset;
mod clock;
pub mod crawl;
mod csv;
mod encoding;
mod end_line;
pub mod environment;
mod error;
pub mod fetch;
mod format;
mod input;
mod json;
mod json_lines;
pub mod kinds;
mod masks;
mod page;
mod reader;
mod scan;
mod singer;
mod sniff;
pub mod tls;

pub use block::{Block, Ending, Rejected, Span};
pub use clock::Clock;
pub use csv::{CsvOptions, HeaderPolicy, Symbol};
pub use encoding::TextEncoding;
pub use end_line::end_line_text;
pub use error::Error;
pub use format::{Format, ReadOptions};
pub use masks::Masks;
pub use page::{Harvest, Link, LinkKey, Page, Role};
pub use reader::Reader;
pub use singer::{SingerOptions, key_properties};
