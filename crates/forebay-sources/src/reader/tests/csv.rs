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
        ["a,b\n1,2\n3,", "a,b\n1,2\n3,\"x\"", "a,b\n1,2\n3,x\"y", "a,b\n1,2\n3,\"\"", "a,b\n1,2\n3,\"x\" "]
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

fn with(csv: CsvOptions, text: impl AsRef<[u8]>) -> ReadResult {
    read(Cursor::new(text.as_ref().to_owned()), &ReadOptions { csv, ..ReadOptions::default() })
}

#[test]
fn text_after_a_closing_quote_is_one_rejected_row() {
    let outcome = auto("id,t\n1,\"a\"\n2,\"b\n3,c\n4,\"d\"\n5,\"e\" \n6,\"f\"x\n7,g\n");
    assert_eq!(outcome.records, [r#"{"id":"1","t":"a"}"#, r#"{"id":"5","t":"e"}"#, r#"{"id":"7","t":"g"}"#]);
    assert_eq!(outcome.reasons(), [InvalidCsv, InvalidCsv]);
    assert_eq!(outcome.rejected[0].raw, b"2,\"b\n3,c\n4,\"d\"");
    assert_eq!(outcome.rejected.iter().map(|rejected| rejected.place.line).collect::<Vec<_>>(), [3, 7]);
    assert!(
        outcome.rejected[0].reject.message.contains("3 lines after the row began"),
        "{:?}",
        outcome.rejected
    );
    assert_eq!(outcome.rejected[1].reject.message, "text follows a closing quote");
    assert_eq!(outcome.truncated, None);
    assert_eq!(auto("id,\"t\"x\n1,2\n").code(), "csv_header");
}

#[test]
fn an_unclosed_quote_ends_the_input_early() {
    let outcome = auto("id,t\n1,a\n2,\"b\n3,c\n4,d\n");
    assert_eq!((outcome.records.len(), outcome.reasons()), (1, vec![TruncatedRecord]));
    assert_eq!(outcome.rejected[0].raw, b"2,\"b\n3,c\n4,d\n");
    assert!(outcome.truncated.unwrap().contains("quoted field of the row at line 3"));
    // Also if the row exceeds the limit.
    let endless = read(huge("a,b\n1,2\n3,\"", 3 << 20, ""), &limited(Format::Csv, 1 << 20));
    assert_eq!(endless.reasons(), [RecordTooLong]);
    assert!(endless.truncated.is_some());
}

#[test]
fn rows_swallowed_by_balanced_quotes_are_noted() {
    let outcome = auto("id,t\n1,a\n2,b\n3,\"c\n4,d\n5,e\n6,f\"\n7,g\n8,h\n");
    assert_eq!((outcome.records.len(), outcome.rejected.len()), (5, 0));
    assert!(outcome.notes[0].starts_with("The record at line 4 has 4 lines"), "{:?}", outcome.notes);
}

#[test]
fn the_delimiter_may_be_stated_or_given() {
    let expected = [r#"{"a,x":"1;","b":"2"}"#];
    for text in ["sep=\t\r\na,x\tb\r\n1;\t2\r\n", "\u{feff}Sep=\t\n\na,x\tb\n1;\t2"] {
        for outcome in [auto(text), of(Format::Csv, text)] {
            outcome.clean();
            assert_eq!(outcome.records, expected, "{text:?}");
        }
    }
    let caret = auto("sep=^\na^b\n1^2\n");
    caret.clean();
    assert_eq!(
        (caret.records.as_slice(), caret.lines),
        ([r#"{"a":"1","b":"2"}"#.to_owned()].as_slice(), vec![3])
    );
    let given = CsvOptions { delimiter: Some("tab".parse().unwrap()), ..CsvOptions::default() };
    for text in ["a,x\tb\n1;\t2\n", "sep=;\na,x\tb\n1;\t2\n"] {
        assert_eq!(with(given, text).records, expected, "{text:?}");
    }
    let options = ReadOptions { format: Format::Json, csv: given, ..ReadOptions::default() };
    assert_eq!(read(Cursor::new("[]"), &options).code(), "csv_options_need_csv");
    assert!(auto("sep=;\n").records.is_empty());
}

#[test]
fn comments_are_skipped_outside_rows() {
    let comment = CsvOptions { comment: Some("#".parse().unwrap()), ..CsvOptions::default() };
    let text = "# made by \"x\n#\n\na,b\r\n# 1,2\r\n1,\"#\n# no\"\n#end\n2,#\n#";
    for size in [1, 2, 3, 1000] {
        let pieces = text.as_bytes().chunks(size).map(|piece| Cursor::new(piece.to_vec()));
        let input = pieces
            .fold(Box::new(io::empty()) as Box<dyn Read + Send>, |all, piece| Box::new(all.chain(piece)));
        let outcome = read(input, &ReadOptions { csv: comment, ..ReadOptions::default() });
        outcome.clean();
        assert_eq!(outcome.records, [r##"{"a":"1","b":"#\n# no"}"##, r##"{"a":"2","b":"#"}"##]);
        assert_eq!(outcome.lines, [6, 9], "{size}");
    }
    let long = read(
        huge("a,b\n#", 3 << 20, "\n1,2\n"),
        &ReadOptions { csv: comment, ..limited(Format::Csv, 1 << 20) },
    );
    long.clean();
    assert_eq!(long.records.len(), 1);
    assert!(long.largest_buffer < 3 << 20, "{}", long.largest_buffer);
}

#[test]
fn headers_follow_their_policy() {
    let policy = |header| CsvOptions { header, ..CsvOptions::default() };
    let renamed = with(policy(HeaderPolicy::Rename), "id,x,x,\n1,2,3,4\n1,2\n");
    assert_eq!(renamed.records, [r#"{"id":"1","x":"2","x_2":"3","column_4":"4"}"#]);
    assert_eq!(renamed.reasons(), [InvalidCsv]);
    let none = with(policy(HeaderPolicy::None), "1;2\n3;4\n");
    none.clean();
    assert_eq!(none.records, [r#"{"column_1":"1","column_2":"2"}"#, r#"{"column_1":"3","column_2":"4"}"#]);
    assert_eq!(none.lines, [1, 2]);
}

#[test]
fn other_encodings_are_decoded_if_named() {
    let encoded = |encoding: &str, bytes: &[u8]| {
        let options = ReadOptions { encoding: Some(encoding.parse().unwrap()), ..ReadOptions::default() };
        [read(Cursor::new(bytes.to_vec()), &options), read(Cursor::new(gzip(bytes)), &options)]
    };
    let utf16: Vec<u8> = "\u{feff}id\tn\r\n1\té\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for outcome in encoded("utf-16", &utf16) {
        outcome.clean();
        assert_eq!(outcome.records, [r#"{"id":"1","n":"é"}"#]);
    }
    for outcome in encoded("windows-1252", b"{\"a\":\"\x80\"}\n") {
        outcome.clean();
        assert_eq!(outcome.records, [r#"{"a":"€"}"#]);
    }
    for outcome in encoded("utf-8", b"a,b\n1,\xff\n") {
        outcome.clean();
        assert_eq!(outcome.notes, ["Bytes that are invalid in utf-8 were replaced by U+FFFD."]);
    }
    // A character that the end cuts off.
    for outcome in encoded("utf-16le", b"{\0}\0\n\0{") {
        assert_eq!((outcome.records.len(), outcome.notes.len()), (2, 1), "{outcome:?}");
    }
}
