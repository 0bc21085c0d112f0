//! One reference through versions, removal and restoration, and replays that write nothing.

use forebay_domain::run::RunStatus;
use forebay_store::connect::{Database, OpenOptions};
use jiff::ToSpan;

use super::{Shop, complete, counts, day, guarded, id, incremental, rows, until};

const A: &str = "{\"id\":\"a\",\"title\":\"First\"}\n{\"id\":\"b\",\"title\":\"Other\"}\n";
const B: &str = "{\"id\":\"a\",\"title\":\"Second\",\"room\":null}\n{\"id\":\"b\",\"title\":\"Other\"}\n";
const WITHOUT: &str = "{\"id\":\"b\",\"title\":\"Other\"}\n";

/// The number of rows written to the tables that a replay must not change, and the number of runs.
async fn written(shop: &Shop) -> (Vec<String>, String) {
    let tables = "select relname, n_tup_ins + n_tup_upd + n_tup_del from pg_stat_user_tables
        where schemaname = 'forebay' and (relname in ('references', 'ingestion_handoffs', 'ingestion_outcomes',
                'scrape_run_changes', 'rejected_records', 'sources') or relname like 'reference_revisions%')
        order by relname";
    let runs = "select n_tup_ins from pg_stat_user_tables where relid = 'forebay.scrape_runs'::regclass";
    let client = shop.test.client().await;
    (rows(&client, tables).await, rows(&client, runs).await.remove(0))
}

/// Persists over direct connections of its own, which have reported their statistics when this returns.
async fn persist_and_flush_statistics(
    shop: &Shop,
    request: forebay_engine::persist::PersistRequest,
    text: &str,
) -> [u64; 8] {
    let database = Database::open(shop.test.direct_target(), OpenOptions::default()).await.unwrap();
    let report =
        forebay_engine::persist::persist(&database, request, super::input(text.as_bytes()), &|_| {}).await;
    database.close().await.unwrap();
    let others = "select count(*) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
    until(&shop.client, others, "1").await;
    let report = report.unwrap();
    assert_eq!(report.status, RunStatus::Complete, "{report:?}");
    counts(&report)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_writes_nothing_but_its_run() {
    let shop = Shop::open().await;
    // Nothing but runs may write meanwhile, and the pool has one connection from opening.
    shop.client
        .batch_execute("alter table forebay.\"references\" set (autovacuum_enabled = off)")
        .await
        .unwrap();
    assert_eq!(persist_and_flush_statistics(&shop, complete(1), A).await, [2, 2, 0, 0, 0, 0, 0, 0]);
    let (tables, num_runs) = written(&shop).await;
    assert!(tables.contains(&"references 2".to_owned()), "{tables:?}");
    for (number, request) in [(1, complete(2)), (2, guarded(3)), (3, incremental(4))] {
        assert_eq!(persist_and_flush_statistics(&shop, request, A).await, [2, 0, 0, 2, 0, 0, 0, 0]);
        let (tables_now, num_runs_now) = written(&shop).await;
        assert_eq!(tables_now, tables);
        assert_eq!(num_runs_now.parse::<u32>().unwrap(), num_runs.parse::<u32>().unwrap() + number);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_back_creates_a_third_version() {
    let shop = Shop::open().await;
    let first = shop.persist(complete(1), A).await;
    assert_eq!((counts(&first), first.num_handoffs), ([2, 2, 0, 0, 0, 0, 0, 0], 2));
    assert_eq!(first.field_coverage.get("title"), Some(&1.0));
    let second = shop.persist(complete(2), B).await;
    assert_eq!((counts(&second), second.num_handoffs), ([2, 0, 1, 1, 0, 0, 0, 0], 1));
    let third = shop.persist(guarded(3), A).await;
    assert_eq!((counts(&third), third.num_handoffs), ([2, 0, 1, 1, 0, 0, 0, 0], 1));

    let of_a = format!("where reference_id = '{}'", id("a"));
    let reference = format!(
        "select version, changed_at = '{}', observed_at = changed_at, first_seen_at = '{}', removed_at, scrape_run_id
        from forebay.\"references\" {of_a}",
        day(3),
        day(1)
    );
    assert_eq!(shop.row(&reference).await, format!("3 t t t - {}", third.run_id));
    let revisions = format!(
        "select version, change, field_name, old_value, new_value, scrape_run_id
        from forebay.reference_revisions {of_a} order by version, field_name"
    );
    assert_eq!(
        shop.rows(&revisions).await,
        [
            format!("2 updated room - null {}", second.run_id),
            format!("2 updated title \"First\" \"Second\" {}", second.run_id),
            format!("3 updated room null - {}", third.run_id),
            format!("3 updated title \"Second\" \"First\" {}", third.run_id),
        ]
    );
    let times = format!(
        "select distinct changed_at in ('{}', '{}') from forebay.reference_revisions",
        day(2),
        day(3)
    );
    assert_eq!(shop.rows(&times).await, ["t"]);
    // Two contents, the first of them handed off twice; one job, for the current content.
    let handoffs =
        format!("select state, change, generation from forebay.handoffs {of_a} order by generation");
    assert_eq!(shop.rows(&handoffs).await, ["superseded updated 1", "pending updated 2"]);
    let jobs = format!(
        "select generation, payload_hash = version_hash from forebay.ingestion_handoffs
        join forebay.\"references\" using (reference_id) {of_a}"
    );
    assert_eq!(shop.rows(&jobs).await, ["2 t"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_and_restored_reference_is_absent_in_between() {
    for straight in [true, false] {
        let request = if straight { complete } else { guarded };
        let shop = Shop::open().await;
        shop.persist(request(1), A).await;
        let removed = shop.persist(request(2), WITHOUT).await;
        assert_eq!((counts(&removed), removed.num_handoffs), ([1, 0, 0, 1, 1, 0, 0, 0], 1));
        let of_a = format!("where reference_id = '{}'", id("a"));
        let tombstone = format!(
            "select version, removed_at = '{at}', changed_at = '{at}', observed_at = '{at}' from forebay.\"references\" {of_a}",
            at = day(2)
        );
        assert_eq!(shop.row(&tombstone).await, "1 t t t");
        // A removed record is not removed again.
        assert_eq!(counts(&shop.persist(request(3), WITHOUT).await), [1, 0, 0, 1, 0, 0, 0, 0]);

        let restored = shop.persist(request(4), A).await;
        assert_eq!((counts(&restored), restored.num_handoffs), ([2, 0, 0, 1, 0, 1, 0, 0], 1));
        let active = format!(
            "select version, removed_at, changed_at = '{}' from forebay.\"references\" {of_a}",
            day(4)
        );
        assert_eq!(shop.row(&active).await, "1 - t", "the same content keeps its version");

        shop.persist(request(5), WITHOUT).await;
        let anew = shop.persist(request(6), B).await;
        assert_eq!(counts(&anew), [2, 0, 0, 1, 0, 1, 0, 0]);
        assert_eq!(
            shop.row(&format!("select version, removed_at from forebay.\"references\" {of_a}")).await,
            "2 -"
        );

        let first = Some(r#"{"id":"a","title":"First"}"#);
        let second = Some(r#"{"id":"a","room":null,"title":"Second"}"#);
        for (number, expected) in
            [(1, first), (2, None), (3, None), (4, first), (5, None), (6, second), (7, second)]
        {
            for at in [day(number), day(number) + 1.hour(), day(number + 1) - 1.hour()] {
                assert_eq!(shop.at("a", at).await.as_deref(), expected, "{at}");
                let keys = if expected.is_some() { vec!["a", "b"] } else { vec!["b"] };
                assert_eq!(shop.keys_at(at).await, keys, "{at}");
            }
        }
        assert_eq!(shop.at("a", day(1) - 1.hour()).await, None);
        let revisions = format!(
            "select change, version, (extract(epoch from changed_at - '{}'::timestamptz) / 86400)::int + 1
            from forebay.reference_revisions {of_a} and field_name in ('removed_at', 'title') order by changed_at, change",
            day(1)
        );
        assert_eq!(
            shop.rows(&revisions).await,
            ["removed 1 2", "restored 1 4", "removed 1 5", "restored 2 6", "updated 2 6"]
        );
        let states =
            format!("select state, change, generation from forebay.handoffs {of_a} order by version");
        assert_eq!(
            shop.rows(&states).await,
            ["superseded removed 4", "pending restored 1"],
            "queued again four times"
        );
    }
}
