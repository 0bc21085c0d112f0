//! The statements that services run on `sync_metadata`, unchanged, and what the ledger makes of them.

use std::time::Duration;

use forebay_domain::scope::Scope;
use forebay_store::{
    freshness::{self, Begun, LedgerEntry, SyncStatus, Synced},
    jobs::Receipt,
    testing::{self, TestDatabase},
};
use serde_json::json;
use tokio_postgres::Client;

use super::{create_freshness, rows};

const LEASE: Duration = Duration::from_mins(10);
/// As supabase-js and supabase-py send it.
const UPSERT: &str = "insert into app.sync_metadata (entity_type, semester, university, last_sync, sync_status, error_message)
    values ($1, $2, $3, $4::text::timestamptz, $5, $6)
    on conflict (entity_type, semester, university) do update
    set entity_type = excluded.entity_type, semester = excluded.semester, university = excluded.university,
        last_sync = excluded.last_sync, sync_status = excluded.sync_status, error_message = excluded.error_message
    returning last_sync::text";

async fn world() -> (TestDatabase, Client) {
    let database = testing::database().await;
    let mut client = database.client().await;
    create_freshness(&mut client, "app", &["semester", "university"]).await.unwrap();
    (database, client)
}

async fn find(client: &Client, scope: &str) -> Option<LedgerEntry> {
    freshness::find(client, "course", &scope.parse::<Scope>().unwrap()).await.unwrap()
}

const FALL: &str = "semester=Fall 2026,university=CSI";

async fn fall(client: &Client) -> LedgerEntry {
    find(client, FALL).await.unwrap()
}

async fn begin(client: &Client, attempt: i64) -> Receipt {
    match freshness::begin(client, "course", &FALL.parse().unwrap(), attempt, LEASE).await.unwrap() {
        Begun::Acquired { holder, .. } => holder,
        other => panic!("{other:?}"),
    }
}

/// Reports with an upsert; returns `last_sync` as the statement returns it.
async fn upsert(
    client: &Client,
    last_sync: Option<&str>,
    status: &str,
    error: Option<&str>,
) -> Option<String> {
    let (course, fall, csi) = ("course", "Fall 2026", "CSI");
    client.query_one(UPSERT, &[&course, &fall, &csi, &last_sync, &status, &error]).await.unwrap().get(0)
}

async fn execute(client: &Client, statement: &str) {
    client.batch_execute(statement).await.unwrap();
}

/// The table must show what the ledger has, after every step.
async fn assert_equal(client: &Client) {
    let differing = "select m.*, t.* from forebay.sync_metadata as m
        full join app.sync_metadata as t on t.entity_type = m.entity_type
            and forebay.scope_of(m.scope)
                = jsonb_strip_nulls(jsonb_build_object('semester', t.semester, 'university', t.university))
        where (m.status, m.last_sync, case m.status when 'failed' then m.error end)
            is distinct from (t.sync_status, t.last_sync, t.error_message)";
    assert_eq!(rows(client, differing).await, json!([]));
}

#[tokio::test]
async fn a_service_that_selects_and_then_inserts_or_updates() {
    let (_database, client) = world().await;
    let key = "entity_type = 'course' and semester = 'Fall 2026' and university = 'CSI'";
    assert_eq!(rows(&client, &format!("select id from app.sync_metadata where {key}")).await, json!([]));
    execute(
        &client,
        "insert into app.sync_metadata (entity_type, semester, university, last_sync, sync_status)
            values ('course', 'Fall 2026', 'CSI', now(), 'in_progress')",
    )
    .await;
    let entry = fall(&client).await;
    assert_eq!((entry.status, entry.attempt, entry.last_sync), (SyncStatus::InProgress, 1, None));
    assert!(entry.is_held);
    assert_equal(&client).await;

    execute(
        &client,
        &format!("update app.sync_metadata set sync_status = 'success', last_sync = now() where {key}"),
    )
    .await;
    let good = fall(&client).await;
    assert_eq!((good.status, good.attempt, good.is_held), (SyncStatus::Success, 1, false));
    assert!(good.last_sync.is_some_and(|at| at >= good.started_at), "{good:?}");
    assert_equal(&client).await;

    execute(&client, &format!("update app.sync_metadata set sync_status = 'in_progress' where {key}")).await;
    execute(
        &client,
        &format!(
            "update app.sync_metadata set sync_status = 'failed', last_sync = now(), error_message = 'timeout' where {key}"
        ),
    )
    .await;
    let failed = fall(&client).await;
    assert_eq!((failed.status, failed.attempt, failed.num_failures), (SyncStatus::Failed, 2, 1));
    assert_eq!((failed.last_sync, failed.error.as_deref()), (good.last_sync, Some("timeout")));
    assert_equal(&client).await;

    // The status alone, as services do that leave the time to the database.
    execute(&client, &format!("update app.sync_metadata set sync_status = 'in_progress' where {key}")).await;
    execute(&client, &format!("update app.sync_metadata set sync_status = 'success' where {key}")).await;
    let entry = fall(&client).await;
    assert_eq!((entry.status, entry.num_failures, entry.error), (SyncStatus::Success, 0, None));
    assert!(entry.last_sync > good.last_sync);
    assert_equal(&client).await;

    execute(&client, &format!("delete from app.sync_metadata where {key}")).await;
    assert_eq!(find(&client, FALL).await, None);
}

#[tokio::test]
async fn a_service_that_upserts() {
    let (_database, client) = world().await;
    assert_eq!(upsert(&client, None, "in_progress", None).await, None);
    let told = upsert(&client, Some("2026-01-02 03:04:05Z"), "success", None).await.unwrap();
    let good = fall(&client).await;
    assert_eq!(good.last_sync.unwrap().to_string(), "2026-01-02T03:04:05Z");
    assert_eq!(upsert(&client, Some("2026-05-05 00:00:00Z"), "in_progress", None).await, Some(told.clone()));
    assert_eq!(
        upsert(&client, Some("2026-05-05 00:00:00Z"), "failed", Some("HTTP 503")).await,
        Some(told.clone()),
        "a failure never moves it, and the statement returns what is stored"
    );
    assert_eq!(upsert(&client, None, "failed", Some("HTTP 503")).await, Some(told.clone()));
    let failed = fall(&client).await;
    assert_eq!((failed.num_failures, failed.last_sync), (2, good.last_sync));
    assert_equal(&client).await;

    assert_eq!(
        upsert(&client, Some("2025-01-01 00:00:00Z"), "success", None).await,
        Some(told),
        "an older sync doesn't make the data older"
    );
    assert_eq!(fall(&client).await.num_failures, 0);
    upsert(&client, Some("2999-01-01 00:00:00Z"), "success", None).await;
    let entry = fall(&client).await;
    assert!(entry.last_sync.unwrap() < entry.updated_at + jiff::SignedDuration::from_secs(60), "{entry:?}");
    // The same report again changes nothing.
    let last_sync = rows(&client, "select last_sync from app.sync_metadata").await;
    let last_sync = last_sync[0]["last_sync"].as_str();
    upsert(&client, last_sync, "success", None).await;
    assert_eq!(fall(&client).await, entry);
    upsert(&client, None, "success", None).await;
    assert!(fall(&client).await.last_sync > entry.last_sync, "without a time it is now");
    assert_equal(&client).await;
}

#[tokio::test]
async fn two_services_share_an_attempt() {
    let (database, one) = world().await;
    let other = database.client().await;
    upsert(&one, None, "in_progress", None).await;
    execute(&one, "update forebay.sync_metadata set lease_until = now() + interval '1 minute'").await;
    upsert(&other, None, "in_progress", None).await;
    let entry = fall(&one).await;
    assert_eq!(entry.attempt, 1, "the second joins");
    assert!(entry.lease_until.unwrap() > entry.updated_at + jiff::SignedDuration::from_mins(30));
    upsert(&one, None, "success", None).await;
    upsert(&other, None, "failed", Some("late")).await;
    let entry = fall(&one).await;
    assert_eq!((entry.status, entry.last_sync.is_some()), (SyncStatus::Failed, true));
    // Each waits for the other's transaction, and neither fails.
    let statement = "update app.sync_metadata set sync_status = 'in_progress'";
    let (first, second) = tokio::join!(one.batch_execute(statement), other.batch_execute(statement));
    first.unwrap();
    second.unwrap();
    assert_eq!(fall(&one).await.attempt, 3);
    assert_equal(&one).await;
}

#[tokio::test]
async fn an_attempt_of_forebay_is_left_alone() {
    let (_database, client) = world().await;
    let holder = begin(&client, 0).await;
    assert_equal(&client).await;
    upsert(&client, None, "in_progress", None).await;
    upsert(&client, None, "failed", Some("mine")).await;
    let entry = fall(&client).await;
    assert_eq!((entry.status, entry.attempt, entry.num_failures), (SyncStatus::InProgress, 1, 0));
    assert_equal(&client).await;
    upsert(&client, Some("2026-01-02 03:04:05Z"), "success", None).await;
    let entry = fall(&client).await;
    assert_eq!((entry.status, entry.is_held), (SyncStatus::InProgress, true));
    assert_eq!(entry.last_sync.unwrap().to_string(), "2026-01-02T03:04:05Z", "it did sync");
    assert_equal(&client).await;
    let synced = Synced { num_records: Some(7), ..Synced::default() };
    let scope: Scope = FALL.parse().unwrap();
    let entry = freshness::succeed(&client, "course", &scope, holder, &synced).await.unwrap();
    assert_eq!(entry.unwrap().num_records, Some(7), "Forebay's attempt is still its own");
    assert_equal(&client).await;

    // An abandoned one is taken over.
    let holder = begin(&client, 1).await;
    freshness::extend(&client, "course", &scope, holder, Duration::ZERO).await.unwrap();
    upsert(&client, None, "in_progress", None).await;
    assert_eq!(fall(&client).await.attempt, 3);
    let busy = freshness::begin(&client, "course", &scope, 3, LEASE).await.unwrap();
    assert!(matches!(busy, Begun::Busy { .. }), "and Forebay waits for the service: {busy:?}");
    upsert(&client, None, "success", None).await;
    let ended = freshness::begin(&client, "course", &scope, 2, LEASE).await.unwrap();
    assert!(matches!(ended, Begun::Ended(_)), "{ended:?}");
    assert_equal(&client).await;
}

#[tokio::test]
async fn opposite_orders_of_locks_block_nobody() {
    let (database, mut service) = world().await;
    let forebay = database.client().await;
    upsert(&service, None, "success", None).await;
    // The service holds the row, Forebay the entry; then each wants the other's.
    let transaction = service.transaction().await.unwrap();
    transaction.batch_execute("select from app.sync_metadata for update").await.unwrap();
    begin(&forebay, 1).await;
    transaction.batch_execute("update app.sync_metadata set sync_status = 'in_progress'").await.unwrap();
    transaction.commit().await.unwrap();
    assert_equal(&forebay).await;
    let entry = fall(&forebay).await;
    assert_eq!((entry.status, entry.attempt), (SyncStatus::InProgress, 2), "it joined Forebay's attempt");

    // A first sync of both at the same time.
    execute(&forebay, "delete from forebay.sync_metadata").await;
    let transaction = service.transaction().await.unwrap();
    let begun = forebay.batch_execute("begin; select forebay.begin_sync('course', '{\"semester\": \"X\"}')");
    begun.await.unwrap();
    let (inserted, committed) = tokio::join!(
        transaction.batch_execute(
            "insert into app.sync_metadata (entity_type, semester, sync_status) values ('other', 'Y', 'in_progress');
            insert into app.sync_metadata (entity_type, semester, sync_status) values ('course', 'X', 'in_progress')
                on conflict (entity_type, semester, university) do update set sync_status = excluded.sync_status"
        ),
        forebay.batch_execute("select forebay.begin_sync('third'); commit"),
    );
    inserted.unwrap();
    committed.unwrap();
    transaction.commit().await.unwrap();
    assert_equal(&forebay).await;
}

#[tokio::test]
async fn names_with_special_characters_keep_their_scope() {
    let (_database, client) = world().await;
    for university in ["Rock = Roll", "Paris, Texas", "100 % Online", "%2C", "O'Hara \"U\"", "Überlingen", ""]
    {
        let insert = "insert into app.sync_metadata (entity_type, university, sync_status) values ('course', $1, 'success')";
        client.execute(insert, &[&university]).await.unwrap();
        let scope = Scope::parse([format!("university={university}")]).unwrap();
        assert!(freshness::find(&client, "course", &scope).await.unwrap().is_some(), "{scope}");
        freshness::note_failure(&client, "course", &scope, "timeout", "no answer", None).await.unwrap();
        freshness::begin(&client, "course", &scope, 1, LEASE).await.unwrap();
        assert_equal(&client).await;
    }
    let count = "select count(*) from app.sync_metadata";
    assert_eq!(rows(&client, count).await, json!([{"count": 7}]));
    // What a scope can't contain is refused, with nothing stored.
    let insert = "insert into app.sync_metadata (entity_type, university, sync_status) values ('course', E'CSI\\r\\n', 'success')";
    let error = client.batch_execute(insert).await.unwrap_err();
    assert!(
        error.as_db_error().unwrap().message().contains("line break, in the value of university"),
        "{error:?}"
    );
    assert_eq!(rows(&client, count).await, json!([{"count": 7}]));
    // Neither column: the whole. Null equals null in ON CONFLICT.
    for _ in 0..2 {
        let whole = "insert into app.sync_metadata (entity_type, sync_status) values ('course', 'success')
            on conflict (entity_type, semester, university) do update set sync_status = excluded.sync_status";
        execute(&client, whole).await;
    }
    assert!(find(&client, "").await.is_some());
    assert_equal(&client).await;
}

#[tokio::test]
async fn the_table_follows_the_ledger() {
    let database = testing::database().await;
    let mut client = database.client().await;
    execute(&client, "select forebay.begin_sync('course', '{\"semester\": \"Fall 2026\"}')").await;
    execute(&client, "select forebay.begin_sync('course', '{\"campus\": \"North\"}')").await;
    create_freshness(&mut client, "app", &["semester", "university"]).await.unwrap();
    let shown = "select entity_type, semester, university, sync_status from app.sync_metadata";
    let expected = json!([
        {"entity_type": "course", "semester": "Fall 2026", "university": null, "sync_status": "in_progress"}
    ]);
    assert_eq!(rows(&client, shown).await, expected, "an entry with another key is not shown");
    execute(&client, "delete from forebay.sync_metadata where scope like 'semester=%'").await;
    assert_eq!(rows(&client, shown).await, json!([]));
    // A table that was damaged doesn't stop the ledger, and creating the profile again repairs the rows.
    execute(&client, "alter table app.sync_metadata add column note text").await;
    execute(&client, "alter table app.sync_metadata rename sync_status to state").await;
    execute(&client, "select forebay.begin_sync('course', '{\"semester\": \"Fall 2026\"}')").await;
    execute(&client, "alter table app.sync_metadata rename state to sync_status").await;
    let unseen = "alter table app.sync_metadata disable trigger user;
        insert into app.sync_metadata (entity_type, sync_status) values ('unseen', 'success');
        alter table app.sync_metadata enable trigger user";
    execute(&client, unseen).await;
    create_freshness(&mut client, "app", &["semester", "university"]).await.unwrap();
    assert_eq!(rows(&client, shown).await, expected);
}

#[tokio::test]
async fn a_role_that_may_only_write_the_table_can_report() {
    let (_database, client) = world().await;
    let role = "drop role if exists reporter_of_syncs; create role reporter_of_syncs;
        grant usage on schema app to reporter_of_syncs;
        grant select, insert, update, delete on app.sync_metadata to reporter_of_syncs;
        set role reporter_of_syncs";
    execute(&client, role).await;
    upsert(&client, None, "in_progress", None).await;
    upsert(&client, None, "success", None).await;
    let refused = client
        .batch_execute("select forebay_private.report_sync('course', '', 'success', now(), null)")
        .await;
    assert_eq!(refused.unwrap_err().code().unwrap().code(), "42501");
    execute(&client, "reset role").await;
    assert_eq!(fall(&client).await.status, SyncStatus::Success);
    execute(&client, "drop owned by reporter_of_syncs; drop role reporter_of_syncs").await;
}

#[tokio::test]
async fn functions_begin_and_end_a_sync() {
    let (database, client) = world().await;
    let other = database.client().await;
    let begin = "select holder, attempt, lease_until > now() + interval '9 minutes' as is_long
        from forebay.begin_sync('course', '{\"university\": \"CSI\", \"semester\": \"Fall 2026\"}')";
    let row = client.query_one(begin, &[]).await.unwrap();
    let holder: Receipt = row.get::<_, Option<Receipt>>("holder").expect("nobody holds it");
    assert!(row.get::<_, bool>("is_long"));
    let busy = other.query_one(begin, &[]).await.unwrap();
    assert_eq!((busy.get::<_, Option<Receipt>>("holder"), busy.get::<_, i64>("attempt")), (None, 1));
    assert_equal(&client).await;
    let fail = "select forebay.end_sync($1, 'failed', 'timeout', synced_at => now())";
    assert!(client.query_one(fail, &[&holder]).await.unwrap().get::<_, bool>(0));
    assert!(!client.query_one(fail, &[&holder]).await.unwrap().get::<_, bool>(0), "it ended");
    let entry = fall(&client).await;
    assert_eq!((entry.status, entry.last_sync, entry.num_failures), (SyncStatus::Failed, None, 1));

    let holder: Receipt = client.query_one(begin, &[]).await.unwrap().get("holder");
    let succeed = "select forebay.end_sync($1, 'success', num_records => 12)";
    assert!(client.query_one(succeed, &[&holder]).await.unwrap().get::<_, bool>(0));
    let entry = fall(&client).await;
    assert_eq!((entry.status, entry.num_records, entry.attempt), (SyncStatus::Success, Some(12), 2));
    assert!(entry.last_sync.is_some());
    assert_equal(&client).await;
    let wrong = client.query_one("select forebay.end_sync($1, 'done')", &[&holder]).await.unwrap_err();
    assert!(wrong.as_db_error().unwrap().message().contains("not as done"), "{wrong:?}");
}
