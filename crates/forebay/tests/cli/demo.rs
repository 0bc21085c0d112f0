//! `forebay demo`: the whole demo on a private Postgres, and that it touches only its own data.

use std::{fs, os::unix::fs::PermissionsExt, process::Output};

use forebay_store::{
    cluster::{Cluster, ClusterOptions},
    connect::{Database, OpenOptions, Target},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::{Sandbox, json::schema_problems, shown};

/// A private cluster that runs until this is dropped, so that commands need not start it.
struct Private {
    sandbox: Sandbox,
    runtime: Runtime,
    cluster: Option<Cluster>,
    folder: TempDir,
}

impl Private {
    fn new() -> Self {
        // A folder that the server's user can access, with a short path for the socket.
        let folder = tempfile::Builder::new().prefix("forebay-cli-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        // Connections close on their own thread, even between two statements.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let options = ClusterOptions { durable: false, ..ClusterOptions::new(folder.path().join("data")) };
        let cluster = Some(runtime.block_on(Cluster::join(&options)).unwrap());
        Self { sandbox: Sandbox::new(), runtime, cluster, folder }
    }

    fn output(&self, line: &str) -> Output {
        let mut command = self.sandbox.command(line);
        command.env("FOREBAY_DATA_DIR", self.folder.path().join("data"));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).output().unwrap()
    }

    /// The exit code and the document.
    fn json(&self, line: &str) -> (Option<i32>, Value) {
        let output = self.output(&format!("{line} --output json"));
        let document = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{line}: {error}\n{}", shown(&output)));
        (output.status.code(), document)
    }

    /// The URL of a database of the cluster for other programs.
    fn url(&self, user: &str, database: &str) -> String {
        let socket = self.folder.path().join("data/socket").to_str().unwrap().replace('/', "%2F");
        format!("postgresql://{user}@{socket}/{database}")
    }

    /// Runs statements in a database of the cluster, or reads one text.
    fn sql(&self, database: &str, statement: &str) -> Option<String> {
        self.runtime.block_on(async {
            let target = Target::Url(self.url("forebay", database));
            let database = Database::open(target, OpenOptions::default()).await.unwrap();
            let client = database.client().await.unwrap();
            let row = client.query_typed_opt(statement, &[]).await.unwrap();
            drop(client);
            database.close().await.unwrap();
            row.map(|row| row.get(0))
        })
    }

    fn has_demo(&self) -> bool {
        self.sql("postgres", "select 'yes' from pg_database where datname = 'forebay_demo'").is_some()
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        if let Some(cluster) = self.cluster.take() {
            self.runtime.block_on(cluster.leave()).unwrap();
        }
    }
}

/// The step with a name.
fn step<'a>(document: &'a Value, name: &str) -> &'a Value {
    document["steps"].as_array().unwrap().iter().find(|step| step["name"] == name).unwrap()
}

/// The human form without parts that vary: folder, port, times, version, and tables whose width depends on migrations
/// or on durations.
fn steady(private: &Private, text: &str) -> String {
    let folder = private.folder.path().to_str().unwrap();
    let replaced = |word: &str| -> String {
        let plain = word.trim_end_matches(['.', ',', ';', ':']);
        let tail = &word[plain.len()..];
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if let Some(rest) = plain.strip_prefix("http://127.0.0.1:") {
            let path = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            return format!("http://127.0.0.1:<port>{path}{tail}");
        }
        let parts: Vec<&str> = plain.split(['-', 'T', ':', 'Z']).filter(|part| !part.is_empty()).collect();
        let has_only_numbers = parts.iter().all(|part| is_number(part));
        match parts.len() {
            6 if has_only_numbers => format!("<time>{tail}"),
            3 if has_only_numbers && plain.contains(':') => format!("<clock>{tail}"),
            3 if has_only_numbers && !plain.starts_with("2026-01") => format!("<date>{tail}"),
            _ => word.to_owned(),
        }
    };
    let mut out = String::new();
    for line in text.replace(folder, "<folder>").lines() {
        if line.contains("(the work itself)") {
            continue;
        }
        let words: Vec<String> = line.split(' ').map(replaced).collect();
        let mut line = words.join(" ");
        for (before, after) in
            [("PostgreSQL ", " runs in"), ("Done in ", ";"), ("schema: ", " tables"), ("has ", " tables")]
        {
            if let Some((head, rest)) = line.split_once(before)
                && let Some((_, tail)) = rest.split_once(after)
            {
                line = format!("{head}{before}<…>{after}{tail}");
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[test]
fn the_whole_story() {
    let private = Private::new();
    let (exit, document) = private.json("demo --keep");
    assert_eq!(exit, Some(0), "{document}");
    assert_eq!(schema_problems("demo", &document), [""; 0]);
    let names: Vec<&Value> = document["steps"].as_array().unwrap().iter().map(|step| &step["name"]).collect();
    let expected =
        ["database", "first_day", "ingest", "search", "replay", "second_day", "point_in_time", "broken_day"];
    assert_eq!(names, expected);
    assert_eq!(document["kept"]["url"], private.url("forebay", "forebay_demo"));

    // Compares the document with the kept database.
    let demo = |statement: &str| private.sql("forebay_demo", statement).unwrap();
    let num = |statement: &str| demo(&format!("select ({statement})::text")).parse::<u64>().unwrap();
    let num_active = num(r#"select count(*) from forebay."references" where removed_at is null"#);
    assert_eq!(step(&document, "broken_day")["figures"]["counts"]["num_references"], num_active);
    let num_courses = num("select count(*) from public.courses");
    assert_eq!(step(&document, "second_day")["figures"]["counts"]["num_courses"], num_courses);
    assert_eq!(num("select count(*) from public.courses where id = 'CSC-101'"), 0);
    assert_eq!(num("select count(*) from forebay.scrape_runs where status = 'held'"), 1);
    assert_eq!(num("select count(*) from forebay.ingestion_handoffs"), 0);

    let replay = &step(&document, "replay")["figures"];
    assert_eq!(replay["runs"][0]["num_unchanged"], replay["runs"][0]["num_seen"]);
    for table in replay["tables"].as_array().unwrap() {
        let name = table["table"].as_str().unwrap();
        let own = ["scope_leases", "scrape_logs", "circuit_breaker_state", "workers"];
        let is_own = name
            .strip_prefix("forebay.")
            .is_some_and(|name| name.starts_with("scrape_run") || own.contains(&name));
        assert_eq!(table["num_written_replay"] == 0, !is_own, "{table}");
    }
    let changes = step(&document, "second_day")["figures"]["changes"].as_array().unwrap();
    let removed = json!({ "record_key": "CSC-101", "change": "removed", "field_name": null });
    assert!(changes.contains(&removed), "{changes:?}");
    let compared = &step(&document, "point_in_time")["figures"]["compared"];
    assert_ne!(compared["then"], compared["now"]);
    let broken = &step(&document, "broken_day")["figures"]["runs"][0];
    assert_eq!((&broken["status"], &broken["reason_code"]), (&json!("held"), &json!("mass_removal")));

    // The next demo replaces the kept database, drops its own, and does not touch the user's.
    let output = private.output("demo");
    insta::assert_snapshot!("demo", steady(&private, &shown(&output)));
    assert!(!private.has_demo());
    let (_, stats) = private.json("stats");
    assert_eq!(stats["references"], json!({ "active": 0, "removed": 0 }));
}

#[test]
fn on_a_configured_server_it_makes_and_drops_a_database_if_it_may() {
    let private = Private::new();
    let demo_as = |user: &str| {
        let url = private.url(user, "postgres");
        let (exit, document) = private.json(&format!("demo --database-url {url}"));
        (exit, document["error"]["code"].clone(), document)
    };
    let (exit, _, document) = demo_as("forebay");
    assert_eq!((exit, &document["kept"]), (Some(0), &Value::Null), "{document}");
    assert!(!private.has_demo());

    private.sql("postgres", "create role plain login");
    let (exit, code, document) = demo_as("plain");
    assert_eq!((exit, code), (Some(2), json!("demo_database_refused")), "{document}");

    private.sql("postgres", "create database forebay_demo");
    let (exit, code, document) = demo_as("forebay");
    assert_eq!((exit, code), (Some(2), json!("demo_database_foreign")), "{document}");
    assert!(private.has_demo(), "what somebody else made is left alone");
}
