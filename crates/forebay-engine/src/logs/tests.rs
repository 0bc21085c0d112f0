//! Stores lines in a real database, and drops lines while it is unreachable.

use forebay_store::{connect::OpenOptions, logs::LogFilter, testing};

use super::*;

async fn stored(database: &Database) -> Vec<String> {
    let filter = LogFilter { run_id: 1, min_level: Level::Debug, grep: None, after: None };
    let client = database.client().await.unwrap();
    let lines = logs::read(&**client, &filter, 100_000).await.unwrap();
    lines.into_iter().map(|line| line.message).collect()
}

/// Waits until at least so many lines are stored.
async fn until_stored(database: &Database, num_lines: usize) {
    let wait = async {
        while stored(database).await.len() < num_lines {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(3), wait).await.expect("the lines are not stored");
}

#[tokio::test]
async fn lines_above_the_level_are_written_in_batches() {
    let test = testing::database().await;
    let database = test.open().await;
    let (sink, writer) = channel(1, Level::Info);
    assert!(sink.keeps(Level::Warn) && !sink.keeps(Level::Debug));
    let say = async {
        for number in 0..1_200 {
            sink.log(Level::Info, format!("line {number}"), json!({"number": number}));
            sink.log(Level::Debug, "not kept", json!({}));
        }
        drop(sink);
    };
    let (written, ()) = tokio::join!(writer.run(&database), say);
    assert_eq!(written, LogsWritten { num_written: 1_200, num_dropped: 0 });
    let lines = stored(&database).await;
    assert!((0..1_200).all(|number| lines[number] == format!("line {number}")));
    // One transaction for each batch, not one for each line.
    let client = database.client().await.unwrap();
    let statement = "select count(distinct xmin::text) from forebay.scrape_logs";
    assert_eq!(client.query_one(statement, &[]).await.unwrap().get::<_, i64>(0), 3);
}

#[tokio::test]
async fn a_line_is_written_while_the_run_continues() {
    let test = testing::database().await;
    let database = test.open().await;
    let (sink, writer) = channel(1, Level::Debug);
    let say = async {
        sink.log(Level::Error, "x".repeat(MAX_MESSAGE - 1) + "é", json!({"long": "y".repeat(MAX_METADATA)}));
        until_stored(&database, 1).await;
        drop(sink);
    };
    let (written, ()) = tokio::join!(writer.run(&database), say);
    assert_eq!(written, LogsWritten { num_written: 1, num_dropped: 0 });
    assert_eq!(stored(&database).await, ["x".repeat(MAX_MESSAGE - 1)], "cut at a character");
}

#[tokio::test]
async fn lines_lost_during_an_outage_are_counted_and_reported() {
    const SAID: u64 = 6_000;
    let test = testing::database().await;
    // An outage of the server, not of a pooler's connections to it.
    let database = Database::open(test.direct_target(), OpenOptions::default()).await.unwrap();
    let name: String = {
        let client = database.client().await.unwrap();
        client.query_one("select current_database()::text", &[]).await.unwrap().get(0)
    };
    let admin = database.sibling("postgres").await.unwrap();
    let admin = admin.client().await.unwrap();
    let unavailable = format!(
        "alter database {name} allow_connections false;
         select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{name}'"
    );
    admin.batch_execute(&unavailable).await.unwrap();

    let (sink, writer) = channel(1, Level::Info);
    for number in 0..SAID {
        sink.log(Level::Info, format!("line {number}"), json!({}));
    }
    let back = async {
        // The writer came first and cannot connect either.
        assert!(database.client().await.unwrap_err().is_unreachable());
        let statement = format!("alter database {name} allow_connections true");
        admin.batch_execute(&statement).await.unwrap();
        until_stored(&database, CAPACITY).await;
        drop(sink);
    };
    let (written, ()) = tokio::join!(writer.run(&database), back);
    let num_dropped = SAID - CAPACITY as u64;
    assert_eq!(written, LogsWritten { num_written: CAPACITY as u64 + 1, num_dropped });
    let lines = stored(&database).await;
    let expected =
        format!("{num_dropped} lines before this one were lost: the database was unreachable for too long");
    assert_eq!(lines.iter().filter(|line| **line == expected).count(), 1);
}

#[tokio::test]
async fn a_finished_run_does_not_wait_for_the_database() {
    let test = testing::database().await;
    let database = test.open().await;
    database.client().await.unwrap().batch_execute("drop table forebay.scrape_logs cascade").await.unwrap();
    let (sink, writer) = channel(1, Level::Info);
    for _ in 0..700 {
        sink.log(Level::Info, "to nowhere", json!({}));
    }
    drop(sink);
    assert_eq!(writer.run(&database).await, LogsWritten { num_written: 0, num_dropped: 700 });
}
