//! Tests of ids and keys. The golden values were computed independently, with Python's `hashlib`.

use proptest::prelude::*;

use super::*;
use crate::{
    json::Parser,
    reject::{Reject, RejectReason},
};

fn key(fields: &[&str], record: &str) -> Result<String, Reject> {
    let fields: Vec<KeyField> = fields.iter().map(|field| field.parse().expect(field)).collect();
    let mut parser = Parser::default();
    let mut keys = String::from("before");
    let outcome = append_record_key(&fields, parser.parse(record.as_bytes())?.root(), &mut keys);
    match &outcome {
        Ok(range) => assert_eq!((&keys[..range.start], range.end), ("before", keys.len())),
        Err(_) => assert_eq!(keys, "before", "an error appends nothing"),
    }
    outcome.map(|range| keys[range].to_owned())
}

fn reason(fields: &[&str], record: &str) -> RejectReason {
    key(fields, record).expect_err(record).reason
}

#[test]
fn ids_never_change() {
    for (source, key, id) in [
        ("catalogue", "CSC-101", "b3e5d7b7-d971-83b3-948e-6c5c5a9baf4b"),
        ("catalogue", "", "6fc96b41-79c8-802c-a1ae-f4e76d870f45"),
        ("катало", r"1|a\|b", "35c9cbbf-5f9b-8198-aa90-202aee8df496"),
        ("", "x", "3c7e9bc9-30dc-83f0-9fa6-9985ef242d9f"),
        ("catalogue", &"k".repeat(1024), "bfcaf920-5cdb-82e4-8147-e7e9a62f19c2"),
    ] {
        assert_eq!(ReferenceId::compute(source, key).to_string(), id);
    }
    let hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    assert_eq!(VersionHash::of(b"{}").to_string(), hash);
}

#[test]
fn invalid_ids_are_refused() {
    let id = "b3e5d7b7-d971-83b3-948e-6c5c5a9baf4b";
    assert_eq!(id.to_uppercase().parse::<ReferenceId>(), id.parse());
    assert_eq!(format!("{:?}", id.parse::<ReferenceId>().unwrap()), format!("ReferenceId({id})"));
    for text in
        ["", &id[1..], &id.replace('-', ""), &format!("{id}0"), &id.replace('7', "g"), &id.replace('7', "é")]
    {
        assert_eq!(text.parse::<ReferenceId>(), Err(IdentityError::InvalidReferenceId), "{text}");
    }
    let hash = "0f".repeat(32);
    for text in ["", &hash[1..], &format!("{hash}0"), &format!("{hash}00"), &hash.replace('f', "+")] {
        assert_eq!(text.parse::<VersionHash>(), Err(IdentityError::InvalidVersionHash), "{text}");
    }
}

#[test]
fn a_single_field_is_the_key_unchanged() {
    let record = r#"{"s":"a|b\\c \u00e9","n":10.50,"i":7,"big":12345678901234567890123,"t":true,"f":false}"#;
    for (field, expected) in [
        ("s", r"a|b\c é"),
        ("n", "10.5"),
        ("i", "7"),
        ("big", "1.2345678901234567890123e+22"),
        ("t", "true"),
        ("f", "false"),
    ] {
        assert_eq!(key(&[field], record).as_deref(), Ok(expected));
    }
    let spellings = [r#"{"id":1}"#, r#"{"id":"1"}"#, r#"{"id":1.0}"#, r#"{"id":10e-1}"#];
    assert!(spellings.iter().all(|record| key(&["id"], record).as_deref() == Ok("1")));
}

#[test]
fn several_fields_are_joined_unambiguously() {
    let record = r#"{"a":"x|y","b":"z","c":"","d":"\\","e":"x","f":"y|z"}"#;
    assert_eq!(key(&["a", "b"], record).as_deref(), Ok(r"x\|y|z"));
    assert_eq!(key(&["e", "f"], record).as_deref(), Ok(r"x|y\|z"));
    assert_eq!(key(&["d", "c", "b"], record).as_deref(), Ok(r"\\||z"));
    assert_eq!(key(&["c", "b"], record).as_deref(), Ok("|z"), "one empty part doesn't make an empty key");
}

#[test]
fn the_scope_can_be_part_of_the_key() {
    let key = |scope: &str, fields: &[&str], record: &str| {
        let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
        let mut parser = Parser::default();
        let document = parser.parse(record.as_bytes()).unwrap();
        let mut keys = String::new();
        let key = append_record_key(&key_in_scope(&fields, scope), document.root(), &mut keys);
        key.map(|range| keys[range].to_owned()).map_err(|reject| reject.reason)
    };
    let record = r#"{"id":7,"empty":"","$scope":"own"}"#;
    assert_eq!(key("term=1|a", &["id", SCOPE_FIELD], record).as_deref(), Ok(r"7|term=1\|a"));
    assert_eq!(key("", &["id", SCOPE_FIELD], record).as_deref(), Ok("7|"));
    assert_eq!(key("term=1", &["/$scope"], record).as_deref(), Ok("own"));
    // The scope does not stand for a missing key.
    assert_eq!(key("term=1", &["empty", SCOPE_FIELD], record), Err(RejectReason::EmptyKey));
    assert_eq!(key("term=1", &["none", SCOPE_FIELD], record), Err(RejectReason::MissingKey));
    let only = [SCOPE_FIELD.to_owned()];
    assert_eq!(check_source("a", &only), Err(SourceIdentityError::OnlyScope));
}

#[test]
fn pointers_find_nested_values() {
    let record = r#"{"a":{"b/c":[10,{"~d":"x"}],"":1},"/e":2,"01":3}"#;
    for (field, expected) in
        [("/a/b~1c/0", "10"), ("/a/b~1c/1/~0d", "x"), ("/a/", "1"), ("/~1e", "2"), ("/01", "3"), ("01", "3")]
    {
        assert_eq!(key(&[field], record).as_deref(), Ok(expected), "{field}");
    }
    for absent in ["/a/b~1c/2", "/a/b~1c/-", "/a/b~1c/00", "/a/b~1c/+1", "/a/b~1c/0/x", "/A", "/"] {
        assert_eq!(reason(&[absent], record), RejectReason::MissingKey, "{absent}");
    }
    for wrong in ["", "/a~", "/~2", "/a/~x"] {
        assert_eq!(wrong.parse::<KeyField>(), Err(IdentityError::InvalidKeyField), "{wrong}");
    }
}

#[test]
fn a_record_without_a_usable_key_names_the_field() {
    let record = r#"{"null":null,"empty":"","object":{},"array":[],"zero":"a\u0000","id":1}"#;
    for (fields, expected) in [
        (&["absent"][..], RejectReason::MissingKey),
        (&["id", "absent"], RejectReason::MissingKey),
        (&[], RejectReason::MissingKey),
        (&["null"], RejectReason::NullKey),
        (&["id", "null"], RejectReason::NullKey),
        (&["empty"], RejectReason::EmptyKey),
        (&["empty", "empty"], RejectReason::EmptyKey),
        (&["object"], RejectReason::InvalidKey),
        (&["array"], RejectReason::InvalidKey),
        (&["zero"], RejectReason::InvalidKey),
    ] {
        assert_eq!(reason(fields, record), expected, "{fields:?}");
    }
    let message = key(&["id", "absent"], record).unwrap_err().message;
    assert_eq!(message, "the key field \"absent\" is missing");
}

#[test]
fn keys_are_limited_in_length() {
    let record = |length: usize| format!(r#"{{"a":"{}","b":"{}"}}"#, "x".repeat(length), "|".repeat(length));
    assert_eq!(key(&["a"], &record(1024)).unwrap().len(), 1024);
    assert_eq!(reason(&["a"], &record(1025)), RejectReason::InvalidKey);
    assert_eq!(key(&["a", "b"], &record(341)).unwrap().len(), 341 + 1 + 682);
    assert_eq!(reason(&["a", "b"], &record(342)), RejectReason::InvalidKey);
}

proptest! {
    #[test]
    fn ids_and_hashes_round_trip(id: [u8; 16], hash: [u8; 32]) {
        prop_assert_eq!(ReferenceId(id).to_string().parse(), Ok(ReferenceId(id)));
        prop_assert_eq!(VersionHash(hash).to_string().parse(), Ok(VersionHash(hash)));
    }

    #[test]
    fn computed_ids_are_version_8_uuids(source: String, record_key: String) {
        let ReferenceId(id) = ReferenceId::compute(&source, &record_key);
        prop_assert_eq!((id[6] >> 4, id[8] >> 6), (8, 0b10));
    }

    #[test]
    fn different_parts_give_different_keys(
        a in prop::collection::vec("[ab|\\\\]{0,3}", 2..3), b in prop::collection::vec("[ab|\\\\]{0,3}", 2..3),
    ) {
        let record = |parts: &[String]| serde_json::json!({ "x": parts[0], "y": parts[1] }).to_string();
        let (first, second) = (key(&["x", "y"], &record(&a)), key(&["x", "y"], &record(&b)));
        if let (Ok(first), Ok(second)) = (first, second) {
            prop_assert_eq!(first == second, a == b);
        }
    }

    #[test]
    fn no_text_makes_a_key_field_panic(text: String, record in crate::json::samples::object()) {
        if let Ok(field) = text.parse::<KeyField>() {
            let _ = key(&[field.as_str()], &record.to_string());
        }
    }
}
