//! The five histories of `forebay_domain::guards` over a hundred runs on a database: what the domain decides about
//! counts holds for stored data, and guards learn from the numbers that runs really store.

use std::collections::BTreeSet;

use forebay_engine::persist::{self, RunReport};
use serde_json::{Value, json};

use self::made_up::{BAD_DAYS, Record, Snapshot, Source, history, is_bad};
use super::{Shop, guarded, lines};

#[path = "../../../../forebay-domain/src/guards/tests/histories.rs"]
mod made_up;

const SEED: u64 = 1;

/// The largest number of references that guards never ask about.
const MIN_REMOVED: usize = 5;

/// What the operator does about a hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// Releases it at once, on bad days too.
    Releases,
    IsAway,
}

fn payload(key: &str, record: &Record) -> Value {
    let mut payload = json!(record);
    payload["id"] = json!(key);
    payload
}

/// The stored references of a source, and the changes that a run withholds.
struct Stored {
    active: Snapshot,
    /// Keys of records that were not written.
    waiting: BTreeSet<String>,
    /// Keys of references that were not removed.
    kept: BTreeSet<String>,
}

impl Stored {
    async fn read(shop: &Shop) -> Self {
        let references = "select payload::text from forebay.\"references\" where removed_at is null";
        let staged = |change| {
            format!(
                "select coalesce(c.record_key, r.record_key) from forebay.scrape_run_changes as c \
                 left join forebay.\"references\" as r using (reference_id) where c.change = '{change}'"
            )
        };
        let active = shop.rows(references).await;
        Self {
            active: active.iter().map(|payload| record(payload)).collect(),
            waiting: shop.rows(&staged("seen")).await.into_iter().collect(),
            kept: shop.rows(&staged("removed")).await.into_iter().collect(),
        }
    }

    /// Everything that is not withheld is applied, and a run that isn't held withholds nothing.
    fn check(&self, seen: &Snapshot, report: &RunReport, day: usize) {
        let is_written = |(key, record): &(&String, &Record)| self.active.get(*key) == Some(*record);
        let waiting: BTreeSet<String> =
            seen.iter().filter(|entry| !is_written(entry)).map(|(key, _)| key.clone()).collect();
        assert_eq!(waiting, self.waiting, "day {day}");
        let kept: BTreeSet<String> =
            self.active.keys().filter(|key| !seen.contains_key(*key)).cloned().collect();
        assert_eq!(kept, self.kept, "day {day}");
        let withholds = !(kept.is_empty() && waiting.is_empty());
        let status = if withholds { "held" } else { "complete" };
        assert_eq!((report.status.as_str(), report.num_withheld > 0), (status, withholds), "day {day}");
    }
}

/// The key and the fields of a stored payload.
fn record(payload: &str) -> (String, Record) {
    const FIELDS: [&str; 4] = ["title", "text", "until", "coordinates"];
    let payload: Value = serde_json::from_str(payload).unwrap();
    let text = |field: &str| Some(payload.get(field)?.as_str().unwrap().to_owned());
    let fields: Record = FIELDS.into_iter().filter_map(|field| Some((field, text(field)?))).collect();
    assert_eq!(fields.len() + 1, payload.as_object().unwrap().len(), "{payload}");
    (text("id").unwrap(), fields)
}

/// Persists a history with each kind of bad day in it.
async fn persist_history(source: Source, operator: Operator) {
    let shop = Shop::open().await;
    let (days, bad_days) = history(source, SEED);
    let mut before = Snapshot::new();
    let mut num_false_alarms = 0;
    for (day, good) in days.iter().enumerate() {
        let kind = bad_days.iter().position(|bad_day| *bad_day == day).map(|kind| BAD_DAYS[kind]);
        let seen = kind.map_or_else(|| good.clone(), |kind| kind.spoil(good));
        let is_bad = kind.is_some_and(|kind| is_bad(source, kind, &before, good));
        let records = lines(seen.iter().map(|(key, record)| payload(key, record).to_string()));
        let report = shop.persist(guarded(i64::try_from(day).unwrap() + 1), &records).await;
        let mut stored = Stored::read(&shop).await;
        stored.check(&seen, &report, day);
        let is_held = report.status.as_str() == "held";
        assert!(is_held || !is_bad, "{source:?}, day {day}: {kind:?} was not held");
        if kind.is_some() {
            let is_lost = |key: &&String| good.contains_key(*key) && !stored.active.contains_key(*key);
            let num_lost = before.keys().filter(is_lost).count();
            assert!(num_lost <= MIN_REMOVED || !is_bad, "{source:?}, day {day}: {num_lost} lost to {kind:?}");
        }
        // The day after a bad day that was released brings everything back, which guards rightly ask about.
        let is_undoing = day > 0 && bad_days.contains(&(day - 1));
        num_false_alarms += usize::from(is_held && kind.is_none() && !is_undoing);
        if is_held && operator == Operator::Releases {
            persist::release(&shop.database, report.run_id, &crate::operator()).await.unwrap();
            stored = Stored::read(&shop).await;
            assert_eq!(stored.active, seen, "{source:?}, day {day}");
        }
        before = stored.active;
    }
    assert!(
        operator == Operator::IsAway || num_false_alarms <= 2,
        "{source:?}: {num_false_alarms} good days were held"
    );
}

macro_rules! histories {
    ($($name:ident: $source:expr,)+) => {
        $(mod $name {
            use super::{Operator, Source, persist_history};

            #[tokio::test(flavor = "multi_thread")]
            async fn bad_days_are_held_and_good_ones_are_not() {
                persist_history($source, Operator::Releases).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn without_an_operator_everything_else_is_applied() {
                persist_history($source, Operator::IsAway).await;
            }
        })+
    };
}

histories! {
    catalogue: Source::Catalogue,
    newest: Source::Newest { max_new: 5 },
    incidents: Source::Incidents,
    places: Source::Places { num: 10 },
    registry: Source::Registry,
}
