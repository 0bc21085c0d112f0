//! What is between the bytes and the format: compression, encodings, slow pipes, failing reads and large inputs.

use std::fmt::Write as _;

use super::*;

/// Text that compresses badly, so truncating the compressed data loses some of it.
fn noise(lines: u32) -> String {
    let mut state = 1u32;
    let mut text = String::new();
    for id in 0..lines {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        writeln!(text, "{{\"id\":{id},\"v\":{state}}}").unwrap();
    }
    text
}

#[test]
fn gzip_is_detected_and_may_have_several_members() {
    let mut bytes = gzip(b"{\"a\":1}\n{\"a\"");
    bytes.extend(gzip(b":2}\n"));
    let length = bytes.len() as u64;
    let mut reader = Reader::open(Box::new(Cursor::new(bytes)), &ReadOptions::default()).unwrap();
    let mut outcome = ReadResult::default();
    drain(&mut reader, &mut outcome);
    outcome.clean();
    assert_eq!(outcome.records, ["{\"a\":1}", "{\"a\":2}"]);
    assert_eq!((reader.bytes_read(), reader.input_position()), (16, length));
    assert_eq!(reader.format(), Format::JsonLines);
}

#[test]
fn truncated_gzip_yields_the_records_before_its_end() {
    let text = noise(50_000);
    let whole = gzip(text.as_bytes());
    let outcome = read(Cursor::new(whole[..whole.len() / 2].to_vec()), &ReadOptions::default());
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    assert!(outcome.records.len() > 10_000);
    assert!(text.starts_with(&outcome.records.join("\n")));
    assert!(outcome.truncated.unwrap().contains("gzip stream ends early"));
    // Only the checksum is missing. All records are read, but the input still counts as truncated.
    let outcome = read(Cursor::new(whole[..whole.len() - 4].to_vec()), &ReadOptions::default());
    assert_eq!(outcome.records.len(), 50_000);
    assert!(outcome.truncated.is_some());
    // Only the signature.
    let outcome = read(Cursor::new(whole[..2].to_vec()), &ReadOptions::default());
    assert!(outcome.truncated.is_some() && outcome.error.is_none());
}

#[test]
fn the_last_row_of_truncated_gzip_is_rejected() {
    let whole = gzip(b"a,b\n1,2\n3,45");
    let outcome = read(Cursor::new(whole[..whole.len() - 4].to_vec()), &ReadOptions::default());
    assert_eq!(outcome.records, [r#"{"a":"1","b":"2"}"#]);
    assert_eq!(outcome.reasons(), [TruncatedRecord]);
}

#[test]
fn damaged_gzip_is_an_error_after_its_valid_records() {
    let mut bytes = gzip(noise(50_000).as_bytes());
    let last = bytes.len() - 1;
    bytes[last - 6] ^= 1;
    let outcome = read(Cursor::new(bytes.clone()), &ReadOptions::default());
    assert_eq!(outcome.records.len(), 50_000);
    assert_eq!(outcome.code(), "gzip_corrupt");
    // Depending on its place, damage breaks the deflate data or only the checksum. Both must be reported.
    bytes[last - 6] ^= 1;
    bytes[last / 2..last / 2 + 64].fill(0xff);
    let outcome = read(Cursor::new(bytes), &ReadOptions::default());
    assert!(outcome.records.len() > 10_000);
    assert_eq!(outcome.code(), "gzip_corrupt");
}

#[test]
fn other_encodings_are_refused() {
    for head in [&b"\xff\xfe{\0"[..], b"\xfe\xff\0{", b"\xff\xfe\0\0", b"\xff\xfe"] {
        for format in Format::ALL {
            assert_eq!(of(format, head).code(), "not_utf8");
        }
    }
}

#[test]
fn records_are_returned_as_soon_as_they_are_complete() {
    let cases: [(Format, &[&'static str]); 4] = [
        (Format::Auto, &["{}\n", "{\"a\":2}\n", "{\"a\":3}\n"]),
        (Format::Auto, &["id,name\n1,a\n", "2,b\n", "3,c\n"]),
        (Format::Json, &["[{\"a\":1}", ",{\"a\":2}", ",{\"a\":3}"]),
        (Format::JsonLines, &["{\"a\":1}\n{\"a\"", ":2}\n{\"a", "\":3}\n"]),
    ];
    for (format, pieces) in cases {
        let (sender, receiver) = channel();
        let options = ReadOptions { format, ..ReadOptions::default() };
        let mut pieces = pieces.iter().copied();
        // If the reader asked for more than one piece at a time, it would wait here forever.
        sender.send(pieces.next().unwrap()).unwrap();
        let mut reader = Reader::open(Box::new(Pipe(receiver)), &options).unwrap();
        let mut block = Block::default();
        assert!(reader.next_block(&mut block).unwrap());
        assert_eq!(block.records.len(), 1);
        for piece in pieces {
            sender.send(piece).unwrap();
            assert!(reader.next_block(&mut block).unwrap());
            assert_eq!(block.records.len(), 1, "{piece:?}");
        }
        drop(sender);
        assert!(!reader.next_block(&mut block).unwrap());
    }
}

#[test]
fn a_failed_read_is_an_error_after_the_records_before_it() {
    struct Failing(u8);
    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                // The reader checks the gzip signature byte by byte.
                1 => {
                    buffer[0] = b'{';
                    Ok(1)
                }
                2 => Err(io::ErrorKind::Interrupted.into()),
                3 => {
                    buffer[..9].copy_from_slice(b"\"a\":1}\n{}");
                    Ok(9)
                }
                _ => Err(io::Error::other("the disk is gone")),
            }
        }
    }
    let outcome = read(Failing(0), &ReadOptions::default());
    assert_eq!(outcome.records, ["{\"a\":1}"]);
    assert_eq!(outcome.code(), "read_failed");
    assert!(outcome.truncated.unwrap().contains("reading stopped"));
}

#[test]
fn a_buffer_that_grew_for_one_record_shrinks_again() {
    let big = 12 << 20;
    let input = huge("{\"a\":\"", big, "\"}\n").chain(Cursor::new("{\"a\":1}\n".repeat(500_000)));
    let mut reader =
        Reader::open(Box::new(input), &ReadOptions { format: Format::JsonLines, ..ReadOptions::default() })
            .unwrap();
    let mut block = Block::default();
    assert!(reader.next_block(&mut block).unwrap());
    assert!(block.bytes.len() as u64 > big);
    while reader.next_block(&mut block).unwrap() {
        assert!(block.bytes.capacity() <= 4 << 20);
        assert!(reader.carry.capacity() <= 4 << 20);
    }
}

#[test]
fn compressed_files_are_held_to_the_bounds_of_their_download() {
    let bounded = |bytes: Vec<u8>, max_bytes: u64| {
        let url = url::Url::parse("https://a.example/x.gz?token=hush").unwrap();
        let options = ReadOptions {
            format: Format::JsonLines,
            bounds: Some(crate::fetch::Bounds::new(&url, max_bytes)),
            ..ReadOptions::default()
        };
        read(Cursor::new(bytes), &options)
    };
    let text = noise(50_000);
    let (packed, length) = (gzip(text.as_bytes()), text.len() as u64);
    assert_eq!(bounded(packed.clone(), length).records.len(), 50_000);
    let outcome = bounded(packed, length - 1);
    assert_eq!(outcome.code(), "body_too_large");
    assert!(outcome.records.len() > 10_000 && outcome.truncated.is_some());
    assert!(!format!("{:?}", outcome.error).contains("hush"));
    assert_eq!(bounded(text.into_bytes(), length - 1).code(), "body_too_large");

    // Empty lines are not records, so only the limit can end this input.
    let bomb = vec![b'\n'; 32 << 20];
    assert_eq!(bounded(gzip(&bomb), u64::MAX).code(), "decompression_bomb");
    assert!(
        read(Cursor::new(gzip(&bomb)), &ReadOptions::default()).error.is_none(),
        "local input has no bounds"
    );
}
