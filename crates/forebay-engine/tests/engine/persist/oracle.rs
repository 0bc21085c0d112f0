//! Persists random histories and compares the database with a simple model in memory: current records, versions,
//! records at any time, and the way back to version 1 through the revisions.

use std::collections::{BTreeMap, BTreeSet};

use forebay_domain::{guards::GuardPolicy, rekey::RekeyPolicy};
use forebay_engine::persist::{Overrides, PersistRequest};
use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value, json};

use super::{Shop, counts, day, in_scope, incremental, rows};

const NUM_HISTORIES: u64 = 30;
const NUM_SNAPSHOTS: i64 = 8;
const KEYS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// A random number generator with a fixed seed per test (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

type Record = Map<String, Value>;

/// The model's state of a key.
#[derive(Clone, Debug)]
struct Known {
    scope: String,
    versions: Vec<Record>,
    is_active: bool,
    /// Its record from each time on.
    past: Vec<(Timestamp, Option<Record>)>,
    num_revisions: usize,
}

/// A simple model of persisting, without a database.
#[derive(Debug, Default)]
struct Model(BTreeMap<String, Known>);

impl Model {
    /// Returns the run's counts: added, updated, unchanged, removed and restored.
    fn persist(&mut self, request: &PersistRequest, records: &BTreeMap<String, Record>) -> [u64; 5] {
        let (scope, at) = (request.scope.to_string(), request.observed_at.unwrap());
        let [mut added, mut updated, mut unchanged, mut removed, mut restored] = [0; 5];
        for (key, record) in records {
            let Some(known) = self.0.get_mut(key) else {
                let past = vec![(at, Some(record.clone()))];
                let versions = vec![record.clone()];
                let known = Known { scope: scope.clone(), versions, is_active: true, past, num_revisions: 0 };
                self.0.insert(key.clone(), known);
                added += 1;
                continue;
            };
            known.scope.clone_from(&scope);
            let last = known.versions.last().unwrap().clone();
            match (known.is_active, last == *record) {
                (true, true) => {
                    unchanged += 1;
                    continue;
                }
                (true, false) => updated += 1,
                (false, _) => {
                    restored += 1;
                    known.num_revisions += 1;
                }
            }
            if last != *record {
                let fields: BTreeSet<&String> = last.keys().chain(record.keys()).collect();
                known.num_revisions +=
                    fields.iter().filter(|&&field| last.get(field) != record.get(field)).count();
                known.versions.push(record.clone());
            }
            known.is_active = true;
            known.past.push((at, Some(record.clone())));
        }
        for (key, known) in &mut self.0 {
            if request.complete && known.is_active && known.scope == scope && !records.contains_key(key) {
                known.is_active = false;
                known.num_revisions += 1;
                known.past.push((at, None));
                removed += 1;
            }
        }
        [added, updated, unchanged, removed, restored]
    }
}

impl Known {
    fn at(&self, at: Timestamp) -> Option<&Record> {
        self.past.iter().rev().find(|(from, _)| *from <= at).and_then(|(_, record)| record.as_ref())
    }
}

/// A record with a few fields, each of which may be missing or null.
fn record(dice: &mut Dice, key: &str) -> Record {
    let mut record = Map::from_iter([("id".to_owned(), json!(key))]);
    let values = [json!(null), json!(1), json!("x"), json!({"deep": [1, {"a": null}]})];
    for field in ["p", "q", "removed_at"] {
        if let Some(value) = values.get(usize::try_from(dice.below(6)).unwrap()) {
            record.insert(field.to_owned(), value.clone());
        }
    }
    record
}

/// A run, its lines, and the first record of each key among them.
fn snapshot(
    dice: &mut Dice,
    source: &str,
    number: i64,
) -> (PersistRequest, String, BTreeMap<String, Record>) {
    let scope = ["", "part=1"][usize::try_from(dice.below(2)).unwrap()];
    let open = GuardPolicy {
        hold_empty: false,
        rekey: RekeyPolicy::Off,
        max_removed_share: Some(1.0),
        min_coverage_kept: 0.0,
        ..GuardPolicy::default()
    };
    let request = PersistRequest {
        source: source.to_owned(),
        complete: dice.below(3) > 0,
        guards: Some(if dice.below(2) > 0 { open } else { GuardPolicy::off() }),
        overrides: Overrides::default(),
        ..in_scope(scope, incremental(number))
    };
    let mut lines = String::new();
    let mut records = BTreeMap::new();
    for key in KEYS {
        let num_times = dice.below(8);
        // Absent with probability 3/8, twice with probability 1/8.
        for _ in 0..num_times.saturating_sub(2).min(1) + u64::from(num_times == 7) {
            let record = record(dice, key);
            lines.push_str(&Value::Object(record.clone()).to_string());
            lines.push('\n');
            records.entry(key.to_owned()).or_insert(record);
        }
    }
    (request, lines, records)
}

/// The database and the model must agree in everything about a source.
async fn assert_same(shop: &Shop, source: &str, model: &Model) {
    let stored = format!(
        "select record_key, scope, version, removed_at is null, reference_id = forebay.reference_id('{source}', record_key),
            payload, (select count(*) from forebay.reference_revisions as v where v.reference_id = r.reference_id)
        from forebay.\"references\" as r join forebay.sources as s using (source_id)
        where s.name = '{source}' order by record_key"
    );
    let found = rows(&shop.client, &stored).await;
    assert_eq!(found.len(), model.0.len());
    for (row, (key, known)) in found.iter().zip(&model.0) {
        let is_active = if known.is_active { "t" } else { "f" };
        let start = format!("{key} {} {} {is_active} t ", known.scope, known.versions.len());
        let (payload, num_revisions) = row
            .strip_prefix(&start)
            .unwrap_or_else(|| panic!("{row} is not {start}…"))
            .rsplit_once(' ')
            .unwrap();
        assert_eq!(&serde_json::from_str::<Record>(payload).unwrap(), known.versions.last().unwrap());
        assert_eq!(num_revisions.parse::<usize>().unwrap(), known.num_revisions, "{key}");
        undo_to_the_first(shop, source, key, known).await;
    }
    for number in 0..=NUM_SNAPSHOTS {
        for at in [day(number), day(number) + 11.hours()] {
            assert_same_at(shop, source, model, at).await;
        }
    }
}

/// Undoing revisions, newest first, must lead through all versions to the first.
async fn undo_to_the_first(shop: &Shop, source: &str, key: &str, known: &Known) {
    let revisions = format!(
        "select json_build_array(version, field_name, old_value, new_value, old_value is null, new_value is null)
        from forebay.reference_revisions
        where reference_id = forebay.reference_id('{source}', '{key}') and change = 'updated' order by version desc"
    );
    let mut record = known.versions.last().unwrap().clone();
    let mut version = known.versions.len();
    for row in rows(&shop.client, &revisions).await {
        let revision: Value = serde_json::from_str(&row).unwrap();
        let of_version = usize::try_from(revision[0].as_u64().unwrap()).unwrap();
        while version > of_version {
            version -= 1;
            assert_eq!(record, known.versions[version - 1], "{key} at version {version}");
        }
        let field = revision[1].as_str().unwrap();
        let value = |place: usize| (revision[place + 2] == false).then(|| revision[place].clone());
        assert_eq!(record.get(field).cloned(), value(3), "{key} {field}");
        match value(2) {
            Some(old) => drop(record.insert(field.to_owned(), old)),
            None => drop(record.remove(field)),
        }
    }
    assert_eq!(record, known.versions[0], "{key} at version 1");
}

async fn assert_same_at(shop: &Shop, source: &str, model: &Model, at: Timestamp) {
    let all = format!("select record_key, payload from forebay.source_at('{source}', '{at}')");
    let mut then = BTreeMap::new();
    for row in rows(&shop.client, &all).await {
        let (key, payload) = row.split_once(' ').unwrap();
        then.insert(key.to_owned(), serde_json::from_str::<Record>(payload).unwrap());
    }
    for (key, known) in &model.0 {
        assert_eq!(then.remove(key).as_ref(), known.at(at), "{key} at {at}");
        let one = format!("select forebay.reference_at(forebay.reference_id('{source}', '{key}'), '{at}')");
        let found = rows(&shop.client, &one).await.remove(0);
        let found: Option<Record> = (found != "-").then(|| serde_json::from_str(&found).unwrap());
        assert_eq!(found.as_ref(), known.at(at), "{key} at {at}");
    }
    assert!(then.is_empty(), "{then:?} at {at}");
}

#[tokio::test(flavor = "multi_thread")]
async fn random_histories_match_the_model() {
    let shop = Shop::open().await;
    for seed in 0..NUM_HISTORIES {
        let source = format!("history-{seed}");
        let mut dice = Dice(seed);
        let mut model = Model::default();
        for number in 1..=NUM_SNAPSHOTS {
            let (request, lines, records) = snapshot(&mut dice, &source, number);
            let expected = model.persist(&request, &records);
            let report = shop.persist(request.clone(), &lines).await;
            assert_eq!(report.status.as_str(), "complete", "{source}, day {number}: {report:?}");
            assert_eq!(counts(&report)[1..6], expected, "{source}, day {number}: {request:?}\n{lines}");
        }
        assert_same(&shop, &source, &model).await;
    }
}
