//! Records come back unchanged, however the input is cut into reads, and no input makes a reader panic or loop.

use std::{
    fmt::Write as _,
    io::{self, Read},
};

use proptest::prelude::*;

use super::tests::{ReadResult, gzip, read};
use super::*;
use crate::HeaderPolicy;

/// A reader that returns its bytes in pieces, cycling through the given sizes.
struct Pieces {
    bytes: Vec<u8>,
    given: usize,
    sizes: Vec<usize>,
    next: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.next % self.sizes.len()];
        self.next += 1;
        let count = size.min(buffer.len()).min(self.bytes.len() - self.given);
        buffer[..count].copy_from_slice(&self.bytes[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

const PIECES: [&str; 18] =
    ["\"", "\\", "{", "}", "[", "]", ",", ":", "\n", "\r", ";", "\t", "|", "a", "ä", "\u{1}", " ", "0"];

/// Text with characters that could mislead the search for the end of a record.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..12).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        text().prop_map(serde_json::Value::from),
        any::<i32>().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            object(inner).prop_map(serde_json::Value::from),
        ]
    })
}

fn object(
    value: impl Strategy<Value = serde_json::Value>,
) -> impl Strategy<Value = serde_json::Map<String, serde_json::Value>> {
    prop::collection::btree_map(text(), value, 0..4).prop_map(|members| members.into_iter().collect())
}

fn records() -> impl Strategy<Value = Vec<String>> {
    let record = (object(value()), any::<bool>())
        .prop_map(|(members, _)| serde_json::Value::from(members).to_string());
    prop::collection::vec(record, 0..12)
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1usize..40, 1..8)
}

fn csv_options() -> impl Strategy<Value = CsvOptions> {
    let symbol = |symbols: &'static [&'static str]| {
        prop::option::of(prop::sample::select(symbols))
            .prop_map(|symbol| symbol.map(|it| it.parse().unwrap()))
    };
    let header = prop::sample::select(&[HeaderPolicy::Strict, HeaderPolicy::Rename, HeaderPolicy::None][..]);
    (symbol(&[";", "tab", " "]), symbol(&["a", ","]), header)
        .prop_map(|(delimiter, comment, header)| CsvOptions { delimiter, comment, header })
}

fn read_pieces(bytes: Vec<u8>, compressed: bool, sizes: Vec<usize>, options: &ReadOptions) -> ReadResult {
    let bytes = if compressed { gzip(&bytes) } else { bytes };
    read(Pieces { bytes, given: 0, sizes, next: 0 }, options)
}

/// Asserts that the records came back, each with its place.
fn assert_same(outcome: &ReadResult, records: &[String], input: &str) {
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    assert_eq!(outcome.rejected, []);
    assert_eq!(outcome.truncated, None);
    assert_eq!(outcome.records, records);
    for (index, record) in records.iter().enumerate() {
        let offset = usize::try_from(outcome.offsets[index]).unwrap();
        assert!(input[offset..].starts_with(record.as_str()));
        assert_eq!(outcome.lines[index], 1 + input[..offset].matches('\n').count() as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_lines_come_back(
        records in records(), ends in prop::collection::vec(prop::sample::select(&["\n", "\r\n", "\n\n", "\n \n"][..]), 12),
        last in any::<bool>(), compressed in any::<bool>(), explicit in any::<bool>(), sizes in sizes(),
    ) {
        let mut input = String::new();
        for (record, end) in records.iter().zip(&ends) {
            input.push_str(record);
            input.push_str(end);
        }
        if last {
            input.truncate(input.trim_end().len());
        }
        let format = if explicit { Format::JsonLines } else { Format::Auto };
        let options = ReadOptions { format, ..ReadOptions::default() };
        let outcome = read_pieces(input.clone().into_bytes(), compressed, sizes, &options);
        assert_same(&outcome, &records, &input);
    }

    #[test]
    fn json_arrays_come_back(
        records in records(), between in prop::sample::select(&[",", ",\n", " ,\r\n\t", ", "][..]),
        compressed in any::<bool>(), sizes in sizes(),
    ) {
        let input = format!("\n[{}]\n", records.join(between));
        let outcome = read_pieces(input.clone().into_bytes(), compressed, sizes, &ReadOptions::default());
        assert_same(&outcome, &records, &input);
    }

    #[test]
    fn json_objects_one_after_another_come_back(
        records in records(), between in prop::sample::select(&["", " ", "\n", "\n\n "][..]),
        compressed in any::<bool>(), sizes in sizes(),
    ) {
        let input = records.join(between);
        let options = ReadOptions { format: Format::Json, ..ReadOptions::default() };
        let outcome = read_pieces(input.clone().into_bytes(), compressed, sizes, &options);
        assert_same(&outcome, &records, &input);
    }

    #[test]
    fn records_under_a_pointer_come_back(
        records in records(), path in prop::collection::vec(text(), 1..4), before in object(value()),
        after in value(), compressed in any::<bool>(), sizes in sizes(),
    ) {
        let mut input = format!("[{}]", records.join(",\n"));
        let mut pointer = String::new();
        for key in &path {
            let mut outer = String::from("{");
            for (other, value) in before.iter().filter(|(other, _)| *other != key) {
                writeln!(outer, "{}:{value},", serde_json::Value::from(other.as_str())).unwrap();
            }
            input = format!("{outer}{}: {input}, \"~after~\":{after}}}", serde_json::Value::from(key.as_str()));
            pointer = format!("/{}{pointer}", key.replace('~', "~0").replace('/', "~1"));
        }
        let options = ReadOptions { records: Some(pointer.parse().unwrap()), ..ReadOptions::default() };
        let outcome = read_pieces(input.clone().into_bytes(), compressed, sizes, &options);
        assert_same(&outcome, &records, &input);
    }

    #[test]
    fn rows_come_back(
        rows in prop::collection::vec(prop::collection::vec(text(), 3), 0..10),
        delimiter in prop::sample::select(&[',', ';', '\t', '|'][..]), newline in prop::sample::select(&["\n", "\r\n"][..]),
        last in any::<bool>(), compressed in any::<bool>(), sizes in sizes(),
    ) {
        let mut input = format!("a{delimiter}b{delimiter}c");
        let mut offsets = Vec::new();
        for row in &rows {
            input.push_str(newline);
            offsets.push(input.len() as u64);
            let quoted = row.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect::<Vec<_>>();
            input.push_str(&quoted.join(&delimiter.to_string()));
        }
        if last {
            input.push_str(newline);
        }
        let outcome = read_pieces(input.clone().into_bytes(), compressed, sizes, &ReadOptions::default());
        prop_assert!(outcome.error.is_none() && outcome.rejected.is_empty() && outcome.truncated.is_none());
        let found = outcome.records.iter().map(|record| {
            let object: serde_json::Value = serde_json::from_str(record).unwrap();
            ["a", "b", "c"].map(|name| object[name].as_str().unwrap().to_owned()).to_vec()
        });
        prop_assert_eq!(found.collect::<Vec<_>>(), rows);
        prop_assert_eq!(&outcome.offsets, &offsets);
        for (line, offset) in outcome.lines.iter().zip(offsets) {
            let before = &input[..usize::try_from(offset).unwrap()];
            prop_assert_eq!(*line, 1 + before.matches('\n').count() as u64);
        }
    }

    // Not for automatic detection: it decides as early as possible, so the result may depend on the first read.
    #[test]
    fn the_size_of_reads_does_not_change_the_result(
        input in prop::collection::vec(text(), 0..20), sizes in sizes(), limit in 1usize..60,
        format in prop::sample::select(&Format::ALL[1..]), pointer in prop::option::of(Just("/a".to_owned())),
        csv in csv_options(), encoding in prop::option::of(prop::sample::select(&["utf-8", "utf-16le", "gb18030"][..])),
    ) {
        let records = pointer.filter(|_| format == Format::Json).map(|pointer| pointer.parse().unwrap());
        let csv = if format == Format::Csv { csv } else { CsvOptions::default() };
        let encoding = encoding.map(|label| label.parse().unwrap());
        let options =
            ReadOptions { format, records, max_record_bytes: limit, csv, encoding, ..ReadOptions::default() };
        let bytes = input.concat().into_bytes();
        let whole = read(io::Cursor::new(bytes.clone()), &options);
        let pieces = read_pieces(bytes, false, sizes, &options);
        prop_assert_eq!(&whole.records, &pieces.records);
        prop_assert_eq!(&whole.lines, &pieces.lines);
        prop_assert_eq!(&whole.rejected, &pieces.rejected);
        prop_assert_eq!(&whole.truncated, &pieces.truncated);
        prop_assert_eq!(&whole.notes, &pieces.notes);
        prop_assert_eq!((whole.num_unread, &whole.end_line), (pieces.num_unread, &pieces.end_line));
        prop_assert_eq!(whole.error.map(|e| e.to_string()), pieces.error.map(|e| e.to_string()));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300), signature in any::<bool>(), sizes in sizes(),
        format in prop::sample::select(&Format::ALL[..]), limit in 0usize..50,
    ) {
        let mut input = if signature { vec![0x1f, 0x8b, 8, 0] } else { Vec::new() };
        input.extend(bytes);
        let options = ReadOptions { format, records: None, max_record_bytes: limit, ..ReadOptions::default() };
        let outcome = read_pieces(input.clone(), false, sizes, &options);
        let kept: u64 = outcome.rejected.iter().map(|rejected| rejected.raw_len).sum();
        prop_assert!(signature || kept <= input.len() as u64);
    }
}
