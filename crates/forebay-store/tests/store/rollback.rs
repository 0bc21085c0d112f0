//! Reverting: to every version and back with rows in the tables, what would be lost, and what keeps it from happening.

use forebay_store::{
    migrations::{self, Loss, MIGRATIONS, with_list},
    testing::{TestDatabase, empty_database},
};
use tokio_postgres::Client;

use crate::dump;

/// Rows for the tables, in the order of their migrations. Safe to run again.
const ROWS: [(&str, &str); 13] = [
    (
        "sources",
        "insert into forebay.sources (name, entity_type, key_fields) values ('s', 'course', '{id}')
         on conflict do nothing",
    ),
    (
        "scrape_runs",
        "insert into forebay.scrape_runs (source_id, scope, status, is_complete, with_handoffs, engine, input,
             observed_at, ended_at)
         select s.source_id, '', 'complete', true, true, 'persist', '-', now(), now() from forebay.sources as s
         where not exists (select from forebay.scrape_runs)",
    ),
    (
        "references",
        "insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
             scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
         select forebay.reference_id('s', '1'), now(), now(), now(), 1, 1, s.source_id, 1, sha256(''), 'course', '', '1',
             '{}'
         from forebay.sources as s
         on conflict do nothing",
    ),
    (
        "reference_revisions",
        "select forebay_private.ensure_month('reference_revisions', '2026-01-05');
         insert into forebay.reference_revisions (reference_id, changed_at, scrape_run_id, version, change, field_name)
         select r.reference_id, '2026-01-05', 1, 1, 'updated', 'title' from forebay.\"references\" as r
         on conflict do nothing",
    ),
    (
        "ingestion_handoffs",
        "insert into forebay.ingestion_handoffs (reference_id, pipeline_id, source_id, payload_hash, version, generation,
             change, reason_code, run_id, priority, not_before)
         select r.reference_id, 1, r.source_id, r.version_hash, 1, 1, 'added', 'added', 1, 0, now()
         from forebay.\"references\" as r
         on conflict do nothing",
    ),
    (
        "ingestion_attempts",
        "insert into forebay.ingestion_attempts (reference_id, pipeline_id, payload_hash, attempt, failure_class,
             reason_code, message)
         select r.reference_id, 1, r.version_hash, 1, 'transient', 'refused', 'no' from forebay.\"references\" as r
         where not exists (select from forebay.ingestion_attempts)",
    ),
    (
        "documents",
        "insert into forebay.documents (reference_id, pipeline_id, num_chunks, language, payload_hash, title)
         select r.reference_id, 1, 1, 'simple', r.version_hash, 't' from forebay.\"references\" as r
         on conflict do nothing",
    ),
    (
        "document_chunks",
        "insert into forebay.document_chunks (reference_id, chunk_id, pipeline_id, ordinal, language, content_hash, title,
             heading, content, search)
         select r.reference_id, r.reference_id, 1, 0, 'simple', r.version_hash, 't', '', 'c', to_tsvector('simple', 'c')
         from forebay.\"references\" as r
         on conflict do nothing",
    ),
    ("workers", "insert into forebay.workers (worker) values ('w') on conflict do nothing"),
    (
        "sync_metadata",
        "insert into forebay.sync_metadata (entity_type, scope, status, attempt) values ('course', '', 'success', 1)
         on conflict do nothing",
    ),
    (
        "scrape_logs",
        "select forebay_private.ensure_month('scrape_logs', '2026-01-05');
         insert into forebay.scrape_logs (run_id, logged_at, level, message)
         select 1, '2026-01-05', 'info', 'm' where not exists (select from forebay.scrape_logs)",
    ),
    (
        "content_pieces",
        "insert into forebay.content_pieces (project, piece_slug, title) values ('p', 'c', 't') on conflict do nothing",
    ),
    (
        "course_metadata",
        "insert into forebay.course_metadata (piece_id) select p.piece_id from forebay.content_pieces as p
         on conflict do nothing",
    ),
];

async fn value(client: &Client, expression: &str) -> String {
    client.query_one(&format!("select ({expression})::text"), &[]).await.unwrap().get(0)
}

/// Fills the tables that exist.
async fn fill(client: &Client) {
    for (table, statement) in ROWS {
        if value(client, &format!("to_regclass('forebay.\"{table}\"') is not null")).await == "true" {
            client.batch_execute(statement).await.unwrap_or_else(|error| panic!("{table}: {error:?}"));
        }
    }
}

/// The tables of [`ROWS`] that have rows.
async fn filled(client: &Client) -> Vec<&'static str> {
    let mut filled = Vec::new();
    for (table, _) in ROWS {
        if value(client, &format!("to_regclass('forebay.\"{table}\"') is not null")).await == "true"
            && value(client, &format!("exists (select from forebay.\"{table}\")")).await == "true"
        {
            filled.push(table);
        }
    }
    filled
}

#[tokio::test]
async fn every_version_can_be_reverted_to_and_left_again_with_rows() {
    let database: TestDatabase = empty_database().await;
    let mut client = database.client().await;
    let (mut schemas, mut tables) = (vec![String::new()], vec![Vec::new()]);
    for number in 1..=MIGRATIONS.len() {
        with_list::up(&mut client, &MIGRATIONS[..number]).await.unwrap();
        fill(&client).await;
        schemas.push(dump::schema(&database).await);
        tables.push(filled(&client).await);
    }
    assert_eq!(tables.last().unwrap().len(), ROWS.len(), "every table has rows");
    let latest = u32::try_from(MIGRATIONS.len()).unwrap();
    for version in (1..latest).rev() {
        let place = usize::try_from(version).unwrap();
        migrations::down(&mut client, version).await.unwrap();
        dump::assert_same(&dump::schema(&database).await, &schemas[place], &format!("down to {version}"));
        assert_eq!(filled(&client).await, tables[place], "down to {version}: rows of older tables are kept");
        migrations::up(&mut client).await.unwrap();
        fill(&client).await;
        dump::assert_same(
            &dump::schema(&database).await,
            schemas.last().unwrap(),
            &format!("up from {version}"),
        );
    }
}

#[tokio::test]
async fn what_a_revert_would_delete_is_counted_and_nothing_is_changed() {
    let database = empty_database().await;
    let mut client = database.client().await;
    migrations::up(&mut client).await.unwrap();
    fill(&client).await;
    let before = dump::schema(&database).await;
    let references = MIGRATIONS.iter().find(|migration| migration.name == "references").unwrap().version;
    let losses = migrations::losses(&mut client, references).await.unwrap();
    let rows = |table: &str| losses.iter().find(|loss| loss.table == table).map(|loss| loss.num_rows);
    assert_eq!(rows("forebay.ingestion_handoffs"), Some(1), "{losses:?}");
    assert_eq!(rows("forebay.course_lessons"), Some(0), "{losses:?}");
    assert_eq!(rows("forebay.\"references\""), None, "it stays: {losses:?}");
    let all = migrations::losses(&mut client, 0).await.unwrap();
    assert!(all.contains(&Loss { table: "forebay.\"references\"".to_owned(), num_rows: 1 }), "{all:?}");
    dump::assert_same(&dump::schema(&database).await, &before, "nothing was reverted");
    assert_eq!(filled(&client).await.len(), ROWS.len());
}

#[tokio::test]
async fn dependent_objects_of_the_user_keep_everything() {
    let database = empty_database().await;
    let mut client = database.client().await;
    migrations::up(&mut client).await.unwrap();
    fill(&client).await;
    client
        .batch_execute(
            "create view public.titles as select payload ->> 'title' as title from forebay.\"references\";
             create table public.notes (id uuid references forebay.\"references\");
             create function public.id_of(key text) returns uuid language sql return forebay.reference_id('s', key);
             create view public.own as select 1 as one",
        )
        .await
        .unwrap();
    let before = dump::schema(&database).await;
    for error in [
        migrations::losses(&mut client, 0).await.unwrap_err(),
        migrations::down(&mut client, 0).await.unwrap_err(),
        migrations::down(&mut client, 1).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), "schema_in_use", "{error:?}");
        let message = error.to_string();
        for name in ["view titles (on table forebay.\"references\")", "notes_id_fkey", "function id_of(text)"]
        {
            assert!(message.contains(name), "{name} is not in: {message}");
        }
        assert!(!message.contains("view own"), "{message}");
    }
    dump::assert_same(&dump::schema(&database).await, &before, "nothing was reverted");
    assert_eq!(filled(&client).await.len(), ROWS.len());
    client
        .batch_execute("drop view public.titles; drop table public.notes; drop function public.id_of(text)")
        .await
        .unwrap();
    assert_eq!(migrations::down(&mut client, 0).await.unwrap().len(), MIGRATIONS.len());
}
