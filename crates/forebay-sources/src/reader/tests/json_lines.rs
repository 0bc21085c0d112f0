//! JSON Lines.

use super::*;

#[test]
fn lines_are_records_with_their_places() {
    let outcome = auto("{\"a\":1}\r\n\n  \n{\"a\":2}\nnonsense\n{\"a\":3}\n");
    outcome.clean();
    assert_eq!(outcome.records, ["{\"a\":1}", "{\"a\":2}", "nonsense", "{\"a\":3}"]);
    assert_eq!(outcome.lines, [1, 4, 5, 6]);
    assert_eq!(outcome.offsets, [0, 13, 21, 30]);
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_first_record() {
    let outcome = auto("\u{feff}{\"a\":1}\n{\"a\":2}");
    outcome.clean();
    assert_eq!(outcome.records, ["{\"a\":1}", "{\"a\":2}"]);
    assert_eq!(outcome.offsets, [3, 11]);
}

#[test]
fn a_last_line_without_a_newline_is_read_if_complete() {
    let whole = auto("{\"a\":1}\n{\"a\":\"}{\"}");
    whole.clean();
    assert_eq!(whole.records.len(), 2);

    let cut = auto("{\"a\":1}\n{\"a\":\"}");
    assert_eq!(cut.records, ["{\"a\":1}"]);
    assert_eq!(cut.reasons(), [TruncatedRecord]);
    assert_eq!(cut.rejected[0].raw, b"{\"a\":\"}");
    assert_eq!((cut.rejected[0].place.line, cut.rejected[0].place.offset), (2, 8));
    assert!(cut.truncated.unwrap().contains("line 2"));
}

#[test]
fn an_empty_input_has_no_records() {
    for text in ["", "\n\n", " \r\n ", "\u{feff}"] {
        let outcome = auto(text);
        outcome.clean();
        assert!(outcome.records.is_empty(), "{text:?}");
    }
}

#[test]
fn an_oversized_line_is_skipped_in_constant_memory() {
    let length = 100 << 20;
    let input = huge("{\"a\":1}\n", length, "\n{\"a\":2}\n");
    let outcome = read(input, &limited(Format::JsonLines, 1 << 20));
    assert!(outcome.error.is_none());
    assert_eq!(outcome.records, ["{\"a\":1}", "{\"a\":2}"]);
    assert_eq!(outcome.lines, [1, 3]);
    assert_eq!(outcome.offsets, [0, 9 + length]);
    assert_eq!(outcome.reasons(), [RecordTooLong]);
    assert_eq!(outcome.rejected[0].raw_len, length);
    assert_eq!(outcome.rejected[0].raw, vec![b'x'; 64 << 10]);
    assert_eq!((outcome.rejected[0].place.line, outcome.rejected[0].place.offset), (2, 8));
    assert!(outcome.largest_buffer < 4 << 20, "{}", outcome.largest_buffer);
}

#[test]
fn the_limit_is_exact() {
    let text = "{\"abc\":12}\n{\"abc\":123}\r\n{\"abc\":123}";
    let outcome = read(Cursor::new(text), &limited(Format::JsonLines, 10));
    assert_eq!(outcome.records, ["{\"abc\":12}"]);
    assert_eq!(outcome.reasons(), [RecordTooLong; 2]);
    assert_eq!(outcome.rejected[1].raw, b"{\"abc\":123}");
    assert_eq!(outcome.rejected[1].place.line, 3);
}

#[test]
fn an_endless_last_line_is_reported() {
    let outcome = read(huge("{}\n", 5 << 20, ""), &limited(Format::JsonLines, 1 << 20));
    assert_eq!(outcome.reasons(), [RecordTooLong]);
    assert_eq!(outcome.rejected[0].raw_len, 5 << 20);
}

/// An end line of a producer that has sent everything.
const END: &str = r#"{"$forebay":{"end":{"complete":true,"reason":"finished","num_errors":0}}}"#;

#[test]
fn an_end_line_is_no_record() {
    for text in [format!("{{\"a\":1}}\n{END}\n"), format!("{{\"a\":1}}\r\n\n {END}"), format!("{END}\n \n")] {
        let outcome = auto(&text);
        outcome.clean();
        assert_eq!(outcome.records.len(), usize::from(text.contains("\"a\"")));
        let end = outcome.end_line.unwrap();
        assert!(end.complete && end.num_errors == 0 && end.reason.as_deref() == Some("finished"), "{text}");
    }
    assert_eq!(auto("{\"a\":1}\n").end_line, None);
}

#[test]
fn lines_after_an_end_line_are_an_error() {
    for rest in ["{\"a\":2}\n", "{\"a\":2}", "{\"a\":", END] {
        let outcome = auto(&format!("{{\"a\":1}}\n{END}\n\n{rest}"));
        assert_eq!(outcome.records, ["{\"a\":1}"], "{rest}");
        assert_eq!(outcome.code(), "record_after_end", "{rest}");
        assert_eq!(outcome.error.unwrap().to_string(), "line 4 follows the end line, which is line 2");
        assert_eq!(outcome.end_line, None, "an input that goes on has not ended");
    }
    let endless = huge("{\"$forebay\":{\"end\":{\"complete\":true}}}\n", 5 << 20, "");
    assert_eq!(read(endless, &limited(Format::JsonLines, 1 << 20)).code(), "record_after_end");
}

#[test]
fn an_unreadable_end_line_is_rejected() {
    let outcome = auto("{\"a\":1}\n{\"$forebay\":{\"end\":{\"complet\":true}}}\n");
    assert_eq!((outcome.reasons(), outcome.end_line), (vec![InvalidRecord], None));
    let cut = auto(&format!("{{\"a\":1}}\n{}", &END[..30]));
    assert_eq!((cut.reasons(), cut.end_line), (vec![TruncatedRecord], None));
    assert!(cut.truncated.is_some());
}
