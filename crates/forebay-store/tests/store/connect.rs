//! Opening databases: the pool, connections outside it, and the errors if there is no database.

use std::time::Duration;

use forebay_store::{
    Database, Error, Target,
    connect::{Limits, OpenOptions},
    testing,
};

use crate::support::Place;

#[tokio::test]
async fn a_migrated_configured_database_is_ready() {
    let first = testing::database().await;
    let second = testing::database().await;
    assert_ne!(first.url(), second.url());
    let client = first.client().await;
    let count = client.query_typed_one("select count(*) from forebay.schema_migrations", &[]).await.unwrap();
    assert_eq!(count.get::<_, i64>(0), i64::try_from(forebay_store::migrations::MIGRATIONS.len()).unwrap());
}

#[tokio::test]
async fn the_pool_is_limited() {
    let test = testing::empty_database().await;
    let options =
        OpenOptions { pool_size: 1, wait_timeout: Duration::from_millis(50), ..OpenOptions::default() };
    let database = Database::open(test.target(), options).await.unwrap();
    assert!(!database.is_embedded());
    let client = database.client().await.unwrap();
    let row = client.query_typed_one("select current_setting('application_name')", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "forebay");
    assert_eq!(database.client().await.unwrap_err().code(), "busy");
    drop(client);
    drop(database.client().await.unwrap());
    database.close().await.unwrap();
}

#[tokio::test]
async fn statements_are_limited_unless_the_url_says_otherwise() {
    let test = testing::empty_database().await;
    let limits = Some(Limits {
        lock_timeout: Duration::from_secs(3),
        statement_timeout: Duration::from_micros(9_000_500),
    });
    let options = OpenOptions { limits, ..OpenOptions::default() };
    let database = Database::open(test.target(), options.clone()).await.unwrap();
    let limits = "select current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')";
    let dedicated = database.dedicated().await.unwrap();
    let row = dedicated.client.query_typed_one(limits, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "3s 9001ms");
    database.close().await.unwrap();

    let url = format!("{}?options=-c%20statement_timeout%3D7s", test.url());
    let database = Database::open(Target::Url(url), options).await.unwrap();
    let client = database.client().await.unwrap();
    let row = client.query_typed_one(limits, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "3s 7s");
}

#[tokio::test]
async fn a_dedicated_connection_receives_notifications() {
    let test = testing::empty_database().await;
    let database = test.open().await;
    let mut listener = database.dedicated().await.unwrap();
    listener.client.batch_execute("listen jobs").await.unwrap();
    database.client().await.unwrap().batch_execute("select pg_notify('jobs', 'ready')").await.unwrap();
    let heard =
        tokio::time::timeout(Duration::from_mins(1), listener.notifications.recv()).await.unwrap().unwrap();
    assert_eq!((heard.channel(), heard.payload()), ("jobs", "ready"));
}

#[tokio::test]
async fn the_embedded_database_is_opened_and_closed() {
    let place = Place::new();
    let database = Database::embedded(&place.options(), OpenOptions::default()).await.unwrap();
    assert!(database.is_embedded());
    let client = database.client().await.unwrap();
    client.batch_execute("select 1").await.unwrap();
    drop(client);
    database.close().await.unwrap();
    assert_eq!(place.pid().await, None);
}

async fn refusal(url: &str) -> Error {
    let error = Database::open(Target::Url(url.into()), OpenOptions::default()).await.unwrap_err();
    let mut words = format!("{error} {error:?} {:?}", error.hint());
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        words.extend([inner.to_string(), format!("{inner:?}")]);
        source = inner.source();
    }
    assert!(!words.contains("hunter2"), "{words}");
    error
}

#[tokio::test]
async fn a_missing_server_or_database_is_unreachable_without_leaking_the_password() {
    let error = refusal("postgresql://me:hunter2@127.0.0.1:1/db").await;
    assert_eq!(error.code(), "database_unreachable");
    assert!(error.is_unreachable());
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");

    let test = testing::empty_database().await;
    let elsewhere = test.url().replace("forebay@", "forebay:hunter2@").replace("/test_", "/not_there_");
    let error = refusal(&elsewhere).await;
    assert!(error.is_unreachable());
    assert_eq!(error.server().unwrap().sqlstate(), Some("3D000"));
    assert!(error.hint().unwrap().contains("Create the database"));
}

#[tokio::test]
async fn a_server_without_encryption_is_recognised() {
    // Answers the request for encryption with "no", like a server without a certificate.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_exact(&mut [0; 8]).await.unwrap();
        stream.write_all(b"N").await.unwrap();
    });
    let error = refusal(&format!("postgresql://me:hunter2@127.0.0.1:{port}/db?sslmode=require")).await;
    assert_eq!(error.code(), "database_tls");
    assert!(error.is_unreachable());
}

#[tokio::test]
async fn errors_of_the_server_do_not_contain_the_row() {
    let test = testing::empty_database().await;
    let client = test.client().await;
    client
        .batch_execute("create table people (name text constraint has_no_digits check (name !~ '[0-9]'))")
        .await
        .unwrap();
    let error = client.batch_execute("insert into people values ('hunter2')").await.unwrap_err();
    let error = Error::from(error);
    assert_eq!(error.code(), "database_refused");
    assert_eq!(error.constraint(), Some("has_no_digits"));
    assert!(!error.is_unreachable());
    assert!(error.to_string().contains("23514"), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}
