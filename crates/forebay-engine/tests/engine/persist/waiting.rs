//! Waiting for another run of the scope: as long as necessary, and then with the current state.

use std::{sync::Mutex, time::Duration};

use forebay_engine::{
    clock,
    persist::{self, Overrides, PersistRequest, Progress},
};
use forebay_store::{runs::ScopeLease, sources};
use tokio::{sync::Notify, time};

use super::{SOURCE, Shop, complete, counts, id, input, lines, numbered};

async fn hold(shop: &Shop) -> ScopeLease {
    let source = sources::find(&shop.client, SOURCE).await.unwrap().unwrap();
    let scope = forebay_domain::scope::Scope::default();
    ScopeLease::acquire(&shop.database, source.source_id, &scope, Duration::MAX, |_| {}).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn statement_timeouts_do_not_end_the_wait() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &numbered(0..3, 1)).await;
    // Managed databases set these timeouts for their roles.
    let set =
        "do $$ begin execute format('alter database %I set statement_timeout = 12000', current_database());
        execute format('alter database %I set lock_timeout = 11000', current_database());
        execute format('alter database %I set idle_in_transaction_session_timeout = 10000', current_database());
        end $$";
    shop.client.batch_execute(set).await.unwrap();
    let lease = hold(&shop).await;
    let database = shop.test.open().await;
    let text = numbered(0..3, 2);
    let run = persist::persist(&database, complete(2), input(text.as_bytes()), &|_| {});
    let release = async {
        // Longer than all these timeouts, which are longer than a statement takes on a loaded machine.
        time::sleep(Duration::from_secs(14)).await;
        lease.release(&shop.client).await.unwrap();
    };
    let (report, ()) = tokio::join!(run, release);
    assert_eq!(counts(&report.unwrap()), [3, 0, 3, 0, 0, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_moved_while_a_run_waited_are_found() {
    let shop = Shop::open().await;
    let named = |prefix: &str| lines((0..8).map(|n| format!("{{\"id\":\"{prefix}{n}\"}}")));
    shop.persist(complete(1), &named("old-")).await;

    let lease = hold(&shop).await;
    let waiting = Notify::new();
    let on_progress = |progress: Progress| {
        if matches!(progress, Progress::Waiting) {
            waiting.notify_one();
        }
    };
    let text = named("new-");
    let run = persist::persist(&shop.database, complete(2), input(text.as_bytes()), &on_progress);
    let operator = async {
        waiting.notified().await;
        // The effect of a re-key, under the lock that the run waits for.
        let rekey = "insert into forebay.reference_aliases (alias_id, reference_id, source_id, record_key, run_id)
                select forebay.reference_id('shop', replace(record_key, 'old', 'new')), reference_id, source_id,
                    replace(record_key, 'old', 'new'), 1 from forebay.\"references\";
            update forebay.\"references\" set record_key = replace(record_key, 'old', 'new')";
        shop.client.batch_execute(rekey).await.unwrap();
        lease.release(&shop.client).await.unwrap();
    };
    let (report, ()) = tokio::join!(run, operator);
    assert_eq!(
        counts(&report.unwrap()),
        [8, 0, 8, 0, 0, 0, 0, 0],
        "the new keys belong to the kept references"
    );
    let kept = format!(
        "select record_key, version from forebay.\"references\" where reference_id = '{}'",
        id("old-3")
    );
    assert_eq!(shop.row(&kept).await, "new-3 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_run_observes_its_source_when_it_starts() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &numbered(0..3, 1)).await;
    let lease = hold(&shop).await;
    let waiting = Notify::new();
    let on_progress = |progress: Progress| {
        if matches!(progress, Progress::Waiting) {
            waiting.notify_one();
        }
    };
    let now = PersistRequest { observed_at: None, ..complete(2) };
    let text = numbered(0..3, 2);
    let run = persist::persist(&shop.database, now, input(text.as_bytes()), &on_progress);
    let start = async {
        waiting.notified().await;
        let start = clock::now();
        lease.release(&shop.client).await.unwrap();
        start
    };
    let (report, start) = tokio::join!(run, start);
    let run_id = report.unwrap().run_id;
    let observed = format!(
        "select observed_at >= '{start}'::timestamptz from forebay.scrape_runs where run_id = {run_id}"
    );
    assert_eq!(shop.row(&observed).await, "t");
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_holding_a_scope_nor_waiting_for_it_keeps_a_transaction_open() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &numbered(0..3, 1)).await;
    let lease = hold(&shop).await;
    let database = shop.test.open().await;
    let waiting = Notify::new();
    let on_progress = |progress: Progress| {
        if matches!(progress, Progress::Waiting) {
            waiting.notify_one();
        }
    };
    let text = numbered(0..3, 1);
    let run = persist::persist(&database, complete(2), input(text.as_bytes()), &on_progress);
    let observer = async {
        waiting.notified().await;
        let open = "select count(*) from pg_stat_activity \
             where datname = current_database() and state = 'idle in transaction'";
        let mut num_open = Vec::new();
        for _ in 0..200 {
            num_open.push(shop.row(open).await);
            time::sleep(Duration::from_millis(5)).await;
        }
        lease.release(&shop.client).await.unwrap();
        num_open
    };
    let (report, num_open) = tokio::join!(run, observer);
    report.unwrap();
    assert!(num_open.iter().all(|num_open| num_open == "0"), "{num_open:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_wait_says_who_holds_the_scope_and_ends() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &numbered(0..3, 1)).await;
    let lease = hold(&shop).await;
    let running = "insert into forebay.scrape_runs
            (source_id, scope, status, is_complete, with_handoffs, engine, input, observed_at, started_at)
        select source_id, scope, 'running', true, true, engine, input, observed_at, '2026-01-02 03:04:05+00'
        from forebay.scrape_runs";
    shop.client.batch_execute(running).await.unwrap();
    let process = format!("forebay {} on ", std::process::id());
    let told = Mutex::new(Vec::new());
    let on_progress = |progress: Progress| match progress {
        Progress::Waiting => told.lock().unwrap().push("waiting".to_owned()),
        Progress::Blocked { holder } => told.lock().unwrap().push(holder.to_string()),
        _ => {}
    };
    let overrides = Overrides { max_wait: Some(Duration::from_secs(7)), ..Overrides::default() };
    let request = PersistRequest { overrides, ..complete(2) };
    let text = numbered(0..3, 2);
    let error =
        persist::persist(&shop.database, request, input(text.as_bytes()), &on_progress).await.unwrap_err();
    assert_eq!(error.code(), "scope_busy");
    let said = error.to_string();
    let told = told.into_inner().unwrap();
    assert_eq!((told.len(), told[0].as_str()), (2, "waiting"), "{told:?}");
    for text in [&told[1], &said] {
        let holder = "run 2, which started at 2026-01-02T03:04:05Z, of the process ";
        assert!(text.contains(holder) && text.contains(&process), "{text}");
    }
    assert!(said.ends_with("; gave up after 7 s"), "{said}");
    lease.release(&shop.client).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_of_a_killed_process_that_is_still_being_inserted_is_closed() {
    let shop = Shop::open().await;
    shop.persist(complete(1), &numbered(0..3, 1)).await;
    // The lock of the scope is free, because the process is dead, but the server is not done with its statement.
    let mut killed = shop.database.client().await.unwrap();
    let transaction = killed.transaction().await.unwrap();
    let insert = "insert into forebay.scrape_runs \
        (source_id, scope, status, is_complete, with_handoffs, engine, input, observed_at) \
        select source_id, '', 'running', true, true, 'test', '-', now() from forebay.sources";
    transaction.batch_execute(insert).await.unwrap();
    let ending = async {
        time::sleep(Duration::from_millis(300)).await;
        transaction.commit().await.unwrap();
    };
    let text = numbered(0..3, 2);
    let run = persist::persist(&shop.database, complete(2), input(text.as_bytes()), &|_| {});
    let (report, ()) = tokio::join!(run, ending);
    assert_eq!(counts(&report.unwrap()), [3, 0, 3, 0, 0, 0, 0, 0]);
    let aborted = "select count(*)::int8 from forebay.scrape_runs where status = 'aborted'";
    assert_eq!(shop.client.query_one(aborted, &[]).await.unwrap().get::<_, i64>(0), 1);
}
