//! Tests of declared entities.

use proptest::prelude::*;

use super::*;
use crate::{
    drift::{DriftChange, JsonType},
    json::Parser,
    prepare::{Preparer, RecordPolicy},
};

fn field_type(text: &str) -> FieldType {
    text.parse().unwrap()
}

fn accepts(of_type: &str, json: &str) -> bool {
    field_type(of_type).accepts(Parser::new(8).parse(json.as_bytes()).unwrap().root())
}

#[test]
fn types_accept_their_values_and_text_that_spells_them() {
    let good = [
        ("text", r#""a" 1 true 1e400"#),
        ("integer", r#"0 -1 1e3 10.0 9223372036854775807 -9223372036854775808 "12" "-0""#),
        ("number", r#"1.5 1e400 "1.50" "-2e-9""#),
        ("boolean", r#"true false "Yes" "0""#),
        ("date", r#""2026-02-28" "2024-02-29" "0001-01-01""#),
        (
            "timestamp",
            r#""2026-02-28" "2026-02-28T23:59:59.123456789Z" "2026-02-28t23:59+0530" "2026-02-28T00:00:00-15""#,
        ),
        ("uuid", r#""00000000-0000-0000-0000-00000000000A""#),
        ("url", r#""https://example.org" "HTTP://a/b?c#d""#),
        ("json", r#"{} [] 1 "x""#),
        ("text[]", r#"[] ["a",1]"#),
        ("json[]", "[{},null]"),
    ];
    let bad = [
        ("text", "{} []"),
        ("integer", r#"1.5 1e-1 9223372036854775808 -9223372036854775809 1e400 true "1.0" "" "٣""#),
        ("number", r#"true "1." ".5" "1e" "1e100" "NaN" "+1""#),
        ("boolean", r#"1 "on" []"#),
        ("date", r#"1 "2026-02-29" "2026-13-01" "2026-1-1" "0000-01-01" "2026-02-28T00:00Z""#),
        (
            "timestamp",
            r#""2026-02-28T24:00Z" "2026-02-28T1:00" "2026-02-28T10:00:60Z" "2026-02-28T10:00+16" "soon" "2026-02-28Z""#,
        ),
        ("uuid", r#""0000000000000000000000000000000A" "{}""#),
        ("url", r#""ftp://a" "https://" "https:///x" "https://a\u0020b" "//a""#),
        ("text[]", r#""a" [null] [[]]"#),
        ("integer[]", r#"[1,"x"]"#),
    ];
    for (cases, expected) in [(&good[..], true), (&bad[..], false)] {
        for (of_type, values) in cases {
            for json in values.split(' ') {
                assert_eq!(accepts(of_type, json), expected, "{of_type} {json}");
            }
        }
    }
    assert!("money".parse::<FieldType>().unwrap_err().to_string().contains("expected one of text, integer"));
}

fn event(on_wrong_type: OnWrongType) -> Entity {
    let mut fields = Preset::Event.fields(|name| name == "venue");
    let when = Field { path: "/when/start".parse().unwrap(), ..fields["starts_at"].clone() };
    fields.insert("starts_at".into(), when);
    Entity { name: "event".into(), view: "events".into(), fields, on_wrong_type }
}

fn preparer(entity: &Entity) -> Preparer {
    let entity = Some(EntityCheck::new(entity));
    let policy = RecordPolicy { entity, ..RecordPolicy::new("s", vec!["id".parse().unwrap()]) };
    Preparer::new(policy.into())
}

fn prepare(preparer: &mut Preparer, json: &str) -> Result<(), crate::reject::Reject> {
    let (mut payloads, mut keys) = (Vec::new(), String::new());
    let result = preparer.prepare(json.as_bytes(), &mut payloads, &mut keys).map(drop);
    assert!(result.is_ok() || (payloads.is_empty() && keys.is_empty()));
    result
}

#[test]
fn what_does_not_fit_is_drift_or_rejected() {
    let good = r#"{"id":1,"title":"a","when":{"start":"2026-01-01"},"tags":["x"],"url":null,"price":""}"#;
    let wrong = r#"{"id":2,"title":"a","when":{"start":"soon"},"price":"free"}"#;
    let missing = r#"{"id":3,"title":"","when":{}}"#;
    let gone = r#"{"id":4,"_deleted":true}"#;

    let mut counting = preparer(&event(OnWrongType::Drift));
    for record in [good, wrong, missing, gone] {
        let _gone_is_a_record_without_a_flag_here = prepare(&mut counting, record);
    }
    let violations = counting.take_coverage().take_violations();
    assert_eq!(
        violations.sentences(),
        [
            "price is not of type number in 1 record",
            "starts_at is not of type timestamp in 1 record",
            "starts_at is required and missing in 2 records",
            "title is required and missing in 2 records",
        ]
    );
    let mut drifts = Vec::new();
    violations.add_to(&mut drifts);
    let drifts: Vec<_> = drifts.iter().map(|drift| (drift.field_name.as_str(), drift.change)).collect();
    assert_eq!(
        drifts,
        [
            ("price", DriftChange::WrongType),
            ("title", DriftChange::Missing),
            ("when", DriftChange::WrongType)
        ]
    );

    let mut rejecting = preparer(&event(OnWrongType::Reject));
    assert!(prepare(&mut rejecting, good).is_ok());
    let reject = prepare(&mut rejecting, wrong).unwrap_err();
    assert_eq!(reject.reason.as_str(), "wrong_type");
    assert_eq!(reject.message, "the field price must be number; found string");
    let reject = prepare(&mut rejecting, missing).unwrap_err();
    assert_eq!(reject.reason.as_str(), "missing_field");
    assert_eq!(reject.message, "the required field starts_at at /when/start has no value");
    assert_eq!(rejecting.take_coverage().num_records(), 1);
}

#[test]
fn declarations_that_do_not_fit_together_are_refused() {
    let entities = |change: &dyn Fn(&mut Entity)| {
        let mut event = event(OnWrongType::Drift);
        change(&mut event);
        let venue = Entity {
            name: "venue".into(),
            view: "venues".into(),
            fields: Preset::Venue.fields(|_| true),
            on_wrong_type: OnWrongType::Drift,
        };
        [("event".to_owned(), event), ("venue".to_owned(), venue)].into()
    };
    assert_eq!(check(&entities(&|_| {})), Ok(()));
    let code = |change: &dyn Fn(&mut Entity)| check(&entities(change)).unwrap_err().2.code();
    let add = |name: &'static str, field: Field| {
        move |event: &mut Entity| {
            event.fields.insert(name.into(), field.clone());
        }
    };
    let of_type = |text: &str| Field::new("x", field_type(text));
    assert_eq!(code(&add("version", of_type("text"))), "entity_column_taken");
    let stage = Field { references: Some("stage".into()), ..of_type("text") };
    assert_eq!(code(&add("x", stage)), "entity_reference_unknown");
    let venue = Field { references: Some("venue".into()), ..of_type("text[]") };
    assert_eq!(code(&add("x", venue)), "entity_reference_type");
    assert_eq!(code(&add("x", Field { filter: true, ..of_type("json") })), "entity_filter_type");
    assert_eq!(code(&|event| event.view = "venues".into()), "entity_view_taken");
    assert_eq!(code(&|event| event.view = "venues_revisions".into()), "entity_view_taken");
}

#[test]
fn presets_fit_together() {
    let entities: BTreeMap<String, Entity> = Preset::ALL
        .into_iter()
        .map(|preset| {
            let name = preset.to_string();
            let entity = Entity {
                view: name.clone(),
                fields: preset.fields(|_| true),
                on_wrong_type: OnWrongType::Drift,
                name: name.clone(),
            };
            (name, entity)
        })
        .collect();
    assert_eq!(check(&entities), Ok(()));
    assert!(Preset::Section.fields(|_| false).values().all(|field| field.references.is_none()));
}

proptest! {
    /// Whatever a list holds decides about the list.
    #[test]
    fn a_list_is_accepted_with_its_values(values in proptest::collection::vec("[a0-9.\\-]{1,4}", 0..5)) {
        for scalar in ScalarType::ALL {
            let quoted: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
            let all = quoted.iter().all(|value| accepts(scalar.as_str(), value));
            prop_assert_eq!(accepts(&format!("{scalar}[]"), &format!("[{}]", quoted.join(","))), all);
        }
    }

    #[test]
    fn whole_numbers_of_64_bits_are_integers(number in any::<i64>(), beyond in any::<u64>()) {
        let [whole, fraction] = ["000", "001"].map(|digits| format!("{number}.{digits}"));
        prop_assert!(accepts("integer", &number.to_string()));
        prop_assert!(accepts("integer", &whole));
        prop_assert!(!accepts("integer", &fraction));
        let beyond = i128::from(i64::MAX) + 1 + i128::from(beyond);
        prop_assert!(!accepts("integer", &beyond.to_string()));
    }

    /// A rejected record is one that counting finds fault with.
    #[test]
    fn drift_and_rejection_agree(record in crate::json::samples::object()) {
        let mut record = record;
        record["id"] = serde_json::json!("k");
        let text = record.to_string();
        let mut counting = preparer(&event(OnWrongType::Drift));
        let counted = prepare(&mut counting, &text);
        let mut rejecting = preparer(&event(OnWrongType::Reject));
        let rejected = prepare(&mut rejecting, &text);
        if counted.is_ok() {
            let has_faults = !counting.take_coverage().take_violations().sentences().is_empty();
            prop_assert_eq!(rejected.is_err(), has_faults);
        }
    }

    #[test]
    fn wrong_values_have_their_type(price in proptest::bool::ANY) {
        let mut drifts = Vec::new();
        let mut counting = preparer(&event(OnWrongType::Drift));
        let record = format!(r#"{{"id":1,"title":"t","when":{{"start":"2026-01-01"}},"price":{price}}}"#);
        prepare(&mut counting, &record).unwrap();
        counting.take_coverage().take_violations().add_to(&mut drifts);
        prop_assert!(drifts[0].new_types.contains(JsonType::Boolean));
    }
}
