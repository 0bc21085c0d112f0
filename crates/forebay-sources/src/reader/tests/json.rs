//! JSON documents.

use super::*;

#[test]
fn the_elements_of_an_array_are_records() {
    let outcome = auto(" [\n{\"a\":[1,{}]} ,\n{\"b\":\"]}\"},null, 12,\"x\"]\n");
    outcome.clean();
    assert_eq!(outcome.records, ["{\"a\":[1,{}]}", "{\"b\":\"]}\"}", "null", "12", "\"x\""]);
    assert_eq!(outcome.lines, [2, 3, 3, 3, 3]);
    assert_eq!(outcome.offsets[..2], [3, 18]);
}

#[test]
fn consecutive_objects_are_records_in_any_layout() {
    let outcome = auto("{\n  \"a\": 1\n}\n{\"b\":2}{\"c\":3} [{\"d\":4}] 5");
    outcome.clean();
    assert_eq!(outcome.records, ["{\n  \"a\": 1\n}", "{\"b\":2}", "{\"c\":3}", "{\"d\":4}", "5"]);
    assert_eq!(outcome.lines, [1, 4, 4, 4, 4]);
}

#[test]
fn a_pointer_leads_to_the_records() {
    let text = "{\"meta\":{\"items\":[9]},\"data\":[1,{\"a/b\":\"no\",\"it\\u0065ms\":[{\"a\":1},{\"a\":2}],\"z\":[]}],\"t\":{}}";
    for pointer in ["/data/1/items", "/data/1/it\u{65}ms"] {
        let outcome = at(pointer, text);
        outcome.clean();
        assert_eq!(outcome.records, ["{\"a\":1}", "{\"a\":2}"]);
    }
    let outcome = at("/meta", text);
    outcome.clean();
    assert_eq!(outcome.records, ["{\"items\":[9]}"]);
    let outcome = at("/data/1/z", text);
    outcome.clean();
    assert!(outcome.records.is_empty());
}

#[test]
fn each_document_of_several_has_its_own_records() {
    let outcome = at("/d", "{\"d\":[{\"a\":1}],\"next\":1}\n{\"n\":[{}],\"d\":[{\"a\":2}]}");
    outcome.clean();
    assert_eq!(outcome.records, ["{\"a\":1}", "{\"a\":2}"]);
}

#[test]
fn an_error_of_a_pointer_says_what_was_found() {
    let document = "{\"data\":{\"rows\":[],\"total\":2},\"n\":1,\"list\":[{},{}]}";
    let cases = [
        ("/data/items", "/data has no \"items\", its keys are rows, total"),
        ("/records", "the document has no \"records\", its keys are data, n, list"),
        ("/n/items", "/n is a number"),
        ("/list/2", "/list is an array of 2, without an item 2"),
        ("/list/x", "/list is an array, and \"x\" is not an index"),
        ("/list/0/a", "/list/0 is an empty object"),
    ];
    for (pointer, expected) in cases {
        let outcome = at(pointer, document);
        assert_eq!(outcome.code(), "records_not_found", "{pointer}");
        let message = outcome.error.unwrap().to_string();
        assert!(message.contains(expected) && message.contains(pointer), "{message}");
    }
    let many = (0..20).map(|n| format!("\"k{n}\":0")).collect::<Vec<_>>().join(",");
    let message = at("/x", &format!("{{{many}}}")).error.unwrap().to_string();
    assert!(message.ends_with("k8, k9 and more"), "{message}");
}

#[test]
fn a_pointer_must_lead_to_records() {
    let outcome = at("/a", "{\"a\":\"text\"}");
    assert_eq!(outcome.code(), "records_not_a_list");
    assert_eq!(
        outcome.error.unwrap().to_string(),
        "/a refers to a string, not to an array of records or one record"
    );
    let options = ReadOptions { records: Some("/a".parse().unwrap()), ..limited(Format::Csv, 100) };
    assert_eq!(read(Cursor::new("a,b\n"), &options).code(), "records_need_json");
}

#[test]
fn records_before_an_error_are_delivered() {
    let outcome = at("/d", "{\"d\":[{\"a\":1}]} {\"e\":[]}");
    assert_eq!(outcome.records, ["{\"a\":1}"]);
    assert_eq!(outcome.code(), "records_not_found");
    let outcome = at("/d", "{\"d\":[{\"a\":1}]} {\"e\" []}");
    assert_eq!(outcome.records, ["{\"a\":1}"]);
    assert_eq!(outcome.code(), "invalid_json");
}

#[test]
fn a_truncated_array_yields_its_complete_records() {
    let outcome = auto("[{\"a\":1},\n{\"a\":2");
    assert_eq!(outcome.records, ["{\"a\":1}"]);
    assert_eq!(outcome.reasons(), [TruncatedRecord]);
    assert_eq!(outcome.rejected[0].raw, b"{\"a\":2");
    assert_eq!(outcome.rejected[0].place.line, 2);
    assert!(outcome.truncated.unwrap().contains("line 2"));

    let between = auto("[{\"a\":1},");
    assert_eq!((between.records.len(), between.rejected.len()), (1, 0));
    assert!(between.truncated.unwrap().contains("before the array of records is closed"));
    // A number at the very end may have lost digits.
    assert_eq!(auto("[1,2").reasons(), [TruncatedRecord]);
}

#[test]
fn a_document_truncated_outside_its_records_is_reported() {
    let after = at("/d", "{\"d\":[{\"a\":1}],\"n\":");
    assert_eq!(after.records.len(), 1);
    assert!(after.truncated.unwrap().contains("after the records"));
    for text in ["{\"x", "{\"x\":[1", "{", "{\"d\"", "{\"d\":"] {
        let before = at("/d", text);
        assert_eq!((before.records.len(), before.code()), (0, ""));
        assert!(before.truncated.unwrap().contains("before the records start"), "{text}");
    }
}

#[test]
fn garbage_between_elements_is_rejected_alone() {
    let outcome = auto("[{\"a\":1} oops here {\"a\":2},\n},{\"a\":3]{\"a\":4},,]");
    assert_eq!(outcome.records, ["{\"a\":1}", "{\"a\":2}", "{\"a\":3]", "{\"a\":4}"]);
    assert_eq!(outcome.reasons(), [InvalidJson; 2]);
    assert_eq!(outcome.rejected[0].raw, b"oops here ");
    assert_eq!(outcome.rejected[1].raw, b"}");
    assert_eq!((outcome.rejected[1].place.line, outcome.rejected[1].place.offset), (2, 28));
    assert_eq!(outcome.truncated, None);
}

#[test]
fn garbage_after_a_document_is_rejected_as_one_piece() {
    let rest = format!("<html>{}", "{}, ".repeat(50_000));
    let outcome = auto(&format!("[{{\"a\":1}}]\n{rest}"));
    assert_eq!(outcome.records, ["{\"a\":1}"]);
    assert_eq!(outcome.reasons(), [InvalidJson]);
    assert_eq!(outcome.rejected[0].raw_len, rest.len() as u64);
    assert_eq!(outcome.rejected[0].raw, rest.as_bytes()[..64 << 10]);
    assert_eq!(outcome.rejected[0].place.line, 2);
    assert_eq!(of(Format::Json, "id,name\n1,2\n").reasons(), [InvalidJson]);
    assert_eq!(at("/d", "{\"d\":[]} <html>").reasons(), [InvalidJson]);
    // A pointer promises a document, so other content is an error.
    assert_eq!(at("/d", "<html>").code(), "invalid_json");
}

#[test]
fn an_oversized_record_is_skipped_in_constant_memory() {
    let length = 20 << 20;
    let outcome =
        read(huge("[{\"a\":1},{\"a\":\"", length, "\"},\n{\"a\":2}]"), &limited(Format::Json, 1 << 20));
    assert_eq!(outcome.records, ["{\"a\":1}", "{\"a\":2}"]);
    assert_eq!(outcome.lines, [1, 2]);
    assert_eq!(outcome.reasons(), [RecordTooLong]);
    assert_eq!(outcome.rejected[0].raw_len, length + 8);
    assert_eq!(outcome.rejected[0].raw.len(), 64 << 10);
    assert_eq!(outcome.truncated, None);
    assert!(outcome.largest_buffer < 4 << 20, "{}", outcome.largest_buffer);

    let small = read(Cursor::new("[{\"a\":1},{\"a\":12}]"), &limited(Format::Json, 7));
    assert_eq!((small.records.len(), small.reasons()), (1, vec![RecordTooLong]));
}

#[test]
fn values_before_the_records_are_not_buffered() {
    let options = ReadOptions { records: Some("/d".parse().unwrap()), ..limited(Format::Json, 1 << 20) };
    let outcome = read(huge("{\"x\":{\"y\":\"", 20 << 20, "\"},\"d\":[{\"a\":1}]}"), &options);
    outcome.clean();
    assert_eq!(outcome.records, ["{\"a\":1}"]);
    assert!(outcome.largest_buffer < 4 << 20, "{}", outcome.largest_buffer);
    let outcome = read(huge("{\"", 2 << 20, "\":1}"), &options);
    assert_eq!(outcome.code(), "invalid_json");
}

#[test]
fn an_unclosed_string_is_rejected_as_one_piece() {
    let outcome = auto("[{\"a\":1},{\"a\":\"x},{\"a\":2}]\n");
    assert_eq!(outcome.records, ["{\"a\":1}"]);
    assert_eq!(outcome.reasons(), [TruncatedRecord]);
    assert!(outcome.truncated.is_some());
}

#[test]
fn commas_that_are_wrong_are_noted() {
    for (text, num, said) in [
        ("[{},{}]", 2, None),
        ("[]", 0, None),
        ("[{} {}\n{}]", 3, Some("2 missing commas, the first of them near line 1")),
        ("[{},\n,{},]", 2, Some("2 extra commas, the first of them near line 2")),
        ("[,{}]", 1, Some("1 extra comma,")),
        ("[{}{},,{}]", 3, Some("1 missing comma and 1 extra comma")),
        ("[{},{}][{}]", 3, None),
    ] {
        for format in [Format::Json, Format::Auto] {
            let outcome = of(format, text);
            outcome.clean();
            assert_eq!(
                (outcome.records.len(), outcome.notes.len()),
                (num, usize::from(said.is_some())),
                "{text}"
            );
            assert!(said.is_none_or(|said| outcome.notes[0].contains(said)), "{:?}", outcome.notes);
        }
    }
}

#[test]
fn a_second_array_under_the_same_key_is_not_complete() {
    let twice = at("/data/items", "{\"data\":{\"items\":[{\"a\":1}],\n\"items\":[{\"a\":2}]}}");
    assert_eq!(twice.records, ["{\"a\":1}"]);
    assert_eq!(
        twice.truncated.unwrap(),
        "The key \"items\" occurs again at line 2, and its value was not read."
    );
    assert!(at("/data", "{\"data\":[{}],\"x\":{\"data\":1},\"da\\u0074a\":[]}").truncated.is_some());
    for (pointer, text) in [
        ("/data", "{\"data\":[{}],\"x\":{\"data\":1},\"y\":[{\"data\":2}]}\n{\"data\":[{}]}"),
        ("/0/data", "[{\"data\":[{}],\"x\":1},{\"data\":3}]"),
        // What follows the records may be invalid as long as its brackets match.
        ("/data", "{\"data\":[{}],x:\"}\"}"),
        ("/data", "{\"data\":[{}],\"x\" 1}"),
        ("/data", "{\"data\":[{}],\"x\":}"),
    ] {
        let outcome = at(pointer, text);
        outcome.clean();
        assert!(!outcome.records.is_empty(), "{text}");
    }
    let cut = at("/data", "{\"data\":[{}],\"x\":{");
    assert!(cut.truncated.unwrap().contains("after the records"));
}

#[test]
fn an_unread_rest_counts_by_its_length() {
    let record = |id: usize| format!("{{\"id\":{id},\"name\":\"Record\"}}");
    let rest = (2..=20).map(record).collect::<Vec<_>>().join(",\n");
    for text in [
        format!("{}\n\n}}{rest}", record(1)),
        format!("[{},\n{{\"name\":\"x}},{rest}]", record(1).replace("Record", "Recor d")),
    ] {
        let outcome = of(Format::Json, &text);
        assert_eq!((outcome.records.len(), outcome.rejected.len()), (1, 1), "{text}");
        assert!((17..=20).contains(&outcome.num_unread), "{} {text}", outcome.num_unread);
    }
    let cut = of(Format::Json, "[{\"id\":1},{\"id\":2},{\"id\":");
    assert_eq!((cut.rejected.len(), cut.num_unread), (1, 0));
}
