//! Tests of the changes between versions.

use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use super::*;
use crate::{
    json::samples::{object, spelled},
    reject::RejectReason,
};

fn change(field: &str, old: Option<&str>, new: Option<&str>) -> FieldChange {
    FieldChange { field: field.to_owned(), old: old.map(str::to_owned), new: new.map(str::to_owned) }
}

#[test]
fn a_change_has_both_values_and_absence_is_not_null() {
    let old = br#"{"title":"A","credits":3,"gone":null,"same":{"b":1,"a":[1.0]},"nulled":1}"#;
    let new = br#"{"same":{"a":[1],"b":1e0},"credits":3.5,"title":"A","added":null,"nulled":null}"#;
    let expected = [
        change("added", None, Some("null")),
        change("credits", Some("3"), Some("3.5")),
        change("gone", Some("null"), None),
        change("nulled", Some("1"), Some("null")),
    ];
    assert_eq!(diff(old, new).unwrap(), expected);
}

#[test]
fn changes_apply_in_any_order_and_once_per_field() {
    let changes =
        [change("b", Some("1"), None), change("a", None, Some(" [1.0, 2] ")), change("a", None, Some("9"))];
    assert_eq!(apply(br#"{"c":0,"b":1}"#, &changes).unwrap(), r#"{"a":[1,2],"c":0}"#);
    assert_eq!(undo(br#"{"a":[1,2],"c":0}"#, &changes).unwrap(), r#"{"b":1,"c":0}"#);
    assert_eq!(apply(b"{}", &[]).unwrap(), "{}");
}

#[test]
fn values_other_than_objects_are_refused() {
    assert_eq!(diff(b"{}", b"[]").unwrap_err().reason, RejectReason::NotAnObject);
    assert_eq!(diff(b"{", b"{}").unwrap_err().reason, RejectReason::InvalidJson);
    assert_eq!(apply(b"1", &[]).unwrap_err().reason, RejectReason::NotAnObject);
    let broken = [change("a", None, Some("{"))];
    assert_eq!(apply(b"{}", &broken).unwrap_err().reason, RejectReason::InvalidJson);
}

fn canonical(value: &Value) -> String {
    serde_json_canonicalizer::to_string(value).unwrap()
}

/// Versions of one record: each keeps some fields of the one before and adds new ones.
fn history() -> impl Strategy<Value = Vec<Value>> {
    (vec(object(), 2..8), any::<u64>()).prop_map(|(mut versions, seed)| {
        for index in 1..versions.len() {
            let earlier = versions[index - 1].clone();
            for (position, (name, value)) in earlier.as_object().unwrap().iter().enumerate() {
                if seed >> ((position + index) % 64) & 1 == 0 {
                    versions[index][name] = value.clone();
                }
            }
        }
        versions
    })
}

proptest! {
    #[test]
    fn applying_and_undoing_are_inverse(versions in history(), seed: u64) {
        let (a, b) = (&versions[0], &versions[1]);
        let changes = diff(spelled(a, seed).as_bytes(), spelled(b, !seed).as_bytes()).unwrap();
        prop_assert_eq!(apply(spelled(a, seed.rotate_left(7)).as_bytes(), &changes).unwrap(), canonical(b));
        prop_assert_eq!(undo(spelled(b, seed / 3).as_bytes(), &changes).unwrap(), canonical(a));
        prop_assert!(changes.is_sorted_by(|one, two| compare_keys(&one.field, &two.field) == Ordering::Less));
        prop_assert!(changes.iter().all(|change| change.old != change.new));
        prop_assert_eq!(changes.is_empty(), canonical(a) == canonical(b));
    }

    #[test]
    fn undoing_every_revision_gives_the_first_version(versions in history(), seed: u64) {
        let texts: Vec<String> = versions.iter().map(|version| spelled(version, seed)).collect();
        let mut payload = canonical(versions.last().unwrap());
        for pair in texts.windows(2).rev() {
            let changes = diff(pair[0].as_bytes(), pair[1].as_bytes()).unwrap();
            payload = undo(payload.as_bytes(), &changes).unwrap();
            prop_assert_eq!(&payload, &crate::canonical::canonical_text(pair[0].as_bytes()).unwrap());
        }
        prop_assert_eq!(payload, canonical(&versions[0]));
    }

    #[test]
    fn no_input_makes_it_panic(a in vec(any::<u8>(), 0..40), b in "[{}\\[\\],:\"\\\\u0d8e1.a ]{0,30}") {
        let _ = diff(&a, b.as_bytes());
        let _ = apply(b.as_bytes(), &[change("a", None, Some(&b))]);
    }
}
