//! Inputs of all formats: valid, unusual, invalid, truncated, huge and slow ones.

use std::{
    io::{self, Cursor, Read, Write},
    sync::mpsc::{Receiver, channel},
};

use forebay_domain::{
    end_line::EndLine,
    reject::RejectReason::{
        self, InvalidCsv, InvalidJson, InvalidRecord, InvalidUtf8, RecordTooLong, TruncatedRecord,
    },
};

use super::*;
use crate::{HeaderPolicy, Rejected};

mod csv;
mod json;
mod json_lines;
mod transport;

/// Everything that a reader returned.
#[derive(Debug, Default)]
pub(super) struct ReadResult {
    pub(super) records: Vec<String>,
    pub(super) lines: Vec<u64>,
    pub(super) offsets: Vec<u64>,
    pub(super) rejected: Vec<Rejected>,
    pub(super) truncated: Option<String>,
    pub(super) end_line: Option<EndLine>,
    pub(super) notes: Vec<String>,
    pub(super) num_unread: u64,
    pub(super) error: Option<Error>,
    pub(super) largest_buffer: usize,
}

impl ReadResult {
    fn reasons(&self) -> Vec<RejectReason> {
        self.rejected.iter().map(|rejected| rejected.reject.reason).collect()
    }

    fn code(&self) -> &'static str {
        self.error.as_ref().map_or("", Error::code)
    }

    /// Asserts that the input contained nothing but records.
    fn clean(&self) {
        assert!(self.error.is_none(), "{:?}", self.error);
        assert_eq!(self.rejected, []);
        assert_eq!(self.truncated, None);
    }
}

pub(super) fn read(input: impl Read + Send + 'static, options: &ReadOptions) -> ReadResult {
    let mut outcome = ReadResult::default();
    match Reader::open(Box::new(input), options) {
        Ok(mut reader) => drain(&mut reader, &mut outcome),
        Err(error) => outcome.error = Some(error),
    }
    outcome
}

fn drain(reader: &mut Reader, outcome: &mut ReadResult) {
    let mut block = Block::default();
    loop {
        match reader.next_block(&mut block) {
            Ok(true) => {
                assert!(!block.records.is_empty() || !block.rejected.is_empty());
                for span in &block.records {
                    outcome.records.push(String::from_utf8_lossy(block.text(span)).into_owned());
                    outcome.lines.push(span.place.line);
                    outcome.offsets.push(span.place.offset);
                }
                outcome.rejected.append(&mut block.rejected);
                outcome.largest_buffer =
                    outcome.largest_buffer.max(block.bytes.capacity()).max(reader.carry.capacity());
            }
            Ok(false) => break,
            Err(error) => {
                outcome.error = Some(error);
                assert!(reader.ending().truncated.is_some());
                assert!(!reader.next_block(&mut block).unwrap());
                break;
            }
        }
    }
    let ending = reader.ending();
    (outcome.truncated, outcome.end_line) = (ending.truncated, ending.end_line);
    (outcome.notes, outcome.num_unread) = (ending.notes, ending.num_unread);
}

fn auto(text: &str) -> ReadResult {
    read(Cursor::new(text.to_owned()), &ReadOptions::default())
}

fn of(format: Format, text: impl AsRef<[u8]>) -> ReadResult {
    let options = ReadOptions { format, ..ReadOptions::default() };
    read(Cursor::new(text.as_ref().to_owned()), &options)
}

fn at(pointer: &str, text: &str) -> ReadResult {
    let options = ReadOptions { records: Some(pointer.parse().unwrap()), ..ReadOptions::default() };
    read(Cursor::new(text.to_owned()), &options)
}

fn limited(format: Format, limit: usize) -> ReadOptions {
    ReadOptions { format, max_record_bytes: limit, ..ReadOptions::default() }
}

/// A reader of `before`, `length` bytes of filler, and `after` that doesn't hold the filler in memory.
fn huge(before: &'static str, length: u64, after: &'static str) -> impl Read + Send {
    Cursor::new(before).chain(io::repeat(b'x').take(length)).chain(Cursor::new(after))
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A pipe that returns one sent piece per read, and ends when the sender is dropped.
struct Pipe(Receiver<&'static str>);

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Ok(piece) = self.0.recv() else { return Ok(0) };
        buffer[..piece.len()].copy_from_slice(piece.as_bytes());
        Ok(piece.len())
    }
}

#[test]
fn a_block_has_few_pieces_however_small_they_are() {
    for (format, before, piece, after) in [
        (Format::JsonLines, "", "{}\n", "{\"a\":1}"),
        (Format::Json, "[0", ",{}", "]"),
        (Format::Json, "[0", ",1", ",2]"),
        (Format::Json, "", "{}", "{}"),
        (Format::Csv, "id\n", "1\n", "2"),
        (Format::Csv, "id,b\n", "1\n", "2,3\n"),
        (Format::Singer, "", "{\"type\":\"RECORD\",\"stream\":\"s\",\"record\":{}}\n", ""),
        (Format::Singer, "", "x\n", ""),
    ] {
        let count = 30_000;
        let text = format!("{before}{}{after}", piece.repeat(count));
        let mut reader =
            Reader::open(Box::new(Cursor::new(text)), &ReadOptions { format, ..ReadOptions::default() })
                .unwrap();
        let (mut block, mut num_pieces, mut offset) = (Block::default(), 0, 0);
        while reader.next_block(&mut block).unwrap() {
            let in_block = block.records.len() + block.rejected.len();
            assert!(in_block <= crate::block::MAX_PIECES, "{in_block} pieces of {piece:?}");
            num_pieces += in_block;
            for span in &block.records {
                assert!(span.place.offset >= offset, "{piece:?} at {:?} after {offset}", span.place);
                offset = span.place.offset;
            }
        }
        assert!(reader.ending().truncated.is_none(), "{piece:?}: {:?}", reader.ending());
        assert!((count..=count + 2).contains(&num_pieces), "{num_pieces} pieces of {piece:?}");
    }
}
