//! `forebay db realtime`, and what a subscriber of its publication gets, compared with `forebay changes`.

use std::{collections::HashSet, os::unix::fs::PermissionsExt};

use forebay_domain::percent;
use forebay_store::cluster::{Cluster, ClusterOptions};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, config::Host};

use crate::{
    Sandbox,
    database::{database, write_records},
};

mod pgoutput;

use pgoutput::{Event, Field, Reader, Row};

#[test]
fn tables_are_added_listed_and_removed() {
    let (sandbox, db) = (Sandbox::new(), database());
    let code = |line: &str| {
        let (exit, document) = db.json(&sandbox, line);
        (exit, document["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    for line in ["list", "add references", "remove references"] {
        assert_eq!(code(&format!("db realtime {line}")), (1, "realtime_missing".to_owned()));
    }
    // The user's own table stays whatever Forebay does.
    db.execute(
        "create table public.rooms (id int primary key);
         create publication supabase_realtime for table public.rooms",
    );
    let published = |line: &str| -> Vec<String> {
        let (exit, page) = db.json(&sandbox, line);
        assert_eq!(exit, 0, "{page}");
        let tables = page["items"].as_array().unwrap().iter();
        tables
            .filter(|t| t["is_published"] == true)
            .map(|t| t["table"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(published("db realtime list"), [] as [&str; 0]);
    assert_eq!(published("db realtime add references sync_metadata"), ["references", "sync_metadata"]);
    assert_eq!(published("db realtime add references"), ["references", "sync_metadata"], "safe to run again");
    for table in ["reference_revisions", "nothing", "references\"", "schema_migrations"] {
        let refused = code(&format!("db realtime add scrape_runs {table}"));
        assert_eq!(refused, (1, "realtime_refused".to_owned()), "{table}");
    }
    assert_eq!(published("db realtime list"), ["references", "sync_metadata"], "all or none");
    assert_eq!(published("db realtime remove sync_metadata scrape_runs"), ["references"]);
    assert_eq!(db.run(&sandbox, "db down --to 0 --yes").status.code(), Some(0));
    let left = "select string_agg(schemaname || '.' || tablename, ', ') from pg_publication_tables";
    assert_eq!(db.value(left), "public.rooms");
    assert_eq!(db.run(&sandbox, "db up").status.code(), Some(0));
    assert_eq!(published("db realtime list"), [] as [&str; 0]);
}

/// A server that writes the WAL that logical replication needs, which the one that tests share doesn't.
struct LogicalServer {
    // Dropped in this order: the last one to leave the server stops it.
    client: Client,
    _cluster: Cluster,
    runtime: Runtime,
    url: String,
    _folder: tempfile::TempDir,
}

impl LogicalServer {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::Builder::new().prefix("forebay-logical-").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        // Durable, because a slot decodes only what was flushed.
        let options = ClusterOptions::new(folder.path().join("data"));
        let (client, cluster) = runtime.block_on(async {
            let cluster = Cluster::join(&options).await.unwrap();
            let client = connect(&cluster).await;
            client.batch_execute("alter system set wal_level = logical").await.unwrap();
            drop(client);
            cluster.leave().await.unwrap();
            let cluster = Cluster::join(&options).await.unwrap();
            (connect(&cluster).await, cluster)
        });
        let config = cluster.config();
        let Host::Unix(socket) = &config.get_hosts()[0] else { panic!("the server has a socket") };
        let url = format!("postgresql://forebay@{}/postgres", percent::encode(socket.to_str().unwrap()));
        Self { client, _cluster: cluster, runtime, url, _folder: folder }
    }

    fn execute(&self, sql: &str) {
        self.runtime.block_on(self.client.batch_execute(sql)).unwrap();
    }

    /// The changes since the last call. Each is delivered once.
    fn subscribed(&self, reader: &mut Reader) -> Vec<(String, Event)> {
        let statement = "select data from pg_logical_slot_get_binary_changes('subscriber', null, null,
            'proto_version', '1', 'publication_names', 'supabase_realtime')";
        let rows = self.runtime.block_on(self.client.query(statement, &[])).unwrap();
        rows.iter().filter_map(|row| reader.read(row.get(0))).collect()
    }
}

async fn connect(cluster: &Cluster) -> Client {
    let (client, connection) = cluster.config().dbname("postgres").connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// What a subscriber concludes from the rows that it gets: key, change and version, as `forebay changes` has them.
#[derive(Default)]
struct Subscriber {
    removed: HashSet<String>,
}

impl Subscriber {
    fn change(&mut self, event: &Event) -> (String, String, i64) {
        let text = |row: &Row, column: &str| match &row[column] {
            Field::Text(text) => text.clone(),
            other => panic!("{column} is {other:?}"),
        };
        let (row, change) = match event {
            Event::Insert(row) => (row, "added"),
            Event::Update(row) if row["removed_at"] != Field::Null => (row, "removed"),
            Event::Update(row) if self.removed.contains(&text(row, "record_key")) => (row, "restored"),
            Event::Update(row) => (row, "updated"),
            Event::Delete => panic!("Forebay deletes no reference"),
        };
        let key = text(row, "record_key");
        if change == "removed" {
            self.removed.insert(key.clone());
        } else {
            self.removed.remove(&key);
        }
        (key, change.to_owned(), text(row, "version").parse().unwrap())
    }
}

#[test]
fn a_subscriber_sees_each_change_once_and_the_same_as_changes() {
    let (sandbox, server) = (Sandbox::new(), LogicalServer::start());
    let run = |line: &str| -> Value {
        let line = format!("{line} --output json");
        let output = sandbox.command(&line).env("FOREBAY_DATABASE_URL", &server.url).output().unwrap();
        assert!(output.status.success(), "{line}: {}", crate::shown(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    run("db up");
    server.execute("create publication supabase_realtime");
    run("db realtime add references");
    server.execute("select pg_create_logical_replication_slot('subscriber', 'pgoutput')");

    // Long enough to be stored apart from its row, also compressed.
    let long: String = (0..8_000)
        .map(|n: u32| char::from(b'!' + (n.wrapping_mul(2_654_435_761) >> 24) as u8 % 90))
        .collect();
    let record = |id: &str, title: &str| json!({ "id": id, "title": title, "text": long });
    let runs = [
        vec![record("a", "1"), record("b", "1"), record("c", "1")],
        vec![record("a", "1"), record("b", "1"), record("c", "1")],
        vec![record("a", "2"), record("b", "1"), record("c", "1"), record("d", "1")],
        vec![record("a", "2"), record("b", "3")],
        vec![record("a", "2"), record("b", "3"), record("d", "1")],
    ];
    let (mut reader, mut subscriber) = (Reader::default(), Subscriber::default());
    let mut cursor = String::new();
    let mut num_changes = 0;
    for (number, records) in runs.into_iter().enumerate() {
        let file = write_records(&sandbox, "things.jsonl", records);
        run(&format!("persist {file} --source things --key id --complete --guards off"));
        let events = server.subscribed(&mut reader);
        for (table, event) in &events {
            assert_eq!(table, "forebay.references");
            if let Event::Update(row) = event {
                // A removal doesn't change the payload.
                assert_eq!(row["payload"] == Field::Unchanged, row["removed_at"] != Field::Null);
            }
        }
        let mut seen: Vec<_> = events.iter().map(|(_, event)| subscriber.change(event)).collect();
        let page = run(&format!("changes {cursor}"));
        cursor = format!("--since {}", page["next"].as_str().unwrap());
        let text = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
        let mut changes: Vec<_> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| {
                (text(event, "record_key"), text(event, "change"), event["version"].as_i64().unwrap())
            })
            .collect();
        seen.sort();
        changes.sort();
        assert_eq!(seen, changes, "run {number}");
        num_changes += seen.len();
    }
    // Three added; none; one updated and one added; one updated and two removed; one restored.
    assert_eq!(num_changes, 9);
    assert_eq!(server.subscribed(&mut reader).len(), 0);
}
