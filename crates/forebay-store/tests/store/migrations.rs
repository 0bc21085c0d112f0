//! The migration runner: its behaviour with custom lists, and the real list up and down.

use forebay_store::{
    migrations::{
        self, MIGRATIONS, Migration, MigrationState,
        with_list::{down, status, up},
    },
    testing::{TestDatabase, empty_database},
};
use tokio_postgres::Client;

const FIRST: Migration = Migration {
    version: 1,
    name: "first",
    up: "create table forebay.first (id int primary key); insert into forebay.first values (1);",
    down: "drop table forebay.first;",
};
const SECOND: Migration = Migration {
    version: 2,
    name: "second",
    up: "alter table forebay.first add column note text;",
    down: "alter table forebay.first drop column note;",
};

async fn text(client: &Client, sql: &str) -> String {
    client.query_typed_one(&format!("select ({sql})::text"), &[]).await.unwrap().get(0)
}

/// All objects except the server's own, to compare before and after.
async fn objects(client: &Client) -> String {
    let all = "select coalesce(string_agg(what, ', ' order by what), '') from (
            select 'schema ' || nspname as what from pg_namespace
            union all
            select nspname || '.' || relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
            union all
            select nspname || '.' || proname from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
            union all
            select nspname || '.' || typname from pg_type join pg_namespace on pg_namespace.oid = typnamespace
        ) as objects where what !~ '^(schema )?(pg_|information_schema)'";
    text(client, all).await
}

#[tokio::test]
async fn migrations_are_applied_once_and_reverted_in_order() {
    let database = empty_database().await;
    let mut client = database.client().await;
    let list = [FIRST, SECOND];
    assert_eq!(up(&mut client, &list[..1]).await.unwrap(), [1]);
    assert_eq!(up(&mut client, &list).await.unwrap(), [2]);
    assert_eq!(up(&mut client, &list).await.unwrap(), [0; 0]);
    let lines = status(&client, &list).await.unwrap();
    assert!(
        lines.iter().all(|line| line.state == MigrationState::Applied && line.applied_at.is_some()),
        "{lines:?}"
    );

    assert_eq!(down(&mut client, &list, 1).await.unwrap(), [2]);
    assert_eq!(status(&client, &list).await.unwrap()[1].state, MigrationState::Pending);
    assert_eq!(
        text(&client, "select count(*) from forebay.first").await,
        "1",
        "the first migration is not applied again"
    );
    assert_eq!(down(&mut client, &list, 0).await.unwrap(), [1]);
    assert_eq!(objects(&client).await, "schema public");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_clients_can_migrate_concurrently() {
    let database = empty_database().await;
    let mut runners = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut client = database.client().await;
        runners.spawn(async move { up(&mut client, &[FIRST, SECOND]).await });
    }
    let mut applied: Vec<u32> = Vec::new();
    while let Some(outcome) = runners.join_next().await {
        applied.extend(outcome.unwrap().unwrap());
    }
    applied.sort_unstable();
    assert_eq!(applied, [1, 2], "each migration is applied by one process");
}

#[tokio::test]
async fn a_failure_rolls_back_its_own_migration_only() {
    let database = empty_database().await;
    let mut client = database.client().await;
    let broken = Migration { up: "create table forebay.half (id int); select 1 / 0;", ..SECOND };
    let error = up(&mut client, &[FIRST, broken]).await.unwrap_err();
    assert_eq!(error.code(), "migration_failed");
    assert_eq!(error.server().unwrap().sqlstate(), Some("22012"));
    let states: Vec<_> =
        status(&client, &[FIRST, broken]).await.unwrap().iter().map(|line| line.state).collect();
    assert_eq!(states, [MigrationState::Applied, MigrationState::Pending]);
    assert!(!objects(&client).await.contains("half"));
    assert_eq!(up(&mut client, &[FIRST, SECOND]).await.unwrap(), [2], "the fixed migration is applied");
}

#[tokio::test]
async fn a_changed_migration_is_drift() {
    let database = empty_database().await;
    let mut client = database.client().await;
    up(&mut client, &[FIRST]).await.unwrap();
    let changed = Migration { up: "create table forebay.first (id bigint);", ..FIRST };
    let error = up(&mut client, &[changed, SECOND]).await.unwrap_err();
    assert_eq!(error.code(), "migration_drift");
    assert_eq!(status(&client, &[changed]).await.unwrap()[0].state, MigrationState::Drifted);
    assert_eq!(down(&mut client, &[changed], 0).await.unwrap(), [1], "a drifted migration can be reverted");
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let database = empty_database().await;
    let mut client = database.client().await;
    up(&mut client, &[FIRST, SECOND]).await.unwrap();
    for error in
        [up(&mut client, &[FIRST]).await.unwrap_err(), down(&mut client, &[FIRST], 0).await.unwrap_err()]
    {
        assert_eq!(error.code(), "schema_newer");
        assert!(error.to_string().contains("version 2"), "{error}");
    }
    let lines = status(&client, &[FIRST]).await.unwrap();
    assert_eq!((lines[1].name.as_str(), lines[1].state), ("second", MigrationState::Unknown));
}

#[tokio::test]
async fn user_objects_are_kept() {
    let database = empty_database().await;
    let mut client = database.client().await;
    client.batch_execute("create schema forebay; create table forebay.mine (id int)").await.unwrap();
    up(&mut client, &[FIRST]).await.unwrap();
    down(&mut client, &[FIRST], 0).await.unwrap();
    assert_eq!(text(&client, "to_regclass('forebay.mine')").await, "forebay.mine");
    assert_eq!(text(&client, "to_regclass('forebay.schema_migrations') is null").await, "true");
}

#[tokio::test]
async fn reading_the_status_creates_nothing() {
    let database = empty_database().await;
    let mut client = database.client().await;
    let before = objects(&client).await;
    let lines = migrations::status(&client).await.unwrap();
    assert_eq!(lines.len(), MIGRATIONS.len());
    assert!(lines.iter().all(|line| line.state == MigrationState::Pending), "{lines:?}");
    let error = migrations::ensure(&mut client, false).await.unwrap_err();
    assert_eq!(error.code(), "schema_missing");
    assert!(error.hint().unwrap().contains("forebay db up"));
    assert_eq!(objects(&client).await, before);
}

#[tokio::test]
async fn the_real_migrations_can_be_reverted_and_applied_again() {
    let database: TestDatabase = empty_database().await;
    let mut client = database.client().await;
    let before = objects(&client).await;
    migrations::ensure(&mut client, true).await.unwrap();
    migrations::ensure(&mut client, false).await.unwrap();
    let after = objects(&client).await;
    assert_eq!(migrations::reset(&mut client).await.unwrap().len(), MIGRATIONS.len());
    assert_eq!(objects(&client).await, after, "reverting and applying again restores the schema");
    migrations::down(&mut client, 0).await.unwrap();
    assert_eq!(objects(&client).await, before, "no object is left");
}

#[tokio::test]
async fn a_reference_can_be_deleted_at_every_version() {
    let database = empty_database().await;
    let mut client = database.client().await;
    migrations::up(&mut client).await.unwrap();
    let latest = MIGRATIONS.last().unwrap().version;
    let first = MIGRATIONS.iter().find(|migration| migration.name == "references").unwrap().version;
    for version in (first..=latest).rev() {
        migrations::down(&mut client, version).await.unwrap();
        let insert_and_delete = "insert into forebay.sources (name, entity_type, key_fields) values ('s', 't', '{id}');
            insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
                    scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
                select forebay.reference_id('s', '1'), now(), now(), now(), 1, 1, source_id, 1, sha256(''), 't', '', '1', '{}'
                from forebay.sources where name = 's';
            delete from forebay.\"references\";
            delete from forebay.sources";
        let outcome = client.batch_execute(insert_and_delete).await;
        assert!(outcome.is_ok(), "at version {version}: {outcome:?}");
        let versions = MIGRATIONS.iter().map(|migration| migration.version);
        let expected: Vec<u32> = versions.filter(|applied| *applied > version).collect();
        assert_eq!(migrations::up(&mut client).await.unwrap(), expected);
    }
}
