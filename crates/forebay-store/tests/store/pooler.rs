//! Everything through PgBouncer in transaction mode, with two server connections for eight clients. Session state and
//! named statements fail here. Skipped if PgBouncer is not installed.

use std::time::Duration;

use forebay_store::{
    Database, Target,
    connect::{ConnectionKind, Limits, OpenOptions},
    migrations::{self, MIGRATIONS},
    runs::ScopeLease,
    testing::{self, Pooler, TestDatabase, empty_database},
};

/// A pooler with two connections to the server; `None` says that the test is skipped.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
pub(crate) async fn start(database: &TestDatabase) -> Option<Pooler> {
    let pooler = Pooler::start(database, 2).await;
    if pooler.is_none() {
        println!("SKIPPED: PgBouncer is not installed");
    }
    pooler
}

pub(crate) async fn open(pooler: &Pooler, database: &TestDatabase, options: OpenOptions) -> Database {
    Database::open(Target::Url(pooler.url(database)), options).await.unwrap()
}

#[tokio::test]
async fn eight_clients_migrate_through_two_connections() {
    let test = empty_database().await;
    let Some(pooler) = start(&test).await else { return };
    let database = std::sync::Arc::new(open(&pooler, &test, OpenOptions::default()).await);
    let mut runners = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let database = database.clone();
        runners.spawn(async move {
            let mut client = database.client().await?;
            migrations::up(&mut client).await
        });
    }
    let mut applied = 0;
    while let Some(outcome) = runners.join_next().await {
        applied += outcome.unwrap().unwrap().len();
    }
    assert_eq!(applied, MIGRATIONS.len(), "each migration is applied by one client");

    let mut client = database.client().await.unwrap();
    migrations::ensure(&mut client, false).await.unwrap();
    assert_eq!(migrations::reset(&mut client).await.unwrap().len(), MIGRATIONS.len());
}

#[tokio::test]
async fn limits_of_statements_do_not_stop_a_connection() {
    let test = empty_database().await;
    let Some(pooler) = start(&test).await else { return };
    let limits = Some(Limits::default());
    let database = open(&pooler, &test, OpenOptions { limits, ..OpenOptions::default() }).await;
    let client = database.client().await.unwrap();
    let row = client.query_typed_one("select current_setting('lock_timeout')", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "0", "the pooler's own connections are not changed");
}

#[tokio::test]
async fn a_connection_says_what_is_between() {
    let test = empty_database().await;
    let direct = Database::open(Target::Url(test.direct_url()), OpenOptions::default()).await.unwrap();
    assert_eq!(direct.kind().await.unwrap(), ConnectionKind::Direct);
    direct.require_session("a test").await.unwrap();
    for (mode, num_connections, kind) in [
        ("transaction", 1, ConnectionKind::TransactionPooler),
        ("transaction", 4, ConnectionKind::TransactionPooler),
        ("session", 1, ConnectionKind::SessionPooler),
        ("session", 4, ConnectionKind::SessionPooler),
    ] {
        let Some(pooler) = Pooler::start_in_mode(&test, num_connections, mode).await else {
            println!("SKIPPED: PgBouncer is not installed");
            return;
        };
        let database = Database::open_lazily(&pooler.url(&test), &OpenOptions::default()).unwrap();
        assert_eq!(database.kind().await.unwrap(), kind, "{mode} {num_connections}");
        let required = database.require_session("a test").await;
        assert_eq!(required.is_err(), kind == ConnectionKind::TransactionPooler, "{required:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_leases_than_connections_are_held_and_extended() {
    let test = testing::database().await;
    let Some(pooler) = start(&test).await else { return };
    let database = open(&pooler, &test, OpenOptions::default()).await;
    let client = test.client().await;
    let source = "insert into forebay.sources (name, entity_type, key_fields) values ('s', 'record', '{id}')";
    client.batch_execute(source).await.unwrap();
    let mut leases = Vec::new();
    for number in 0..10 {
        let scope = format!("part={number}").parse().unwrap();
        leases.push(ScopeLease::acquire(&database, 1, &scope, Duration::ZERO, |_| {}).await.unwrap());
    }
    let backends = "select count(backend_pid) from forebay.scope_leases";
    assert_eq!(client.query_one(backends, &[]).await.unwrap().get::<_, i64>(0), 0, "they are the pooler's");
    client
        .batch_execute("update forebay.scope_leases set lease_until = now() + interval '8 s'")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(9)).await;
    let held = "select count(*) from forebay.scope_leases as l where forebay_private.is_held(l)";
    assert_eq!(client.query_one(held, &[]).await.unwrap().get::<_, i64>(0), 10);
    drop(leases);
    database.close().await.unwrap();
    assert_eq!(client.query_one(held, &[]).await.unwrap().get::<_, i64>(0), 0);
}
