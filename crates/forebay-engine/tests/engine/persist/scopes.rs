//! Scopes: a run removes records only in its own scope, and runs of different scopes do not wait for each other.

use std::time::Duration;

use forebay_domain::identity::SCOPE_FIELD;
use forebay_engine::persist::{self, PersistRequest, Progress};
use forebay_sources::ReadOptions;
use tokio::time;

use super::{Shop, complete, counts, guarded, in_scope, incremental, input, numbered, pipe, read_as, until};

const ROWS: &str = "select record_key, scope, version, removed_at is null from forebay.\"references\"
    order by record_key collate \"C\"";
const NUM_REFERENCES: &str = "select count(*) from forebay.\"references\"";

#[tokio::test(flavor = "multi_thread")]
async fn removals_stay_within_the_scope() {
    let shop = Shop::open().await;
    shop.persist(in_scope("part=1", complete(1)), "{\"id\":\"a\"}\n{\"id\":\"b\"}\n").await;
    shop.persist(in_scope("part=2", complete(1)), "{\"id\":\"c\"}\n{\"id\":\"d\"}\n").await;
    shop.persist(complete(1), "{\"id\":\"e\"}\n").await;
    let report = shop.persist(in_scope("part=1", guarded(2)), "{\"id\":\"b\"}\n").await;
    assert_eq!(counts(&report), [1, 0, 0, 1, 1, 0, 0, 0]);
    let report = shop.persist(in_scope("part=2", complete(2)), "").await;
    assert_eq!(counts(&report), [0, 0, 0, 0, 2, 0, 0, 0]);
    assert_eq!(
        shop.rows(ROWS).await,
        ["a part=1 1 f", "b part=1 1 t", "c part=2 1 f", "d part=2 1 f", "e  1 t"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_reference_is_not_removed_by_its_old_scope() {
    for straight in [true, false] {
        let request = if straight { complete } else { guarded };
        let one = |number| in_scope("part=1", request(number));
        let two = |number| in_scope("part=2", request(number));
        let shop = Shop::open().await;
        let three = "{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":\"c\"}\n";
        shop.persist(one(1), three).await;
        shop.persist(two(1), "{\"id\":\"x\"}\n").await;
        // One record is unchanged, and one has different content.
        let report = shop.persist(two(2), "{\"id\":\"x\"}\n{\"id\":\"a\"}\n{\"id\":\"b\",\"n\":2}\n").await;
        assert_eq!((counts(&report), report.num_handoffs), ([3, 0, 1, 2, 0, 0, 0, 0], 1));
        let report = shop.persist(one(3), "{\"id\":\"c\"}\n").await;
        assert_eq!(counts(&report), [1, 0, 0, 1, 0, 0, 0, 0]);
        let moved = ["a part=2 1 t", "b part=2 2 t", "c part=1 1 t", "x part=2 1 t"];
        assert_eq!(shop.rows(ROWS).await, moved);
        assert_eq!(
            shop.row("select count(*) from forebay.reference_revisions").await,
            "1",
            "moving creates no version"
        );
        // Its own scope removes it, and the old scope restores it.
        assert_eq!(counts(&shop.persist(two(4), "{\"id\":\"x\"}\n").await), [1, 0, 0, 1, 2, 0, 0, 0]);
        assert_eq!(counts(&shop.persist(one(5), three).await), [3, 0, 0, 1, 0, 2, 0, 0]);
        assert_eq!(shop.rows(ROWS).await, ["a part=1 1 t", "b part=1 3 t", "c part=1 1 t", "x part=2 1 t"]);
    }
}

/// Two concurrent runs, each with its own database handle. The first gets its input only after the second has reported
/// that it waits or, if it must not wait, has ended.
async fn overlap(
    shop: &Shop,
    first: persist::PersistRequest,
    second: persist::PersistRequest,
    waits: bool,
) -> [[u64; 8]; 2] {
    let databases = [shop.test.open().await, shop.test.open().await];
    let (sender, reader) = pipe();
    sender.send(numbered(0..50, 1).into_bytes()).unwrap();
    let (locked_sender, locked) = tokio::sync::watch::channel(false);
    let (waiting_sender, waiting) = tokio::sync::watch::channel(false);
    let run_first = async {
        let input = read_as(Box::new(reader), ReadOptions::default());
        let on_progress = |progress: Progress| {
            if matches!(progress, Progress::Counts { num_seen: 50, .. }) {
                locked_sender.send_replace(true);
            }
        };
        persist::persist(&databases[0], first, input, &on_progress).await.unwrap()
    };
    let run_second = async {
        locked.clone().wait_for(|locked| *locked).await.unwrap();
        until(&shop.client, NUM_REFERENCES, "50").await;
        let on_progress = |progress: Progress| {
            if matches!(progress, Progress::Waiting) {
                waiting_sender.send_replace(true);
            }
        };
        let text = numbered(30..80, 2);
        let report =
            persist::persist(&databases[1], second, input(text.as_bytes()), &on_progress).await.unwrap();
        assert_eq!(*waiting.borrow(), waits, "whether it waits");
        waiting_sender.send_replace(true);
        report
    };
    let feed = async {
        waiting.clone().wait_for(|waiting| *waiting).await.unwrap();
        // If the second did not wait for the first, it would write all its records now.
        time::sleep(Duration::from_millis(300)).await;
        let expected = if waits { "50" } else { "80" };
        assert_eq!(shop.row(NUM_REFERENCES).await, expected);
        sender.send(numbered(80..90, 1).into_bytes()).unwrap();
        drop(sender);
    };
    let all = Box::pin(async { tokio::join!(run_first, run_second, feed) });
    let (first, second, ()) = time::timeout(Duration::from_mins(3), all).await.expect("both runs end");
    [counts(&first), counts(&second)]
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_one_scope_take_turns() {
    let shop = Shop::open().await;
    let [first, second] = overlap(&shop, complete(1), complete(2), true).await;
    assert_eq!(first, [60, 60, 0, 0, 0, 0, 0, 0]);
    assert_eq!(second, [50, 30, 20, 0, 40, 0, 0, 0]);
    let totals = "select count(*), sum(version), count(removed_at) from forebay.\"references\"";
    assert_eq!(shop.row(totals).await, "90 110 40");
    let turns = "select bool_and(s.started_at >= f.ended_at) from forebay.scrape_runs as f
        join forebay.scrape_runs as s on s.run_id = f.run_id + 1";
    assert_eq!(shop.row(turns).await, "t");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_different_scopes_do_not_wait() {
    let shop = Shop::open().await;
    let [first, second] =
        overlap(&shop, in_scope("part=1", complete(1)), in_scope("part=2", complete(1)), false).await;
    assert_eq!(first, [60, 60, 0, 0, 0, 0, 0, 0]);
    assert_eq!(second, [50, 30, 20, 0, 0, 0, 0, 0]);
}

/// Adds the key `K1`, as a run of another scope, in a transaction that commits only once another one waits for it.
async fn add_behind(shop: &Shop, key: &str) {
    let add = format!(
        "begin; insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at,
            first_seen_run_id, scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
        select forebay.reference_id(name, '{key}'), '2026-01-01', '2026-01-01', '2026-01-01', 1, 1, source_id, 1,
            sha256(''), 'item', 'part=9', '{key}', '{{\"id\":\"{key}\"}}' from forebay.sources"
    );
    shop.client.batch_execute(&add).await.unwrap();
}

async fn commit_when_waited_for(shop: &Shop) {
    let other = shop.test.client().await;
    let waiting = "select count(*) from pg_locks where not granted and locktype = 'transactionid'
        and pid in (select pid from pg_stat_activity where datname = current_database())";
    until(&other, waiting, "1").await;
    shop.client.batch_execute("commit").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_two_scopes_add_at_once_is_added_once() {
    for request in [in_scope("part=1", complete(2)), in_scope("part=1", guarded(2))] {
        let shop = Shop::open().await;
        shop.persist(in_scope("part=1", complete(1)), &numbered(0..3, 1)).await;
        add_behind(&shop, "K7").await;
        let text = numbered(0..10, 1);
        let both = async { tokio::join!(shop.persist(request, &text), commit_when_waited_for(&shop)) };
        let (report, ()) = time::timeout(Duration::from_mins(3), both).await.expect("both runs end");
        assert_eq!((counts(&report), report.num_handoffs), ([10, 6, 1, 3, 0, 0, 0, 0], 7));
        let of_key =
            "select version, scope, payload ->> 'n' from forebay.\"references\" where record_key = 'K7'";
        assert_eq!(shop.row(of_key).await, "2 part=1 1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_scopes_with_the_same_new_keys_at_once() {
    let shop = Shop::open().await;
    let databases = futures_util::future::join_all((0..4).map(|_| shop.test.open())).await;
    let text = numbered(0..3_000, 1);
    let runs = databases.iter().enumerate().map(|(part, database)| {
        let request = in_scope(&format!("part={part}"), incremental(1));
        let text = text.clone();
        async move { persist::persist(database, request, input(text.as_bytes()), &|_| {}).await.unwrap() }
    });
    let reports = time::timeout(Duration::from_mins(3), futures_util::future::join_all(runs)).await.unwrap();
    let added: u64 = reports.iter().map(|report| report.counts.num_added).sum();
    let unchanged: u64 = reports.iter().map(|report| report.counts.num_unchanged).sum();
    let handoffs: u64 = reports.iter().map(|report| report.num_handoffs).sum();
    assert_eq!((added, unchanged, handoffs), (3_000, 9_000, 3_000));
    assert_eq!(shop.row("select count(*), sum(version) from forebay.\"references\"").await, "3000 3000");
    assert_eq!(shop.row("select count(*) from forebay.ingestion_handoffs").await, "3000");
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_keys_in_two_scopes_are_two_records_if_the_key_has_the_scope() {
    let shop = Shop::open().await;
    let term = |term: &str, request: PersistRequest| {
        let key_fields = vec!["id".to_owned(), SCOPE_FIELD.to_owned()];
        in_scope(&format!("term={term}"), PersistRequest { key_fields, ..request })
    };
    let two = "{\"id\":1,\"n\":1}\n{\"id\":2,\"n\":1}\n";
    shop.persist(term("1", guarded(1)), two).await;
    let report = shop.persist(term("2", guarded(2)), &two.replace("\"n\":1", "\"n\":2")).await;
    assert_eq!(counts(&report), [2, 2, 0, 0, 0, 0, 0, 0]);
    assert_eq!(
        shop.rows(ROWS).await,
        ["1|term=1 term=1 1 t", "1|term=2 term=2 1 t", "2|term=1 term=1 1 t", "2|term=2 term=2 1 t"]
    );
    // The same again, and SQL computes the same id.
    assert_eq!(counts(&shop.persist(term("1", guarded(3)), two).await)[3], 2);
    let id = "select count(*) from forebay.\"references\" where reference_id = forebay.reference_id('shop', record_key)";
    assert_eq!(shop.row(id).await, "4");
    let error = shop.try_persist(in_scope("term=1", guarded(4)), two).await.unwrap_err();
    assert_eq!(error.code(), "key_changed");
    let hint = error.hint().unwrap();
    assert!(hint.contains("use --key id --key-in-scope, and"), "{hint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_does_not_take_over_another_one() {
    let shop = Shop::open().await;
    let term = |number, term: &str| in_scope(&format!("term={term}"), guarded(number));
    shop.persist(term(1, "1"), &numbered(0..40, 1)).await;
    // All keys of the first term again, and two more.
    let report = shop.persist(term(2, "2"), &numbered(0..42, 2)).await;
    assert_eq!((report.status.as_str(), report.reason_code.as_deref()), ("held", Some("scope_conflict")));
    assert_eq!((counts(&report), report.num_withheld), ([42, 2, 0, 0, 0, 0, 0, 0], 40));
    assert!(report.messages[0].contains("key_in_scope = true"), "{:?}", report.messages);
    let scopes =
        "select scope, count(*), max(version) from forebay.\"references\" group by scope order by scope";
    assert_eq!(shop.rows(scopes).await, ["term=1 40 1", "term=2 2 1"]);
    // Each later run decides afresh, and a release moves them.
    let report = shop.persist(term(3, "2"), &numbered(0..42, 2)).await;
    assert_eq!((report.reason_code.as_deref(), report.num_withheld), (Some("scope_conflict"), 40));
    persist::release(&shop.database, report.run_id, &crate::operator()).await.unwrap();
    assert_eq!(shop.rows(scopes).await, ["term=2 42 2"]);
    // A few may move without a question.
    assert_eq!(counts(&shop.persist(term(4, "1"), &numbered(0..3, 2)).await), [3, 0, 0, 3, 0, 0, 0, 0]);
}
