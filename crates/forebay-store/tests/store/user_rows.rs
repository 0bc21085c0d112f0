//! Reading rows of a user's own tables as records, and counting contract versions separately.

use std::{io::Read, time::Duration};

use forebay_domain::identity::ReferenceId;
use forebay_store::{
    Database, Error,
    testing::{TestDatabase, database},
    user_rows::{self, RowsSpec, VersionCount},
};

use crate::story::Story;

const MINUTE: Duration = Duration::from_mins(1);

/// An older table with upper-case names that need quotes.
const LEGACY: &str = r#"
    create schema "Old Site";
    create table "Old Site"."Course List" (
        id int primary key, "a ""name""" text, price numeric, details json, tags text[], contract_version text
    );
    insert into "Old Site"."Course List" values
        (1, 'Intro', 12.50, E'{\n  "b": 1,\n  "a": [1, 2]\n}', array['x', 'y'], '0'),
        (2, E'line\nbreak', 123456789012345678901234567890.1, null, null, '1'),
        (3, null, 'NaN', '[]', '{}', 'v2'),
        (4, null, null, null, null, null);
"#;

async fn with(sql: &str) -> (TestDatabase, Database) {
    let database = database().await;
    database.client().await.batch_execute(sql).await.unwrap();
    let open = database.open().await;
    (database, open)
}

/// All rows as text, read on a thread that may block.
async fn read(database: &Database, spec: RowsSpec) -> Result<String, Error> {
    let mut rows = user_rows::start(database, spec).await?;
    let reading = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        rows.read_to_string(&mut text).map(|_| text).map_err(|error| error.downcast::<Error>().unwrap())
    });
    reading.await.unwrap()
}

#[tokio::test]
async fn each_row_is_one_line() {
    let (_test, database) = with(LEGACY).await;
    let spec = RowsSpec::table("Old Site.Course List", MINUTE).unwrap();
    let text = read(&database, spec).await.unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4);
    let rows: Vec<serde_json::Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&rows[0]["id"], &rows[0]["tags"][1]), (&1.into(), &"y".into()));
    assert_eq!(rows[0]["details"], serde_json::json!({"b": 1, "a": [1, 2]}));
    assert_eq!(rows[1][r#"a "name""#], "line\nbreak");
    // Numbers keep all their digits.
    assert!(lines[0].contains("\"price\":12.50") && lines[1].contains(":123456789012345678901234567890.1,"));
    assert_eq!(rows[2]["price"], "NaN");
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_query_can_only_read_and_is_one_statement() {
    let (_test, database) = with("create table t (id int); insert into t select generate_series(1, 3)").await;
    let query = |text: &str| read(&database, RowsSpec::query(text, MINUTE));
    assert_eq!(
        query("select id * 2 as n from t order by id -- twice\n;\n").await.unwrap(),
        "{\"n\":2}\n{\"n\":4}\n{\"n\":6}\n"
    );
    assert_eq!(query("select id from t where false").await.unwrap(), "");
    for refused in [
        "with gone as (delete from t returning id) select * from gone",
        "delete from t returning id",
        "select 1) as r; delete from t; select * from (select 1",
        "select nextval('no_such_sequence')",
        "",
    ] {
        assert!(query(refused).await.is_err(), "{refused}");
    }
    // The read-only transaction refuses the writes of a function in the query.
    let client = database.client().await.unwrap();
    let sly = "create function sly() returns int language sql as 'delete from t returning id'";
    client.batch_execute(sly).await.unwrap();
    let error = query("select sly()").await.unwrap_err();
    assert!(error.to_string().contains("read-only"), "{error}");
    let left: i64 = client.query_one("select count(*) from t", &[]).await.unwrap().get(0);
    assert_eq!(left, 3);
    drop(client);
    database.close().await.unwrap();
}

#[tokio::test]
async fn an_error_during_reading_follows_the_rows() {
    let (_test, database) = with("create table t (id int)").await;
    let late = "select 1 / (1000000 - n) as x from generate_series(1, 1000000) as n";
    let mut rows = user_rows::start(&database, RowsSpec::query(late, MINUTE)).await.unwrap();
    let reading = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        let error = rows.read_to_end(&mut bytes).unwrap_err();
        (bytes.len(), error.downcast::<Error>().unwrap())
    });
    let (length, error) = reading.await.unwrap();
    assert!(length > 1 << 20, "only {length} bytes arrived before the error");
    assert!(error.to_string().contains("division by zero"), "{error}");

    let slow = RowsSpec::query("select pg_sleep(1000)", Duration::from_millis(50));
    let error = read(&database, slow).await.unwrap_err();
    assert!(error.to_string().contains("timeout"), "{error}");
    let missing = RowsSpec::table("no_such_table", MINUTE).unwrap();
    assert!(user_rows::start(&database, missing).await.is_err());
    database.close().await.unwrap();
}

#[tokio::test]
async fn dropping_the_rows_ends_the_query() {
    let (_test, database) = with("create table t (id int)").await;
    let client = database.client().await.unwrap();
    let endless = "select n, repeat('x', 1000) as filler from generate_series(1, 100000000) as n";
    drop(user_rows::start(&database, RowsSpec::query(endless, MINUTE)).await.unwrap());
    let running =
        "select count(*) from pg_stat_activity where query like '%100000000%' and pid <> pg_backend_pid()
        and datname = current_database() and state <> 'idle'";
    crate::support::eventually("the query ends", || async {
        client.query_one(running, &[]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await;
    drop(client);
    database.close().await.unwrap();
}

#[tokio::test]
async fn reserved_names_are_refused() {
    for name in ["forebay.references", "pg_catalog.pg_authid", "a\"; drop table x", "a.b.c", ""] {
        assert_eq!(RowsSpec::table(name, MINUTE).unwrap_err().code(), "name_refused", "{name}");
    }
    let spec = RowsSpec::table("t", MINUTE).unwrap();
    assert!(spec.with_contract_version("v\" from t; --").is_err());
}

#[tokio::test]
async fn contract_versions_are_stored_and_counted() {
    let (_test, database) = with(LEGACY).await;
    let spec = RowsSpec::table("Old Site.Course List", MINUTE).unwrap();
    assert_eq!(user_rows::rows_by_version(&database, &spec).await.unwrap(), []);
    let spec = spec.with_contract_version("contract_version").unwrap();
    let counts = |pairs: &[(i16, i64)]| -> Vec<VersionCount> {
        pairs.iter().map(|&(contract_version, count)| VersionCount { contract_version, count }).collect()
    };
    assert_eq!(user_rows::rows_by_version(&database, &spec).await.unwrap(), counts(&[(0, 3), (1, 1)]));
    database.close().await.unwrap();

    let story = Story::build().await;
    let (client, source_id) = (&story.client, story.source.source_id);
    assert_eq!(user_rows::references_by_version(client, source_id).await.unwrap(), counts(&[(1, 2)]));
    // The run of day 4 wrote CSC-126, the run of day 1 HST-101.
    let (first, last) = (story.runs[0], story.runs[3]);
    let label =
        "update forebay.\"references\" set payload = payload || '{\"v\": 3}' where record_key = 'CSC-126'";
    client.batch_execute(label).await.unwrap();
    let ids = ["CSC-126", "HST-101"].map(|key| ReferenceId::compute(&story.source.name, key));
    assert_eq!(user_rows::mark(client, last, &ids, "v").await.unwrap(), 1);
    assert_eq!(
        user_rows::mark(client, last, &ids, "v").await.unwrap(),
        0,
        "unchanged references are not written"
    );
    assert_eq!(user_rows::references_by_version(client, source_id).await.unwrap(), counts(&[(1, 1), (3, 1)]));
    // A missing version becomes 0.
    assert_eq!(user_rows::mark(client, first, &ids, "v").await.unwrap(), 1);
    assert_eq!(user_rows::references_by_version(client, source_id).await.unwrap(), counts(&[(0, 1), (3, 1)]));
}
