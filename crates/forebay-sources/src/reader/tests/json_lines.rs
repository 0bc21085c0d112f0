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
