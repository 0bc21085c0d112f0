//! The freshness ledger: of all callers one begins an attempt, an abandoned attempt is taken over once, and failures
//! keep the last sync.

use std::time::Duration;

use forebay_domain::scope::Scope;
use forebay_store::{
    freshness::{self, Begun, LedgerEntry, LedgerFilter, StaleBefore, SyncStatus, Synced},
    jobs::Receipt,
    testing::{self, TestDatabase},
};
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Client;

use crate::clock::now;

const LEASE: Duration = Duration::from_mins(10);

fn scope() -> Scope {
    "semester=Spring 2026".parse().unwrap()
}

async fn begin(client: &Client, attempt: i64, lease: Duration) -> Begun {
    freshness::begin(client, "course", &scope(), attempt, lease).await.unwrap()
}

fn acquired(begun: Begun) -> (Receipt, LedgerEntry) {
    match begun {
        Begun::Acquired { holder, entry } => (holder, entry),
        other => panic!("{other:?}"),
    }
}

async fn find(client: &Client) -> LedgerEntry {
    freshness::find(client, "course", &scope()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_sync_begins_and_ends() {
    let database = testing::database().await;
    let client = database.client().await;
    assert_eq!(freshness::find(&client, "course", &scope()).await.unwrap(), None);
    let (holder, entry) = acquired(begin(&client, 0, LEASE).await);
    assert_eq!((entry.status, entry.attempt, entry.is_held), (SyncStatus::InProgress, 1, true));
    assert!(matches!(begin(&client, 0, LEASE).await, Begun::Busy { .. }));
    assert!(matches!(begin(&client, 1, LEASE).await, Begun::Busy { .. }));
    assert!(freshness::extend(&client, "course", &scope(), holder, LEASE).await.unwrap());

    let synced = Synced {
        is_partial: false,
        num_records: Some(42),
        run_id: Some(7),
        source_name: Some("catalog"),
        synced_at: None,
    };
    let entry = freshness::succeed(&client, "course", &scope(), holder, &synced)
        .await
        .unwrap()
        .expect("the caller owns the attempt");
    assert_eq!(entry, find(&client).await);
    assert_eq!((entry.status, entry.num_records, entry.run_id), (SyncStatus::Success, Some(42), Some(7)));
    assert_eq!((entry.source_name.as_deref(), entry.lease_until), (Some("catalog"), None));
    assert!(entry.last_sync.is_some_and(|at| at >= entry.started_at));

    // A caller that read the entry earlier gets the result; a caller that has read the result begins a new attempt.
    assert!(matches!(begin(&client, 0, LEASE).await, Begun::Ended(ended) if ended == entry));
    assert_eq!(acquired(begin(&client, 1, LEASE).await).1.attempt, 2);
    let other = freshness::begin(&client, "review", &scope(), 0, LEASE).await.unwrap();
    assert!(matches!(other, Begun::Acquired { .. }), "another entity type has its own entry");
}

#[tokio::test]
async fn a_failure_keeps_the_last_sync() {
    let database = testing::database().await;
    let client = database.client().await;
    let (holder, _) = acquired(begin(&client, 0, LEASE).await);
    let synced = Synced { num_records: Some(3), ..Synced::default() };
    let good = freshness::succeed(&client, "course", &scope(), holder, &synced).await.unwrap().unwrap();
    for attempt in 1..=2 {
        let (holder, entry) = acquired(begin(&client, attempt, LEASE).await);
        assert_eq!(entry.last_sync, good.last_sync);
        let error = "no answer\0";
        let scope = scope();
        let failed = freshness::fail(&client, "course", &scope, holder, "timeout", error, Some(9)).await;
        let failed = failed.unwrap().unwrap();
        assert_eq!((failed.status, i64::from(failed.num_failures)), (SyncStatus::Failed, attempt));
        assert_eq!((failed.last_sync, failed.num_records), (good.last_sync, Some(3)));
        assert_eq!(failed.error.as_deref(), Some("no answer\u{fffd}"));
    }
    // The next success clears it.
    let (holder, entry) = acquired(begin(&client, 3, LEASE).await);
    assert_eq!(
        entry.error_code.as_deref(),
        Some("timeout"),
        "it is still reported while another attempt is in progress"
    );
    let entry =
        freshness::succeed(&client, "course", &scope(), holder, &Synced::default()).await.unwrap().unwrap();
    assert_eq!((entry.error_code, entry.num_failures), (None, 0));
    assert!(entry.last_sync > good.last_sync);
}

#[tokio::test]
async fn a_partial_sync_does_not_make_the_scope_fresh() {
    let database = testing::database().await;
    let client = database.client().await;
    let part = Synced {
        is_partial: true,
        num_records: Some(1),
        run_id: Some(5),
        source_name: Some("small"),
        synced_at: None,
    };
    let (holder, _) = acquired(begin(&client, 0, LEASE).await);
    let entry = freshness::succeed(&client, "course", &scope(), holder, &part).await.unwrap().unwrap();
    assert_eq!((entry.status, entry.is_partial, entry.last_sync), (SyncStatus::Success, true, None));
    assert!(!freshness::catch_up(&client, "course", &scope(), now(), &part).await.unwrap());

    let (holder, _) = acquired(begin(&client, 1, LEASE).await);
    let whole = Synced { num_records: Some(40), source_name: Some("big"), ..Synced::default() };
    let whole = freshness::succeed(&client, "course", &scope(), holder, &whole).await.unwrap().unwrap();
    let (holder, _) = acquired(begin(&client, 2, LEASE).await);
    let entry = freshness::succeed(&client, "course", &scope(), holder, &part).await.unwrap().unwrap();
    assert_eq!((entry.last_sync, entry.num_records), (whole.last_sync, Some(40)));
    assert_eq!((entry.source_name.as_deref(), entry.is_partial), (Some("big"), true));
}

#[tokio::test]
async fn an_abandoned_attempt_is_taken_over_and_its_reports_are_refused() {
    let database = testing::database().await;
    let client = database.client().await;
    let (dead, _) = acquired(begin(&client, 0, Duration::ZERO).await);
    assert!(!find(&client).await.is_held);
    // A caller that read the entry long ago can take it over too.
    let (holder, entry) = acquired(begin(&client, 0, LEASE).await);
    assert_eq!(entry.attempt, 2);
    let before = find(&client).await;
    assert!(!freshness::extend(&client, "course", &scope(), dead, LEASE).await.unwrap());
    let synced = Synced::default();
    assert_eq!(freshness::succeed(&client, "course", &scope(), dead, &synced).await.unwrap(), None);
    let failed = freshness::fail(&client, "course", &scope(), dead, "timeout", "late", None).await.unwrap();
    assert_eq!(failed, None);
    assert_eq!(find(&client).await, before);
    // After being abandoned, it is free at once.
    assert!(freshness::extend(&client, "course", &scope(), holder, Duration::ZERO).await.unwrap());
    assert_eq!(acquired(begin(&client, 2, LEASE).await).1.attempt, 3);
}

/// Lets `number` callers that have read `attempt` begin at the same moment; returns how many succeeded.
async fn storm(database: &TestDatabase, number: usize, attempt: i64) -> usize {
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..number {
        let client = database.client().await;
        callers.spawn(async move { begin(&client, attempt, LEASE).await });
    }
    let outcomes = callers.join_all().await;
    assert!(outcomes.iter().all(|begun| !matches!(begun, Begun::Ended(_))));
    outcomes.iter().filter(|begun| matches!(begun, Begun::Acquired { .. })).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_callers_begins() {
    let database = testing::database().await;
    let client = database.client().await;
    assert_eq!(storm(&database, 20, 0).await, 1, "without an entry");
    client.batch_execute("update forebay.sync_metadata set lease_until = now()").await.unwrap();
    assert_eq!(storm(&database, 20, 1).await, 1, "after an abandoned attempt");
    assert_eq!(find(&client).await.attempt, 2);
}

#[tokio::test]
async fn the_ledger_catches_up_but_never_goes_back() {
    let database = testing::database().await;
    let client = database.client().await;
    let at: Timestamp = "2026-01-05T12:00:00Z".parse().unwrap();
    let hour = SignedDuration::from_hours(1);
    let synced = Synced { num_records: Some(8), ..Synced::default() };
    let whole = Scope::default();
    let catch_up = |at| freshness::catch_up(&client, "course", &whole, at, &synced);
    assert!(catch_up(at).await.unwrap());
    assert!(!catch_up(at).await.unwrap() && !catch_up(at - hour).await.unwrap());
    let Begun::Acquired { holder, .. } =
        freshness::begin(&client, "course", &Scope::default(), 1, LEASE).await.unwrap()
    else {
        panic!("no attempt is in progress")
    };
    assert!(catch_up(at + hour).await.unwrap());
    let entry = freshness::find(&client, "course", &Scope::default()).await.unwrap().unwrap();
    assert_eq!((entry.status, entry.last_sync), (SyncStatus::InProgress, Some(at + hour)));
    assert!(freshness::extend(&client, "course", &Scope::default(), holder, LEASE).await.unwrap());
}

#[tokio::test]
async fn the_list_shows_entries_that_need_attention() {
    let database = testing::database().await;
    let client = database.client().await;
    let fill = "insert into forebay.sync_metadata (entity_type, scope, status, attempt, last_sync, num_failures, error_code,
                lease_until, holder)
        values ('course', 'k=fresh', 'success', 1, '2026-01-09', 0, null, null, null),
            ('course', 'k=old', 'success', 1, '2026-01-01', 0, null, null, null),
            ('course', 'k=failing', 'failed', 3, '2026-01-09', 2, 'timeout', null, null),
            ('course', 'k=dead', 'in_progress', 2, '2026-01-09', 0, null, now(), gen_random_uuid()),
            ('course', 'k=busy', 'in_progress', 2, '2026-01-09', 0, null, now() + interval '1 hour', gen_random_uuid()),
            ('review', 'k=never', 'success', 1, null, 0, null, null, null),
            ('review', 'k=old', 'success', 1, '2026-01-01', 0, null, null, null)";
    client.batch_execute(fill).await.unwrap();
    let at = |text: &str| format!("{text}T00:00:00Z").parse::<Timestamp>().unwrap();
    let stale =
        StaleBefore { by_type: vec![("review".into(), at("2025-12-01"))], otherwise: at("2026-01-05") };
    let mut filter = LedgerFilter { stale: Some(stale), ..LedgerFilter::default() };
    let listed = async |filter: &LedgerFilter, limit| -> Vec<String> {
        let entries = freshness::list(&client, filter, limit).await.unwrap();
        entries.iter().map(|entry| format!("{} {}", entry.entity_type, entry.scope)).collect()
    };
    assert_eq!(
        listed(&filter, 10).await,
        ["course k=dead", "course k=failing", "course k=old", "review k=never"]
    );
    assert_eq!(listed(&filter, 2).await, ["course k=dead", "course k=failing"]);
    filter.after = Some(("course".into(), "k=failing".into()));
    assert_eq!(listed(&filter, 10).await, ["course k=old", "review k=never"]);
    let reviews = LedgerFilter { entity_type: Some("review".into()), ..LedgerFilter::default() };
    assert_eq!(listed(&reviews, 10).await, ["review k=never", "review k=old"]);
    assert_eq!(listed(&LedgerFilter::default(), 10).await.len(), 7);
}

#[tokio::test]
async fn a_missing_ledger_names_its_migration() {
    let database = testing::database().await;
    let client = database.client().await;
    client.batch_execute("drop table forebay.sync_metadata cascade").await.unwrap();
    for error in [
        freshness::find(&client, "course", &scope()).await.unwrap_err(),
        freshness::begin(&client, "course", &scope(), 0, LEASE).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), "schema_missing");
        assert_eq!(
            error.to_string(),
            "the table forebay.sync_metadata is missing; migration 0011_scraping creates it"
        );
        assert!(error.hint().unwrap().contains("forebay db up"));
    }
    // A missing user table is not reported as a missing migration.
    let error = client.batch_execute("select * from public.courses").await.unwrap_err();
    assert_eq!(forebay_store::Error::from(error).code(), "database_refused");
}
