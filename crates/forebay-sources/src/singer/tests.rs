//! Reads the messages of taps.

use std::{fmt::Write, io::Cursor};

use forebay_domain::reject::RejectReason;

use crate::{Block, Ending, Error, Format, ReadOptions, Reader, Rejected, SingerOptions};

#[derive(Default)]
struct ReadResult {
    records: Vec<String>,
    rejected: Vec<Rejected>,
    states: Vec<Option<String>>,
    ending: Ending,
    error: Option<Error>,
}

fn read(text: impl Into<String>, singer: SingerOptions) -> ReadResult {
    let options = ReadOptions { format: Format::Singer, singer, ..ReadOptions::default() };
    let mut reader = Reader::open(Box::new(Cursor::new(text.into())), &options).unwrap();
    let mut outcome = ReadResult::default();
    let mut block = Block::default();
    loop {
        match reader.next_block(&mut block) {
            Ok(true) => {
                let text = |span| String::from_utf8(block.text(span).to_vec()).unwrap();
                outcome.records.extend(block.records.iter().map(text));
                outcome.rejected.append(&mut block.rejected);
                outcome.states.push(block.state.clone());
            }
            Ok(false) => break,
            Err(error) => {
                outcome.error = Some(error);
                break;
            }
        }
    }
    outcome.ending = reader.ending();
    outcome
}

fn stream(name: &str) -> SingerOptions {
    SingerOptions { stream: Some(name.to_owned()), ..SingerOptions::default() }
}

const TAP: &str = include_str!("../../fixtures/singer/tap.jsonl");

#[test]
fn records_are_the_text_of_the_tap_and_other_streams_are_counted() {
    let outcome = read(TAP, SingerOptions { key: Some(vec!["code".into()]), ..stream("courses") });
    assert!(outcome.error.is_none());
    let expected = [r#"{"id": 1, "big": 12345678901234567890123}"#, r#"{"id": 2, "_sdc_deleted_at": null}"#];
    assert_eq!(outcome.records, expected);
    assert_eq!(outcome.rejected, []);
    let last = Some(r#"{"bookmarks": {"courses": 2}}"#.to_owned());
    assert_eq!(outcome.states, std::slice::from_ref(&last));
    assert_eq!((outcome.ending.state, outcome.ending.truncated), (last, None));
    assert_eq!((outcome.ending.is_complete, outcome.ending.version), (Some(true), Some(7)));
    assert_eq!(
        outcome.ending.notes,
        [
            "the tap's key is id, but the source's key is code",
            "the stream \"rooms\" was not read; its records: 1"
        ]
    );
}

#[test]
fn a_second_stream_is_an_error_unless_one_is_chosen() {
    let outcome = read(TAP, SingerOptions::default());
    let error = outcome.error.unwrap();
    assert_eq!(error.code(), "singer_stream");
    assert!(error.to_string().contains("\"courses\" and \"rooms\""), "{error}");
    assert!(outcome.ending.truncated.is_some());
    let batch = r#"{"type":"BATCH","stream":"a","manifest":["file:///x"]}"#;
    assert_eq!(read(batch, SingerOptions::default()).error.unwrap().code(), "singer_stream");
}

#[test]
fn only_a_new_version_of_all_records_is_complete() {
    let record =
        |version: &str| format!("{{\"type\":\"RECORD\",\"stream\":\"a\",\"record\":{{}}{version}}}\n");
    let activate =
        |version| format!("{{\"type\":\"ACTIVATE_VERSION\",\"stream\":\"a\",\"version\":{version}}}\n");
    let seven = record(",\"version\":7");
    let cases = [
        (seven.clone() + &activate(7), None, true),
        (activate(7) + &seven + &activate(7), Some(6), true),
        // The version of the last run, so the tap sent only changes.
        (seven.clone() + &activate(7), Some(7), false),
        // Sent before the records, or the version of only some of them.
        (activate(7) + &seven, None, false),
        (record(",\"version\":6") + &seven + &activate(7), None, false),
        (record("") + &activate(7), None, false),
        (seven.clone() + &activate(8), None, false),
        // An empty input does not prove that there are no records.
        (activate(7), None, false),
        (String::new(), None, false),
        (seven, None, false),
    ];
    for (text, activated, expected) in cases {
        let ending = read(text.clone(), SingerOptions { activated, ..SingerOptions::default() }).ending;
        assert_eq!(ending.is_complete, Some(expected), "{text} after {activated:?}");
        assert_eq!(ending.version, if expected { Some(7) } else { activated }, "{text}");
    }
    for (text, activated, expected) in
        [(activate(7), None, true), (activate(7), Some(7), false), (String::new(), None, false)]
    {
        let options = SingerOptions { activated, may_be_empty: true, ..SingerOptions::default() };
        assert_eq!(
            read(text.clone(), options).ending.is_complete,
            Some(expected),
            "{text} after {activated:?}"
        );
    }
}

#[test]
fn invalid_lines_are_rejected_and_the_others_are_read() {
    let text = [
        r#"{"type":"RECORD","stream":"a","record":{"id":1}}"#,
        "Traceback (most recent call last):",
        r#"{"type":"RECORD","stream":"a"}"#,
        r#"{"type":"RECORD","record":{"id":1}}"#,
        r#"{"type":"STATE"}"#,
        r#"{"type":"RECORD","type":"RECORD","stream":"a","record":{}}"#,
        r#"{"type":"HELLO"}"#,
        r#"  {"type":"RECORD","stream":"a","record":[2]}"#,
        r#"{"type":"RECORD","stream":"a","record":{"id"#,
    ];
    let outcome = read(text.join("\n"), SingerOptions::default());
    assert_eq!(outcome.records, [r#"{"id":1}"#, "[2]"]);
    let lines: Vec<u64> = outcome.rejected.iter().map(|rejected| rejected.place.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6, 9]);
    assert_eq!(outcome.rejected[0].reject.reason, RejectReason::InvalidJson);
    assert_eq!(outcome.rejected[0].raw, text[1].as_bytes());
    assert_eq!(outcome.rejected[5].reject.reason, RejectReason::TruncatedRecord);
    assert!(outcome.ending.truncated.is_some());
    assert_eq!(outcome.ending.is_complete, Some(false));
}

#[test]
fn a_state_is_returned_with_the_block_of_its_last_record() {
    // More than one read of records, each followed by a state that counts them.
    let mut text = String::new();
    for id in 1..=40_000 {
        writeln!(text, r#"{{"type":"RECORD","stream":"a","record":{{"id":{id}}}}}"#).unwrap();
        writeln!(text, r#"{{"type":"STATE","value":{id}}}"#).unwrap();
    }
    let options = ReadOptions { format: Format::Singer, ..ReadOptions::default() };
    let mut reader = Reader::open(Box::new(Cursor::new(text)), &options).unwrap();
    let mut block = Block::default();
    let (mut num_blocks, mut num_records) = (0, 0);
    while reader.next_block(&mut block).unwrap() {
        num_blocks += 1;
        num_records += block.records.len();
        let state: usize = block.state.as_ref().map_or(0, |state| state.parse().unwrap());
        assert!(
            state <= num_records,
            "the state {state} stands for more than the {num_records} records so far"
        );
    }
    assert!(num_blocks > 1);
    assert_eq!((num_records, reader.ending().state.as_deref()), (40_000, Some("40000")));
}
