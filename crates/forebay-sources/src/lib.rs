//! Readers of the formats and sites that yield records.
//!
//! A reader turns bytes into *delimited* records: it finds where each one begins and ends and where it stood
//! in the input, and leaves parsing and validation to the persist pipeline, which does both in parallel.
//! Whatever cannot be a record is handed on too, with its place and reason, so that nothing of an input is
//! lost.
//!
//! Memory is flat whatever the input: reads are of at most 1 MiB, a block holds about that, and only the
//! record that is cut by the end of a block is carried over. Reading blocks; run it on a thread of its own.
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
//! To add a format: a module that implements the crate's `Delimit`, a variant of [`Format`], a line in
//! `Reader::open`, and a rule in `sniff` if it can be told by its content.

mod block;
pub mod crawl;
mod csv;
mod error;
pub mod fetch;
mod format;
mod input;
mod json;
mod json_lines;
pub mod kinds;
mod page;
mod reader;
mod scan;
mod singer;
mod sniff;

pub use block::{Block, Ending, Rejected, Span};
pub use error::Error;
pub use format::{Format, ReadOptions};
pub use page::{Harvest, Link, LinkKey, Page, Role};
pub use reader::Reader;
pub use singer::SingerOptions;
