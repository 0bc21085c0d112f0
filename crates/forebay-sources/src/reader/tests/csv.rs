//! Delimited text.

use super::*;

#[test]
fn rows_become_objects_of_strings() {
    let outcome = auto("id,na\"me,note\r\n1,\"a \"\"b\"\", c\",\r\n\n2,\"x\ny\t\\\u{1}\",ä\n3,,z");
    outcome.clean();
    assert_eq!(
        outcome.records,
        [
            r#"{"id":"1","na\"me":"a \"b\", c","note":""}"#,
            r#"{"id":"2","na\"me":"x\ny\t\\\u0001","note":"ä"}"#,
            r#"{"id":"3","na\"me":"","note":"z"}"#,
        ]
    );
    assert_eq!(outcome.lines, [2, 4, 6]);
    assert_eq!(outcome.offsets[..2], [15, 33]);
}

#[test]
fn the_delimiter_is_detected_in_the_header() {
    for delimiter in [",", ";", "\t", "|"] {
        let outcome = auto(&format!("\u{feff}id{delimiter}name\n1{delimiter}a"));
        outcome.clean();
        assert_eq!(outcome.records, [r#"{"id":"1","name":"a"}"#]);
    }
    let single = of(Format::Csv, "id\nx\n\ny\n");
    single.clean();
    assert_eq!(single.records, [r#"{"id":"x"}"#, r#"{"id":"y"}"#]);
    let quoted = of(Format::Csv, "\"a,b\nc\";d\n1;2\n");
    quoted.clean();
    assert_eq!(quoted.records, [r#"{"a,b\nc":"1","d":"2"}"#]);
    assert_eq!(quoted.lines, [3]);
}

#[test]
fn invalid_rows_are_rejected_with_their_exact_text() {
    let outcome = of(Format::Csv, b"id,name\n1,a,b\n2\n3,\"\xff\"\r\n4,\"d\n\"\n5,e,\n6,f\n".as_slice());
    assert_eq!(outcome.records, [r#"{"id":"4","name":"d\n"}"#, r#"{"id":"6","name":"f"}"#]);
    assert_eq!(outcome.lines, [5, 8]);
    assert_eq!(outcome.reasons(), [InvalidCsv, InvalidCsv, InvalidUtf8, InvalidCsv]);
    let raw = outcome.rejected.iter().map(|rejected| rejected.raw.as_slice()).collect::<Vec<_>>();
    assert_eq!(raw, [&b"1,a,b"[..], b"2", b"3,\"\xff\"", b"5,e,"]);
    assert_eq!(outcome.rejected.iter().map(|r| r.place.line).collect::<Vec<_>>(), [2, 3, 4, 7]);
    assert_eq!(outcome.rejected[0].reject.message, "the row has 3 fields, the header has 2");
    assert_eq!(outcome.truncated, None);
}

#[test]
fn a_header_must_name_every_column_once() {
    let cases = [
        ("id,name,id\n", "names columns 1 and 3 both \"id\""),
        ("id, ,x\n", "has no name for column 2"),
        ("id,x,\n1,2,3\n", "has no name for column 3"),
    ];
    for (text, expected) in cases {
        let outcome = of(Format::Csv, text);
        assert_eq!(outcome.code(), "csv_header");
        assert!(outcome.error.unwrap().to_string().contains(expected), "{text}");
    }
    assert_eq!(of(Format::Csv, b"id,\xff\n").code(), "csv_header");
    let endless = read(huge("id,", 3 << 20, "\n"), &limited(Format::Csv, 1 << 20));
    assert_eq!(endless.code(), "csv_header");
}

#[test]
fn an_empty_input_and_a_header_alone_have_no_records() {
    for text in ["", "\n", "id,name", "id,name\n"] {
        let outcome = of(Format::Csv, text);
        outcome.clean();
        assert!(outcome.records.is_empty());
    }
}

#[test]
fn a_truncated_last_row_is_distinguished_from_one_without_a_newline() {
    for (text, raw) in
        [("a,b\n1,2\n3", "3"), ("a,b\n1,2\n3,\"x\ny", "3,\"x\ny"), ("a,b\n1,2\n3,\"x\"\"", "3,\"x\"\"")]
    {
        let outcome = auto(text);
        assert_eq!(outcome.records.len(), 1);
        assert_eq!(outcome.reasons(), [TruncatedRecord]);
        assert_eq!(outcome.rejected[0].raw, raw.as_bytes());
        assert!(outcome.truncated.unwrap().contains("line 3"));
    }
    for text in
        ["a,b\n1,2\n3,", "a,b\n1,2\n3,\"x\"", "a,b\n1,2\n3,x\"y", "a,b\n1,2\n3,\"\"", "a,b\n1,2\n3,\"x\"y\""]
    {
        let outcome = auto(text);
        outcome.clean();
        assert_eq!(outcome.records.len(), 2, "{text:?}");
    }
}

#[test]
fn an_oversized_row_is_skipped_in_constant_memory() {
    let length = 20 << 20;
    let outcome = read(huge("a,b\n1,2\n3,\"\n", length, "\n\"\n5,6\n"), &limited(Format::Csv, 1 << 20));
    assert!(outcome.error.is_none());
    assert_eq!(outcome.records, [r#"{"a":"1","b":"2"}"#, r#"{"a":"5","b":"6"}"#]);
    assert_eq!(outcome.lines, [2, 6]);
    assert_eq!(outcome.offsets, [4, 12 + length + 3]);
    assert_eq!(outcome.reasons(), [RecordTooLong]);
    assert_eq!(outcome.rejected[0].raw.len(), 64 << 10);
    assert!(outcome.rejected[0].raw_len.abs_diff(length + 6) <= 1);
    assert!(outcome.largest_buffer < 4 << 20, "{}", outcome.largest_buffer);
}
