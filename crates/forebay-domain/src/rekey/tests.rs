//! Re-keys in made-up data and, if available, in real scrapes.

use std::{collections::BTreeMap, fs, path::Path};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn key_fields() -> Vec<String> {
    vec!["id".to_owned()]
}

fn candidate(mut payload: Value, key: &str) -> Candidate {
    payload["id"] = json!(key);
    Candidate { key: key.to_owned(), payload: payload.to_string() }
}

/// Courses with different titles and numbers and the same language.
fn course(number: usize) -> Value {
    json!({"title": format!("Course {number}"), "lang": "nl", "credits": number % 4, "room": format!("R{}", number * 7)})
}

fn suspected(vanished: &[Candidate], appeared: &[Candidate], key_fields: &[String]) -> Option<Rekey> {
    recognise(RekeyPolicy::Hold, vanished, appeared, key_fields)
}

/// The positions of the pairs.
fn positions(rekey: &Rekey) -> Vec<(usize, usize)> {
    rekey.pairs.iter().map(|pair| (pair.vanished, pair.appeared)).collect()
}

/// Old key to new key, for every pair.
fn paired_keys(rekey: &Rekey, vanished: &[Candidate], appeared: &[Candidate]) -> Vec<(String, String)> {
    let keys = |(v, a): (usize, usize)| (vanished[v].key.clone(), appeared[a].key.clone());
    positions(rekey).into_iter().map(keys).collect()
}

#[test]
fn the_same_content_is_paired_regardless_of_keys_and_order() {
    let old: Vec<Candidate> = (0..20).map(|n| candidate(course(n), &format!("{:x}", n * 7919 + 3))).collect();
    let new: Vec<Candidate> =
        (0..20).rev().map(|n| candidate(course(n), &format!("q{}", n * 31 % 23))).collect();
    let rekey = suspected(&old, &new, &key_fields()).unwrap();
    assert_eq!(positions(&rekey), (0..20).map(|n| (n, 19 - n)).collect::<Vec<_>>());
    assert_eq!((rekey.num_same_content, rekey.num_vanished, rekey.num_appeared), (20, 20, 20));
    assert_eq!(rekey.key_change, None);
}

#[test]
fn spelling_of_json_does_not_matter() {
    let old =
        [r#"{"id":"a1","n":1.0,"t":"é"}"#, r#"{"id":"a2","n":2,"t":"x"}"#, r#"{"id":"a3","n":3,"t":"y"}"#];
    let new = [r#"{"t":"\u00e9", "n":1, "id":"b1"}"#, r#"{"n":2e0,"t":"x"}"#, r#"{"t":"y","n":3}"#];
    let side = |payloads: [&str; 3], prefix: &str| -> Vec<Candidate> {
        let made = payloads.iter().enumerate();
        made.map(|(n, text)| Candidate { key: format!("{prefix}{}", n + 1), payload: (*text).to_owned() })
            .collect()
    };
    let rekey = suspected(&side(old, "a"), &side(new, "b"), &key_fields()).unwrap();
    assert_eq!((rekey.pairs.len(), rekey.num_same_content), (3, 3));
    assert_eq!(rekey.key_change, Some(KeyChange::Prefix { old: "a".into(), new: "b".into() }));
}

#[test]
fn shared_content_is_distinguished_by_the_change_of_keys() {
    // Six distinct courses and four identical ones.
    let content = |n: usize| if n < 6 { course(n) } else { json!({"title": "Seminar", "lang": "nl"}) };
    let old: Vec<Candidate> = (0..10).map(|n| candidate(content(n), &format!("bk:{n}"))).collect();
    let new: Vec<Candidate> = (0..10).rev().map(|n| candidate(content(n), &n.to_string())).collect();
    let rekey = suspected(&old, &new, &key_fields()).unwrap();
    assert_eq!(rekey.pairs.len(), 10);
    for (old, new) in paired_keys(&rekey, &old, &new) {
        assert_eq!(old.strip_prefix("bk:"), Some(new.as_str()));
    }
    // Without a pattern in the keys, the four stay unpaired.
    let random: Vec<Candidate> =
        (0..10).map(|n| candidate(content(n), &format!("{}", 7919 * (n + 11) % 997))).collect();
    let rekey = suspected(&old, &random, &key_fields()).unwrap();
    assert_eq!(positions(&rekey), (0..6).map(|n| (n, n)).collect::<Vec<_>>());
}

#[test]
fn changed_content_pairs_by_similarity() {
    let edited = |n: usize| {
        let mut payload = course(n);
        payload["credits"] = json!(n % 4 + 10);
        payload["url"] = json!(format!("https://example.org/{n}"));
        payload
    };
    let old: Vec<Candidate> =
        (0..30).map(|n| candidate(course(n), &format!("{}", 7919 * (n + 1) % 997))).collect();
    let new: Vec<Candidate> =
        (0..30).rev().map(|n| candidate(edited(n), &format!("k{}", n * 17 % 31))).collect();
    let rekey = suspected(&old, &new, &key_fields()).unwrap();
    assert_eq!(positions(&rekey), (0..30).map(|n| (n, 29 - n)).collect::<Vec<_>>());
    assert_eq!(rekey.num_same_content, 0);
}

/// Courses with one field that identifies them, two that every version changes, and much in common.
fn alike(number: usize, version: usize) -> Value {
    json!({
        "title": format!("Course {number}"), "room": format!("R{number}.{version}"), "seats": number * 100 + version,
        "lang": "nl", "university": "CSI", "term": "spring", "level": "MA", "kind": "lecture"
    })
}

/// A re-key that waits for an operator is recognised by later runs, too: they bring records of their own.
#[test]
fn new_records_do_not_hide_a_rekey() {
    for num in 3..40 {
        let side = |prefix: &str, version| -> Vec<Candidate> {
            (0..num).map(|n| candidate(alike(n, version), &format!("{prefix}{}", n * 7919 % 997))).collect()
        };
        let (old, mut new) = (side("old", 1), side("new", 2));
        let Some(first) = suspected(&old, &new, &key_fields()) else { continue };
        for added in 0..num {
            new.push(candidate(alike(500 + added, 2), &format!("added{added}")));
            let later = suspected(&old, &new, &key_fields()).map(|rekey| rekey.pairs);
            assert_eq!(later.as_ref(), Some(&first.pairs), "{num} records and {} new ones", added + 1);
        }
    }
}

#[test]
fn ordinary_turnover_is_not_a_rekey() {
    let side = |range: std::ops::Range<usize>| -> Vec<Candidate> {
        range.map(|n| candidate(course(n), &format!("c{n}"))).collect()
    };
    let none = |old: &[Candidate], new: &[Candidate]| assert_eq!(suspected(old, new, &key_fields()), None);
    none(&side(0..40), &side(100..140));
    none(&side(0..2), &side(100..102));
    none(&side(0..40), &[]);
    none(&[], &side(0..40));
    // Records without values, and payloads that are not objects, never match.
    let empty = |prefix: &str| -> Vec<Candidate> {
        (0..5).map(|n| candidate(json!({"title": null, "text": ""}), &format!("{prefix}{n}"))).collect()
    };
    none(&empty("a"), &empty("b"));
    let broken = |prefix: &str| -> Vec<Candidate> {
        (0..5).map(|n| Candidate { key: format!("{prefix}{n}"), payload: "{".repeat(n) }).collect()
    };
    none(&broken("a"), &broken("b"));
    // Two of five reappear, three do not.
    let mut part = side(100..103);
    part.extend((0..2).map(|n| candidate(course(n), &format!("new{n}"))));
    none(&side(0..5), &part);
}

#[test]
fn only_certain_pairs_are_followed_alone() {
    let side = |numbers: &[usize], prefix: &str| -> Vec<Candidate> {
        let made = numbers.iter().enumerate();
        made.map(|(position, n)| candidate(course(*n), &format!("{prefix}{position}"))).collect()
    };
    // One record is renamed, ten vanish, and two with the same content are ambiguous.
    let mut old: Vec<usize> = (0..11).collect();
    old.extend([90, 90]);
    let (old, new) = (side(&old, "old"), side(&[5, 90, 90], "new"));
    let find = |policy| recognise(policy, &old, &new, &key_fields());
    let followed = find(RekeyPolicy::Follow).unwrap();
    assert_eq!(followed.pairs, [Pair { vanished: 5, appeared: 0, is_certain: true }]);
    assert_eq!((find(RekeyPolicy::Hold), find(RekeyPolicy::Off)), (None, None));
}

proptest! {
    #[test]
    fn pairs_are_one_to_one_and_repeatable(
        old in proptest::collection::vec((0..6_u8, 0..3_u8), 0..25),
        new in proptest::collection::vec((0..6_u8, 0..3_u8), 0..25),
    ) {
        let side = |values: &[(u8, u8)], prefix: &str| -> Vec<Candidate> {
            let made = values.iter().enumerate();
            made.map(|(n, (a, b))| candidate(json!({"a": a, "b": b}), &format!("{prefix}{n}"))).collect()
        };
        let (old, new) = (side(&old, "x"), side(&new, "y"));
        let found = suspected(&old, &new, &key_fields());
        prop_assert_eq!(&found, &suspected(&old, &new, &key_fields()));
        if let Some(rekey) = found {
            prop_assert!(rekey.pairs.len() >= MIN_PAIRS && rekey.pairs.len() * 4 >= old.len());
            prop_assert!(rekey.pairs.is_sorted_by(|a, b| a.vanished < b.vanished));
            let mut taken: Vec<usize> = rekey.pairs.iter().map(|pair| pair.appeared).collect();
            taken.sort_unstable();
            taken.dedup();
            prop_assert_eq!(taken.len(), rekey.pairs.len());
        }
    }
}

/// The records of one snapshot by key, or `None` if the real data is not available.
fn snapshot(name: &str) -> Option<BTreeMap<String, String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/kerndoelen").join(name);
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("skipped: {} is missing", path.display());
        return None;
    };
    let by_key = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap();
        (record["id"].as_str().unwrap().to_owned(), line.to_owned())
    };
    Some(text.lines().map(by_key).collect())
}

/// The records of `one` whose keys are not in `other`.
fn without(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<Candidate> {
    let gone = one.iter().filter(|(key, _)| !other.contains_key(*key));
    gone.map(|(key, payload)| Candidate { key: key.clone(), payload: payload.clone() }).collect()
}

#[test]
fn real_ids_that_lost_a_prefix_are_all_paired() {
    let (Some(before), Some(after)) =
        (snapshot("0001_20190423T081357Z.jsonl"), snapshot("0002_20190717T081450Z.jsonl"))
    else {
        return;
    };
    let (vanished, appeared) = (without(&before, &after), without(&after, &before));
    let rekey = suspected(&vanished, &appeared, &key_fields()).unwrap();
    assert_eq!((rekey.pairs.len(), rekey.num_same_content), (405, 336));
    assert_eq!(rekey.key_change, Some(KeyChange::Prefix { old: "bk:".into(), new: String::new() }));
    for (old, new) in paired_keys(&rekey, &vanished, &appeared) {
        assert_eq!(old.strip_prefix("bk:"), Some(new.as_str()));
    }
}

/// In this pair of snapshots, new records name the old record that they replace in a field of their own, so the pairs
/// can be checked. The ids are random, and no two contents are the same.
#[test]
fn real_replaced_records_are_paired_correctly() {
    let (Some(before), Some(after)) =
        (snapshot("0006_20210129T134015Z.jsonl"), snapshot("0007_20220217T133453Z.jsonl"))
    else {
        return;
    };
    let (vanished, appeared) = (without(&before, &after), without(&after, &before));
    let rekey = suspected(&vanished, &appeared, &key_fields()).unwrap();
    assert!(rekey.pairs.len() >= 60, "{}", rekey.pairs.len());
    for (v, a) in positions(&rekey) {
        let record: Value = serde_json::from_str(&appeared[a].payload).unwrap();
        assert_eq!(record["replaces"], json!([vanished[v].key]));
    }
}
