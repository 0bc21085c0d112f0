//! `singer`: the messages of a tap, read as a stream.

#![no_main]

use std::io::Cursor;

use forebay_sources::{Block, Format, ReadOptions, Reader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let options = ReadOptions { format: Format::Singer, ..ReadOptions::default() };
    let Ok(mut reader) = Reader::open(Box::new(Cursor::new(bytes.to_vec())), &options) else { return };
    let mut block = Block::default();
    while let Ok(true) = reader.next_block(&mut block) {
        for span in &block.records {
            assert!(span.start < span.end && span.end <= block.bytes.len());
        }
    }
});
