//! A run in progress: visible to other connections, interrupted, and never blocking itself.

use std::{sync::Mutex, time::Duration};

use forebay_engine::persist::{self, Progress};
use forebay_sources::ReadOptions;
use forebay_store::changes;
use tokio::{sync::Notify, time};

use super::{Shop, complete, counts, id, incremental, input, numbered, pipe, read_as, until};

/// The counts of the latest run, as another connection sees them.
const LATEST: &str = "select status, num_seen, num_added, num_unchanged from forebay.scrape_runs
    order by run_id desc limit 1";

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_visible_during_a_run() {
    let shop = Shop::open().await;
    shop.persist(incremental(1), &numbered(0..10, 1)).await;
    let (sender, reader) = pipe();
    let input = read_as(Box::new(reader), ReadOptions::default());
    let run = persist::persist(&shop.database, incremental(2), input, &|_| {});
    let feeding = async {
        // These records are unchanged, so no batch updates the counts; the timer does.
        sender.send(numbered(0..10, 1).into_bytes()).unwrap();
        until(&shop.client, LATEST, "running 10 0 10").await;
        sender.send(numbered(10..15, 1).into_bytes()).unwrap();
        until(&shop.client, LATEST, "running 15 5 10").await;
        drop(sender);
    };
    let (report, ()) = tokio::join!(run, feeding);
    assert_eq!(counts(&report.unwrap()), [15, 5, 0, 10, 0, 0, 0, 0]);
    until(&shop.client, LATEST, "complete 15 5 10").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_updates_do_not_block_windows() {
    let shop = Shop::open().await;
    // The window that is being written keeps the run's row locked past the next tick.
    let slow = "create function public.slow() returns trigger language plpgsql as $$
            begin perform pg_sleep(2.2); return new; end $$;
        create trigger slow before update on forebay.scrape_runs for each row
            when (new.num_added > old.num_added) execute function public.slow()";
    shop.client.batch_execute(slow).await.unwrap();
    let pieces = [numbered(0..10, 1), numbered(10..20, 1)];
    let pieces = [pieces[0].as_str(), pieces[1].as_str()];
    let run = shop.persist_in_pieces(complete(1), &pieces);
    let report = time::timeout(Duration::from_mins(3), run).await.expect("the run waits for itself");
    assert_eq!(counts(&report), [20, 20, 0, 0, 0, 0, 0, 0]);
    assert_eq!(shop.row(LATEST).await, "complete 20 20 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_is_closed_by_the_next_one() {
    let shop = Shop::open().await;
    let (sender, reader) = pipe();
    sender.send(numbered(0..10, 1).into_bytes()).unwrap();
    let begun = Notify::new();
    let on_progress = |progress: Progress| {
        if matches!(progress, Progress::Counts { num_seen: 10, .. }) {
            begun.notify_one();
        }
    };
    let cut_off = read_as(Box::new(reader), ReadOptions::default());
    tokio::select! {
        ended = persist::persist(&shop.database, complete(1), cut_off, &on_progress) => panic!("{ended:?}"),
        () = begun.notified() => {}
    }
    until(&shop.client, LATEST, "running 10 10 0").await;

    let aborted = Mutex::new(0);
    let on_progress = |progress: Progress| {
        if let Progress::Aborted { num_runs } = progress {
            *aborted.lock().unwrap() += num_runs;
        }
    };
    let all = numbered(0..20, 1);
    let report =
        persist::persist(&shop.database, complete(1), input(all.as_bytes()), &on_progress).await.unwrap();
    assert_eq!(*aborted.lock().unwrap(), 1);
    assert_eq!(counts(&report), [20, 10, 0, 10, 0, 0, 0, 0], "the batches that it wrote are kept");
    let runs = "select status, reason_code, ended_at is not null from forebay.scrape_runs order by run_id";
    assert_eq!(shop.rows(runs).await, ["aborted process_died t", "complete - t"]);
    drop(sender);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_committed_late_by_a_dead_run_are_dropped() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &numbered(0..3, 1)).await;
    let dying = "insert into forebay.scrape_runs
            (source_id, scope, status, is_complete, with_handoffs, engine, input, observed_at)
        select source_id, '', 'running', true, true, 'test', '-', now() from forebay.sources";
    shop.client.batch_execute(dying).await.unwrap();
    // The run's last batch holds the run's row, as batches do, and is committed while the next run waits to close it.
    let last_batch = "begin;
        insert into forebay.scrape_run_changes (run_id, reference_id, change, missing_since, num_missing_runs)
            select max(r.run_id), gen_random_uuid(), 'removed', now(), 1 from forebay.scrape_runs as r;
        update forebay.scrape_runs set num_seen = 7 where status = 'running'";
    shop.client.batch_execute(last_batch).await.unwrap();
    let next = shop.persist(complete(2), "{\"id\":\"K0\",\"n\":1}\n");
    let commit = async {
        let other = shop.test.client().await;
        let waiting = "select count(*) from pg_locks where not granted and locktype = 'transactionid'
            and pid in (select pid from pg_stat_activity where datname = current_database())";
        until(&other, waiting, "1").await;
        shop.client.batch_execute("commit").await.unwrap();
    };
    let (report, ()) = tokio::join!(next, commit);
    assert_eq!(counts(&report), [1, 0, 0, 1, 2, 0, 0, 0]);
    assert_eq!(shop.row("select count(*) from forebay.scrape_run_changes").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_runs_hold_no_pooled_connection() {
    let shop = Shop::open().await;
    let num_runs = 12;
    let runs = (0..num_runs).map(|_| {
        let text = numbered(0..50, 1);
        let shop = &shop;
        async move { shop.persist(incremental(1), &text).await }
    });
    let reports = time::timeout(Duration::from_mins(3), futures_util::future::join_all(runs)).await;
    let reports = reports.expect("runs of one scope take turns");
    assert_eq!(reports.iter().map(|report| report.counts.num_added).sum::<u64>(), 50);
    assert_eq!(reports.iter().map(|report| report.counts.num_unchanged).sum::<u64>(), 50 * (num_runs - 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_run_stages_nothing() {
    let shop = Shop::open().await;
    let run_id = shop.persist(complete(1), &numbered(0..3, 1)).await.run_id;
    let late = changes::stage_removed(&shop.client, run_id, &[id("K0"), id("K1")]).await.unwrap_err();
    assert_eq!(late.code(), "run_lost");
    assert_eq!(shop.row("select count(*) from forebay.scrape_run_changes").await, "0");
}
