//! Logs: batches across months, continuing from a line, searching, and dropping old months.

use std::time::Duration;

use forebay_store::{
    logs::{self, Grep, Level, LogFilter, LogLine, NewLine},
    maintenance::{self, Mode},
    testing,
};
use jiff::Timestamp;
use serde_json::json;
use tokio_postgres::Client;

use crate::clock::now;

fn line(at: &str, level: Level, message: &str) -> NewLine {
    let metadata = json!({"url": "https://example.test/Page", "status": 500});
    NewLine { logged_at: at.parse().unwrap(), level, message: message.into(), metadata }
}

async fn add(client: &mut Client, run_id: i64, lines: &[NewLine]) {
    let transaction = client.transaction().await.unwrap();
    logs::add(&transaction, run_id, lines).await.unwrap();
    transaction.commit().await.unwrap();
}

fn all(run_id: i64) -> LogFilter {
    LogFilter { run_id, min_level: Level::Debug, grep: None, after: None }
}

fn messages(lines: &[LogLine]) -> Vec<&str> {
    lines.iter().map(|line| line.message.as_str()).collect()
}

/// One run logs five lines around New Year, and another run logs one.
async fn say(client: &mut Client) {
    let lines = [
        line("2025-12-31T23:59:59Z", Level::Debug, "asking"),
        line("2025-12-31T23:59:59.5Z", Level::Info, "answered"),
        line("2026-01-01T00:00:00Z", Level::Warn, "it took 3 s"),
        line("2026-01-01T00:00:01Z", Level::Error, "no records\0 at all"),
        line("2026-02-01T00:00:00Z", Level::Info, "100% done"),
    ];
    add(client, 1, &lines).await;
    add(client, 2, &[line("2026-01-15T00:00:00Z", Level::Info, "another run")]).await;
}

#[tokio::test]
async fn lines_are_read_in_order_by_level_and_from_a_line_on() {
    let database = testing::database().await;
    let mut client = database.client().await;
    say(&mut client).await;
    let lines = logs::read(&client, &all(1), 100).await.unwrap();
    assert_eq!(
        messages(&lines),
        ["asking", "answered", "it took 3 s", "no records\u{fffd} at all", "100% done"]
    );
    assert!(lines.is_sorted_by(|a, b| a.log_id < b.log_id));
    assert_eq!((lines[0].level, lines[0].metadata["status"].as_i64()), (Level::Debug, Some(500)));
    let warnings = LogFilter { min_level: Level::Warn, ..all(1) };
    assert_eq!(logs::read(&client, &warnings, 100).await.unwrap(), lines[2..4]);
    // Like a reader that follows the log.
    let after = LogFilter { after: Some(lines[1].log_id), ..all(1) };
    assert_eq!(logs::read(&client, &after, 2).await.unwrap(), lines[2..4]);
    add(&mut client, 1, &[line("2026-02-01T00:00:01Z", Level::Info, "more")]).await;
    let after = LogFilter { after: Some(lines[4].log_id), ..all(1) };
    assert_eq!(messages(&logs::read(&client, &after, 100).await.unwrap()), ["more"]);
    assert_eq!(messages(&logs::read(&client, &all(2), 100).await.unwrap()), ["another run"]);
}

#[tokio::test]
async fn text_search_is_literal_and_regular_expressions_work() {
    let database = testing::database().await;
    let mut client = database.client().await;
    say(&mut client).await;
    let client = &client;
    let found = async |grep: Grep| -> Result<usize, &str> {
        let filter = LogFilter { grep: Some(grep), ..all(1) };
        logs::read(client, &filter, 100).await.map(|lines| lines.len()).map_err(|error| error.code())
    };
    let text = |text: &str| Grep::Text(text.into());
    let regex = |text: &str| Grep::Regex(text.into());
    assert_eq!(found(text("NO RECORDS")).await, Ok(1));
    assert_eq!(found(text("0%")).await, Ok(1), "a percent sign is not a wildcard");
    assert_eq!(found(text(".*")).await, Ok(0));
    assert_eq!(found(text("/page")).await, Ok(5), "metadata too");
    assert_eq!(found(regex("^(asking|ANSWERED)")).await, Ok(2));
    assert_eq!(found(regex("(")).await, Err("database_refused"));
    let filter = LogFilter { grep: Some(regex("(")), ..all(1) };
    let error = logs::read(client, &filter, 1).await.unwrap_err();
    assert!(error.hint().unwrap().contains("regular expression"));
}

#[tokio::test]
async fn words_are_found_in_all_runs_newest_first() {
    let database = testing::database().await;
    let mut client = database.client().await;
    say(&mut client).await;
    for (words, since, found) in [
        ("records", "2025-12-01", &["no records\u{fffd} at all"][..]),
        ("ANOTHER run", "2025-12-01", &["another run"]),
        (
            "done or records or 3 or another -run",
            "2026-01-01",
            &["100% done", "no records\u{fffd} at all", "it took 3 s"],
        ),
        ("example.test", "2025-12-01", &[]),
        ("\"took 3\" or asking", "2025-12-31", &["it took 3 s", "asking"]),
        ("\"3 took\"", "2025-12-31", &[]),
        ("') or true --", "2025-12-31", &[]),
    ] {
        let statement = "select message from forebay.search_logs($1, $2::text::timestamptz)";
        let rows = client.query(statement, &[&words, &since]).await.unwrap();
        let messages: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(messages, found, "{words}");
    }
    let bounded =
        "select message from forebay.search_logs('asking or answered', '2025-12-01', '2026-01-01', 1)";
    assert_eq!(client.query_one(bounded, &[]).await.unwrap().get::<_, &str>(0), "answered");
}

/// Phrases are found by a pattern first. It must not miss what the parser of Postgres finds.
#[tokio::test]
async fn phrases_are_found_wherever_the_parser_finds_them() {
    let database = testing::database().await;
    let mut client = database.client().await;
    let words =
        ["page", "Page", "read", "READ", "404", "be", "\u{212a}ey", "key", "\u{130}s", "is", "na\u{ef}ve"];
    let gaps = [
        " ", ", ", "-", "_", "/", ".", "=", ": ", "'", "\"", "\n\t", " (", " <b>", "<page a>", "&amp;",
        " & ", "://", " http://", "@", "\u{a0}", "\u{2014}", " x ", "", "1", " -", "+",
    ];
    let mut lines = Vec::new();
    for first in words {
        for second in words {
            for gap in gaps {
                lines.push(line("2026-01-01T00:00:00Z", Level::Info, &format!("{first}{gap}{second}")));
                let between = format!("the {first}{gap}{second}. Done");
                lines.push(line("2026-01-01T00:00:01Z", Level::Info, &between));
            }
        }
    }
    add(&mut client, 1, &lines).await;
    let mut num_found = 0;
    for phrase in [
        "\"page read\"",
        "\"read 404\" be",
        "\"page be\" -done",
        "\"be key\" or \"read is\"",
        "\"the page\" \"key done\"",
        "page-read",
        "page/read",
        "\"key is\"",
        "\"is na\u{ef}ve\"",
        "\"404 be done\"",
        "\"the page read done\"",
        "a <-> b",
        "\"page x\"",
        "",
    ] {
        let compare =
            "select count(*), count(f.log_id), count(*) filter (where f.log_id is null) as num_missed
            from forebay.scrape_logs as l
            full join forebay.search_logs($1, '2026-01-01', max_lines => 100000) as f using (log_id)
            where f.log_id is not null
                or to_tsvector('simple', l.message) @@ websearch_to_tsquery('simple', $1)";
        let row = client.query_one(compare, &[&phrase]).await.unwrap();
        let (all, found, missed): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        assert_eq!((found, missed), (all, 0), "{phrase}");
        let exact = "select count(*) from forebay.scrape_logs as l
            where to_tsvector('simple', l.message) @@ websearch_to_tsquery('simple', $1)";
        assert_eq!(client.query_one(exact, &[&phrase]).await.unwrap().get::<_, i64>(0), found, "{phrase}");
        num_found += found;
    }
    assert!(num_found > 500, "{num_found}");
}

async fn drop_months(client: &Client, retention: Duration) -> Vec<String> {
    maintenance::drop_months(client, retention, Mode::Delete).await.unwrap().dropped
}

#[tokio::test]
async fn whole_months_are_dropped() {
    let database = testing::database().await;
    let mut client = database.client().await;
    say(&mut client).await;
    let now = now();
    add(&mut client, 1, &[NewLine { logged_at: now, ..line("2026-01-01T00:00:00Z", Level::Info, "now") }])
        .await;
    let num_lines = logs::read(&client, &all(1), 100).await.unwrap().len();
    assert_eq!(num_lines, 6);
    // From the middle of January: December is dropped, January is kept as a whole.
    let middle: Timestamp = "2026-01-20T00:00:00Z".parse().unwrap();
    let since_middle = Duration::try_from(middle.duration_until(now)).unwrap();
    assert_eq!(drop_months(&client, since_middle).await, ["scrape_logs_202512"]);
    assert_eq!(logs::read(&client, &all(1), 100).await.unwrap().len(), 4);
    assert_eq!(drop_months(&client, since_middle).await, Vec::<String>::new());
    let both = ["scrape_logs_202601", "scrape_logs_202602"];
    assert_eq!(drop_months(&client, Duration::from_hours(24 * 62)).await, both);
    assert_eq!(messages(&logs::read(&client, &all(1), 100).await.unwrap()), ["now"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_partition_can_be_created_concurrently() {
    let database = testing::database().await;
    let mut writers = tokio::task::JoinSet::new();
    for run_id in 0..8 {
        let mut client = database.client().await;
        writers.spawn(async move {
            add(&mut client, run_id, &[line("2031-05-05T00:00:00Z", Level::Info, "first of the month")])
                .await;
        });
    }
    writers.join_all().await;
    let client = database.client().await;
    let count = "select count(*) from forebay.scrape_logs_203105";
    assert_eq!(client.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 8);
}
