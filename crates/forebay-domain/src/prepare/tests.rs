//! Tests of preparing records.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    json::samples::{object, spelled},
    rules::Normalise,
};

fn policy(rules: FieldRules) -> Arc<RecordPolicy> {
    Arc::new(RecordPolicy { rules, ..RecordPolicy::new("catalogue", vec!["code".parse().unwrap()]) })
}

fn names(names: &[&str]) -> std::collections::BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Prepares one record after another one, in the same buffers; returns the result, the payload and the key.
fn prepare(rules: &FieldRules, record: &str) -> Result<(Prepared, String, String), Reject> {
    let mut preparer = Preparer::new(policy(rules.clone()));
    let (mut payloads, mut keys) = (b"before".to_vec(), "before".to_owned());
    let outcome = preparer.prepare(record.as_bytes(), &mut payloads, &mut keys);
    if outcome.is_err() {
        assert_eq!((payloads.as_slice(), keys.as_str()), (&b"before"[..], "before"));
        assert_eq!(preparer.take_coverage().num_records(), 0);
    }
    outcome.map(|prepared| {
        let payload = String::from_utf8(payloads[prepared.payload.clone()].to_vec()).unwrap();
        let key = keys[prepared.key.clone()].to_owned();
        (prepared, payload, key)
    })
}

fn hash(rules: &FieldRules, record: &str) -> VersionHash {
    prepare(rules, record).expect(record).0.version_hash
}

#[test]
fn a_prepared_record_matches_other_tools() {
    // Golden values computed with Python's hashlib over the canonical text.
    let record = r#"{ "title" : "Gr\u00f6\u00dfe", "fee": 12.50, "credits": 3.0, "code": "CSC-101" }"#;
    let (prepared, payload, key) = prepare(&FieldRules::default(), record).unwrap();
    assert_eq!(payload, r#"{"code":"CSC-101","credits":3,"fee":12.5,"title":"Größe"}"#);
    assert_eq!(key, "CSC-101");
    assert_eq!(prepared.reference_id.to_string(), "b3e5d7b7-d971-83b3-948e-6c5c5a9baf4b");
    let expected = "cb3d3d55f5d5d75852a2611ce3e6eb6b93b5d24969f91ae8b832d9f5e605d2e3";
    assert_eq!(prepared.version_hash.to_string(), expected);
    let (_, again, _) = prepare(&FieldRules::default(), &payload).unwrap();
    assert_eq!(again, payload);
}

#[test]
fn rules_decide_what_is_stored_and_what_is_hashed() {
    let rules = FieldRules {
        ignore: names(&["debug", "absent"]),
        volatile: names(&["fetched_at"]),
        normalise: [("title".to_owned(), Normalise { trim: true, casefold: true, ..Normalise::default() })]
            .into(),
    };
    let record = r#"{"title":" Intro ","code":"1","fetched_at":"Mon","debug":[1],"email":"x"}"#;
    let (prepared, payload, _) = prepare(&rules, record).unwrap();
    assert_eq!(payload, r#"{"code":"1","email":"x","fetched_at":"Mon","title":" Intro "}"#);
    assert_eq!(prepared.version_hash, VersionHash::of(br#"{"code":"1","email":"x","title":"intro"}"#));
    let same = r#"{"title":"INTRO","code":"1","fetched_at":"Tue","email":"x"}"#;
    assert_eq!(hash(&rules, same), prepared.version_hash);
    let other = r#"{"title":"Intro 2","code":"1","fetched_at":"Mon","email":"x"}"#;
    assert_ne!(hash(&rules, other), prepared.version_hash);
}

#[test]
fn a_record_without_remaining_fields_is_an_empty_object() {
    let ignored = FieldRules { ignore: names(&["code"]), ..FieldRules::default() };
    let (prepared, payload, key) = prepare(&ignored, r#"{"code":"1"}"#).unwrap();
    assert_eq!((payload.as_str(), key.as_str()), ("{}", "1"));
    assert_eq!(prepared.version_hash, VersionHash::of(b"{}"));
    let volatile = FieldRules { volatile: names(&["code", "x"]), ..FieldRules::default() };
    let (prepared, payload, _) = prepare(&volatile, r#"{"code":"1","x":2}"#).unwrap();
    assert_eq!(payload, r#"{"code":"1","x":2}"#);
    assert_eq!(prepared.version_hash, VersionHash::of(b"{}"));
}

#[test]
fn invalid_records_append_nothing() {
    let rules = FieldRules::default();
    for (record, reason) in [
        ("[]", RejectReason::NotAnObject),
        ("null", RejectReason::NotAnObject),
        ("", RejectReason::InvalidJson),
        (r#"{"code":"1""#, RejectReason::InvalidJson),
        (r#"{"code":"1","code":"1"}"#, RejectReason::DuplicateJsonKey),
        ("{}", RejectReason::MissingKey),
        (r#"{"code":null}"#, RejectReason::NullKey),
        (r#"{"code":"\ud800"}"#, RejectReason::InvalidKey),
        (r#"{"code":1e200000}"#, RejectReason::NumberOutOfRange),
    ] {
        assert_eq!(prepare(&rules, record).expect_err(record).reason, reason, "{record}");
    }
}

#[test]
fn replaced_characters_are_counted_and_kept_out_of_the_payload() {
    let (prepared, payload, _) =
        prepare(&FieldRules::default(), r#"{"code":1,"a\u0000":"\udfff!"}"#).unwrap();
    assert_eq!((prepared.replaced, payload.as_str()), (2, "{\"a\u{fffd}\":\"\u{fffd}!\",\"code\":1}"));
}

#[test]
fn coverage_counts_fields_with_a_value() {
    let rules = FieldRules { ignore: names(&["x"]), ..FieldRules::default() };
    for rules in [FieldRules::default(), rules] {
        let ignores = !rules.ignore.is_empty();
        let mut preparer = Preparer::new(policy(rules));
        let (mut payloads, mut keys) = (Vec::new(), String::new());
        for record in [r#"{"code":1,"a":"","b":null,"x":0}"#, r#"{"a":[],"b":false,"code":2}"#, "{}"] {
            let _ = preparer.prepare(record.as_bytes(), &mut payloads, &mut keys);
        }
        let coverage = preparer.take_coverage();
        let count = |name| coverage.field(name).map_or(0, |field| field.count);
        assert_eq!(coverage.num_records(), 2);
        assert_eq!(["code", "a", "b", "x"].map(count), [2, 1, 1, u64::from(!ignores)]);
        assert_eq!(preparer.take_coverage().num_records(), 0);
    }
}

#[test]
fn merging_overrides_earlier_fields_with_later_ones() {
    let merged = merge(br#"{"b":1,"a":{"x":1},"c":"\u0000"}"#, br#" {"d":2.0,"a":{"y":2}}"#).unwrap();
    assert_eq!(merged, br#"{"a":{"y":2},"b":1,"c":"\u0000","d":2.0}"#);
    assert_eq!(merge(b"{}", b" { } ").unwrap(), b"{}");
    assert_eq!(merge(b"{}", b"[]").unwrap_err().reason, RejectReason::NotAnObject);
    assert!(merge(b"{", b"{}").is_err());
}

fn with_code(mut record: serde_json::Value) -> serde_json::Value {
    record["code"] = "CSC-101".into();
    record
}

fn some_rules(record: &serde_json::Value, seed: u64) -> FieldRules {
    let mut rules = FieldRules::default();
    for (index, name) in record.as_object().unwrap().keys().enumerate() {
        match seed >> (index * 2) & 3 {
            0 => rules.ignore.insert(name.clone()),
            1 => rules.volatile.insert(name.clone()),
            _ => continue,
        };
    }
    rules
}

proptest! {
    #[test]
    fn spelling_creates_no_version(record in object(), seed: u64, other: u64) {
        let record = with_code(record);
        let rules = FieldRules::default();
        let one = prepare(&rules, &spelled(&record, seed)).unwrap();
        let two = prepare(&rules, &spelled(&record, other)).unwrap();
        prop_assert_eq!(&one, &two);
        prop_assert_eq!(one.1, serde_json_canonicalizer::to_string(&record).unwrap());
    }

    #[test]
    fn rules_act_like_removing_fields_first(record in object(), seed: u64, choice: u64) {
        let record = with_code(record);
        let rules = some_rules(&record, choice);
        let mut stored = record.clone();
        stored.as_object_mut().unwrap().retain(|name, _| !rules.ignore.contains(name));
        let mut hashed = stored.clone();
        hashed.as_object_mut().unwrap().retain(|name, _| !rules.volatile.contains(name));
        let (prepared, payload, _) = prepare(&rules, &spelled(&record, seed)).unwrap();
        prop_assert_eq!(payload, serde_json_canonicalizer::to_string(&stored).unwrap());
        let expected = serde_json_canonicalizer::to_vec(&hashed).unwrap();
        prop_assert_eq!(prepared.version_hash, VersionHash::of(&expected));
    }

    #[test]
    fn normalising_changes_the_hash_as_normalised_input_would(title in "[ aBß\\t]{0,8}") {
        let how = Normalise { trim: true, collapse_whitespace: true, casefold: true };
        let rules = FieldRules { normalise: [("title".to_owned(), how)].into(), ..FieldRules::default() };
        let mut normalised = String::new();
        how.apply(&title, &mut normalised);
        let record = |title: &str| serde_json::json!({ "code": 1, "title": title }).to_string();
        prop_assert_eq!(hash(&rules, &record(&title)), hash(&FieldRules::default(), &record(&normalised)));
        prop_assert_eq!(prepare(&rules, &record(&title)).unwrap().1, record(&title));
    }

    #[test]
    fn merging_matches_the_oracle(earlier in object(), later in object(), seed: u64) {
        let merged = merge(spelled(&earlier, seed).as_bytes(), spelled(&later, !seed).as_bytes()).unwrap();
        let mut expected = earlier;
        expected.as_object_mut().unwrap().extend(later.as_object().unwrap().clone());
        let merged = crate::canonical::canonical_text(&merged).unwrap();
        prop_assert_eq!(merged, serde_json_canonicalizer::to_string(&expected).unwrap());
    }

    #[test]
    fn no_input_makes_it_panic(bytes in vec(any::<u8>(), 0..80), text in "[{}\\[\\],:\"\\\\u0d8e\\-1.a ]{0,40}") {
        let rules = FieldRules { volatile: names(&["a"]), ..FieldRules::default() };
        for input in [bytes.as_slice(), text.as_bytes(), &[br#"{"code":1,"a":"#, text.as_bytes()].concat()] {
            let mut preparer = Preparer::new(policy(rules.clone()));
            let _ = preparer.prepare(input, &mut Vec::new(), &mut String::new());
            let _ = merge(input, input);
        }
    }
}

#[test]
fn the_hash_of_a_record_can_be_its_key() {
    let by_hash = |fields: &[&str], rules: &FieldRules, record: &str| {
        let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
        let key = crate::identity::key_in_scope(&fields, "term=1");
        let policy = RecordPolicy { rules: rules.clone(), ..RecordPolicy::new("readings", key) };
        let (mut payloads, mut keys) = (Vec::new(), "before".to_owned());
        let prepared =
            Preparer::new(Arc::new(policy)).prepare(record.as_bytes(), &mut payloads, &mut keys).unwrap();
        assert_eq!(prepared.reference_id, ReferenceId::compute("readings", &keys[prepared.key.clone()]));
        (prepared.version_hash.to_string(), keys[prepared.key].to_owned())
    };
    let rules = FieldRules { volatile: names(&["read_at"]), ..FieldRules::default() };
    let (hash, key) = by_hash(&["$hash"], &rules, r#"{"b":1.0,"a":2,"read_at":1}"#);
    assert_eq!(hash, key);
    // Equal content has one key, however it is written and read.
    assert_eq!(by_hash(&["$hash"], &rules, r#"{"a":2,"b":1}"#).1, key);
    assert_ne!(by_hash(&["$hash"], &rules, r#"{"a":2,"b":2}"#).1, key);
    assert_eq!(by_hash(&["$hash", "$scope"], &rules, r#"{"a":2,"b":1}"#).1, format!("{key}|term=1"));
    assert_eq!(
        by_hash(&["$hash"], &FieldRules::default(), "{ }"),
        by_hash(&["$hash"], &FieldRules::default(), "{}")
    );
    // A field of this name is not the hash.
    assert_eq!(by_hash(&["/$hash"], &rules, r#"{"$hash":"x"}"#).1, "x");
}

proptest! {
    #[test]
    fn keys_by_hash_are_equal_exactly_if_the_content_is(one in object(), other in object(), seed in any::<u64>()) {
        let key = |text: &str| {
            let policy = RecordPolicy::new("s", vec!["$hash".parse().unwrap()]);
            let (mut payloads, mut keys) = (Vec::new(), String::new());
            let prepared = Preparer::new(Arc::new(policy)).prepare(text.as_bytes(), &mut payloads, &mut keys);
            prepared.map(|prepared| (payloads[prepared.payload].to_vec(), keys))
        };
        if let (Ok(one_key), Ok(spelled), Ok(other_key)) =
            (key(&one.to_string()), key(&spelled(&one, seed)), key(&other.to_string()))
        {
            prop_assert_eq!(&one_key, &spelled);
            prop_assert_eq!(one_key.0 == other_key.0, one_key.1 == other_key.1);
        }
    }
}
