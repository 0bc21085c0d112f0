//! A sandbox with its own database, sample data for it, and output without times and paths.

use std::{
    fs,
    process::{Command, Output},
};

use serde_json::Value;
use tokio_postgres::Client;

use crate::{
    Sandbox,
    database::{TestDb, database, last_line},
    shown,
};

/// A sandbox whose commands use its own database.
pub(crate) struct Stored {
    pub(crate) sandbox: Sandbox,
    db: TestDb,
}

/// The contents of a sample catalogue on four days: CSC-126 changes, is removed, and is back unchanged.
const DAYS: [&str; 4] = [
    r#"{"id": "CSC-126", "title": "Beginning", "credits": 4}
{"id": "HST-101", "title": "Ancient Worlds", "fee": 9007199254740993}"#,
    r#"{"id": "CSC-126", "title": "Introduction", "room": null}
{"id": "HST-101", "title": "Ancient Worlds", "fee": 9007199254740993}"#,
    r#"{"id": "HST-101", "title": "Ancient Worlds", "fee": 9007199254740993}"#,
    r#"{"id": "CSC-126", "title": "Beginning", "credits": 4}
{"id": "HST-101", "title": "Ancient Worlds", "fee": 9007199254740993}"#,
];

impl Stored {
    /// A database with the current schema.
    pub(crate) fn new() -> Self {
        Self { sandbox: Sandbox::new(), db: database() }
    }

    /// An empty database.
    pub(crate) fn empty() -> Self {
        let stored = Self::new();
        stored.json("db down --to 0 --yes");
        stored
    }

    /// A database with the source `courses`, scraped on the first four days of January 2019 at noon.
    pub(crate) fn courses() -> Self {
        let stored = Self::new();
        for (index, records) in DAYS.iter().enumerate() {
            let number = index + 1;
            stored.write("day.jsonl", records);
            stored.json(&format!(
                "persist day.jsonl --source courses --entity course --key id --complete --guards off \
                 --observed-at 2019-01-0{number}T12:00:00Z"
            ));
        }
        stored
    }

    /// The program's database URL.
    pub(crate) fn url(&self) -> &str {
        &self.db.url
    }

    /// The same for programs that can't connect to a socket.
    pub(crate) fn tcp_url(&self) -> String {
        self.db.tcp_url()
    }

    /// Runs statements.
    pub(crate) fn execute(&self, sql: &str) {
        self.db.execute(sql);
    }

    /// Runs statements in a transaction, and leaves it open.
    pub(crate) fn begin(&self, sql: &str) -> Client {
        self.db.begin(sql)
    }

    /// Ends it.
    pub(crate) fn commit(&self, client: &Client) {
        self.db.commit(client);
    }

    /// The value of an expression, as text.
    pub(crate) fn value(&self, expression: &str) -> String {
        self.db.value(&format!("select {expression}"))
    }

    /// Writes a file into the sandbox.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.sandbox.path().join(name), text).unwrap();
    }

    /// The program with these words as arguments, using this database.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = self.sandbox.command(line);
        command.env("FOREBAY_DATABASE_URL", &self.db.url);
        command
    }

    pub(crate) fn output(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    /// The exit code and output as one text for snapshots, without varying parts.
    pub(crate) fn run(&self, line: &str) -> String {
        let text = shown(&self.output(line)).replace(&self.place(), "<database>");
        without_clock(&text)
    }

    /// The document of a command that must succeed, with `--output json`.
    pub(crate) fn json(&self, line: &str) -> Value {
        let output = self.output(&format!("{line} --output json"));
        assert_eq!(output.status.code(), Some(0), "{line}: {}", shown(&output));
        let is_lines = line == "work" || line.starts_with("work ");
        let stdout = if is_lines { last_line(&output.stdout) } else { output.stdout.as_slice() };
        serde_json::from_slice(stdout).unwrap()
    }

    /// The exit code and the error code of a command.
    pub(crate) fn error(&self, line: &str) -> (Option<i32>, String) {
        let output = self.output(&format!("{line} --output json"));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), document["error"]["code"].as_str().unwrap().to_owned())
    }

    /// The database's name in messages.
    fn place(&self) -> String {
        let (login, name) = self.db.url.rsplit_once('/').unwrap();
        let (user, folder) = login.trim_start_matches("postgresql://").split_once('@').unwrap();
        format!("{name} at {}/.s.PGSQL.5432 (as {user})", folder.replace("%2F", "/"))
    }
}

/// Replaces times from the system clock; times in the tests are in 2018 and 2019.
fn without_clock(text: &str) -> String {
    const SHAPE: &str = "0000-00-00 00:00:00 UTC";
    let has_shape = |at: &str| {
        at.len() >= SHAPE.len()
            && at.bytes().zip(SHAPE.bytes()).all(|(found, shape)| match shape {
                b'0' => found.is_ascii_digit(),
                _ => found == shape,
            })
    };
    let mut out = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if has_shape(rest) && !rest.starts_with("2018") && !rest.starts_with("2019") {
            out.push_str("<now>");
            rest = &rest[SHAPE.len()..];
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    out
}
