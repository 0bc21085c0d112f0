//! Duplicate keys in a run, within one window and across windows, under each policy.

use forebay_domain::run::OnDuplicate;
use forebay_engine::persist::PersistRequest;

use super::{Shop, complete, counts, day, guarded, incremental};

/// Key `a` appears three times, `b` twice and `c` once.
const PIECES: [&str; 3] = [
    "{\"id\":\"a\",\"x\":1,\"y\":1}\n{\"id\":\"b\",\"x\":1}\n",
    "{\"id\":\"a\",\"x\":2}\n{\"id\":\"c\",\"x\":1}\n",
    "{\"id\":\"b\",\"z\":2}\n{\"id\":\"a\",\"z\":3}\n",
];

/// The expected results for `a` and `b`, duplicates and rejections.
struct Expected {
    policy: OnDuplicate,
    a: &'static str,
    b: &'static str,
    num_duplicate: u64,
    num_rejected: u64,
}

const EXPECTED: [Expected; 4] = [
    Expected {
        policy: OnDuplicate::First,
        a: r#"{"id":"a","x":1,"y":1}"#,
        b: r#"{"id":"b","x":1}"#,
        num_duplicate: 3,
        num_rejected: 0,
    },
    Expected {
        policy: OnDuplicate::Last,
        a: r#"{"id":"a","z":3}"#,
        b: r#"{"id":"b","z":2}"#,
        num_duplicate: 3,
        num_rejected: 0,
    },
    Expected {
        policy: OnDuplicate::Merge,
        a: r#"{"id":"a","x":2,"y":1,"z":3}"#,
        b: r#"{"id":"b","x":1,"z":2}"#,
        num_duplicate: 3,
        num_rejected: 0,
    },
    Expected {
        policy: OnDuplicate::Reject,
        a: r#"{"id":"a","x":1,"y":1}"#,
        b: r#"{"id":"b","x":1}"#,
        num_duplicate: 0,
        num_rejected: 3,
    },
];

impl Expected {
    fn request(&self, request: PersistRequest) -> PersistRequest {
        PersistRequest { on_duplicate: Some(self.policy.clone()), ..request }
    }

    /// Loads the records, in as many windows as there are pieces, and replays them in one window and in as many.
    async fn holds(&self, pieces: &[&str]) {
        let shop = Shop::open().await;
        let num_kept = 6 - self.num_duplicate - self.num_rejected;
        assert_eq!(num_kept, 3);
        let loaded = shop.persist_in_pieces(self.request(complete(1)), pieces).await;
        let expected = [6, 3, 0, 0, 0, 0, self.num_duplicate, self.num_rejected];
        assert_eq!((counts(&loaded), loaded.num_handoffs), (expected, 3), "{:?}", self.policy);
        assert_eq!(loaded.status.as_str(), "complete", "duplicates do not make a run partial");
        self.is_stored(&shop).await;

        let tables = "select (select array_agg((reference_id, version, changed_at, payload, scrape_run_id, xmin) order by 1)
                from forebay.\"references\" as r (reference_id)), (select count(*) from forebay.reference_revisions),
            (select array_agg((h.*, xmin)) from forebay.ingestion_outcomes as h),
            (select array_agg((j.*, xmin)) from forebay.ingestion_handoffs as j),
            (select count(*) from forebay.scrape_run_changes)";
        let before = shop.row(tables).await;
        let again = [6, 0, 0, 3, 0, 0, self.num_duplicate, self.num_rejected];
        for (number, request) in [(2, complete(2)), (3, incremental(3)), (4, guarded(4))] {
            let replayed = shop.persist(self.request(request), &PIECES.concat()).await;
            assert_eq!(counts(&replayed), again, "{:?} on day {number}", self.policy);
            assert_eq!(replayed.num_handoffs, 0);
        }
        let replayed = shop.persist_in_pieces(self.request(guarded(5)), pieces).await;
        assert_eq!((counts(&replayed), replayed.num_handoffs), (again, 0), "{:?}", self.policy);
        assert_eq!(shop.row(tables).await, before, "{:?}", self.policy);
    }

    async fn is_stored(&self, shop: &Shop) {
        assert_eq!(shop.at("a", day(1)).await.as_deref(), Some(self.a), "{:?}", self.policy);
        assert_eq!(shop.at("b", day(1)).await.as_deref(), Some(self.b), "{:?}", self.policy);
        assert_eq!(shop.at("c", day(1)).await.as_deref(), Some(r#"{"id":"c","x":1}"#));
        let rejected =
            "select line, reason_code, raw_text from forebay.rejected_records where run_id = 1 order by line";
        let rows = shop.rows(rejected).await;
        if self.num_rejected == 0 {
            assert!(rows.is_empty(), "{rows:?}");
            return;
        }
        assert_eq!(
            rows,
            [
                r#"3 duplicate_key {"id":"a","x":2}"#,
                r#"5 duplicate_key {"id":"b","z":2}"#,
                r#"6 duplicate_key {"id":"a","z":3}"#
            ]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn inside_one_window() {
    for outcome in EXPECTED {
        outcome.holds(&[&PIECES.concat()]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn across_windows_first() {
    EXPECTED[0].holds(&PIECES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn across_windows_last() {
    EXPECTED[1].holds(&PIECES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn across_windows_merge() {
    EXPECTED[2].holds(&PIECES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn across_windows_reject() {
    EXPECTED[3].holds(&PIECES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_record_may_equal_the_stored_one() {
    let shop = Shop::open().await;
    let last = |request| PersistRequest { on_duplicate: Some(OnDuplicate::Last), ..request };
    shop.persist(complete(1), "{\"id\":\"a\",\"x\":1}\n").await;
    // An earlier window has different content, which must not stay staged.
    let pieces = ["{\"id\":\"a\",\"x\":2}\n", "{\"id\":\"a\",\"x\":1}\n"];
    let report = shop.persist_in_pieces(last(guarded(2)), &pieces).await;
    assert_eq!(counts(&report), [2, 0, 0, 1, 0, 0, 1, 0]);
    let report = shop
        .persist_in_pieces(last(incremental(3)), &["{\"id\":\"a\",\"x\":1}\n", "{\"id\":\"a\",\"x\":2}\n"])
        .await;
    assert_eq!(counts(&report), [2, 0, 1, 0, 0, 0, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_record_counts_in_one_window_and_across_windows() {
    let record = |n: u32, at: &str| format!("{{\"id\":\"a\",\"n\":{n},\"at\":{at}}}\n");
    let (old, new) = ("\"2026-01-01T12:00:00+02:00\"", "\"2026-01-01T11:00:00Z\"");
    let dead = |at: &str| format!("{{\"id\":\"a\",\"deleted\":true,\"at\":{at}}}\n");
    // Each case has a source of its own.
    let shop = Shop::open().await;
    let mut source = 0;
    for (records, expected) in [
        (vec![record(1, new), record(2, old)], Some(1)),
        (vec![record(1, old), record(2, new)], Some(2)),
        // A tie: the last one.
        (vec![record(1, new), record(2, old), record(3, new)], Some(3)),
        (vec![record(1, "9"), record(2, "10"), record(3, "null")], Some(2)),
        // A removal is as old as its record.
        (vec![dead(new), record(2, old)], None),
        (vec![dead(old), record(2, new)], Some(2)),
        (vec![record(1, new), dead(old)], Some(1)),
    ] {
        // Stored are nothing, the first record, another one, and a tombstone.
        let first = records[0].replace("\"deleted\":true", "\"n\":0");
        for stored in ["", &first, "{\"id\":\"a\",\"n\":7,\"at\":\"2030-01-01T00:00:00Z\"}\n", "dead"] {
            // What is stored makes no difference between windows, so one of its states suffices for a single window.
            let whole = stored.is_empty().then(|| vec![records.concat()]);
            for pieces in whole.into_iter().chain([records.clone()]) {
                source += 1;
                let source = format!("shop{source}");
                newest_counts(&shop, &source, [stored, &first], &pieces, expected).await;
            }
        }
    }
}

async fn newest_counts(
    shop: &Shop,
    source: &str,
    [stored, first]: [&str; 2],
    pieces: &[String],
    expected: Option<u32>,
) {
    let newest = |request| PersistRequest {
        source: source.to_owned(),
        on_duplicate: Some("newest_by=at".parse().unwrap()),
        removed_when: Some("deleted".parse().unwrap()),
        ..request
    };
    let is_dead = stored == "dead";
    shop.persist(newest(complete(1)), if is_dead { first } else { stored }).await;
    if is_dead {
        shop.persist(newest(complete(2)), "").await;
    }
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let report = shop.persist_in_pieces(newest(incremental(3)), &pieces).await;
    let active = format!(
        "select coalesce(max(r.payload ->> 'n'), '-') from forebay.\"references\" as r
             join forebay.sources as s using (source_id) where s.name = '{source}' and r.removed_at is null"
    );
    let expected = expected.map_or("-".to_owned(), |n| n.to_string());
    assert_eq!(shop.row(&active).await, expected, "{pieces:?} over {stored:?}");
    assert_eq!(report.counts.num_duplicate, pieces.concat().lines().count() as u64 - 1);
    let replayed = shop.persist(newest(guarded(4)), &pieces.concat()).await;
    let c = replayed.counts;
    assert_eq!((c.num_added + c.num_updated + c.num_removed + c.num_restored, c.num_unchanged), (0, 1));
    assert_eq!(shop.row("select count(*) from forebay.scrape_run_changes").await, "0");
}
