//! The persist pipeline: text records in; references, history and hand-offs out. Each test has its own database.
//!
//! A test defines a source's contents on several days, persists them as the command line would, and reads the tables.

mod any_runtime;
mod broken;
mod by_hash;
mod content;
mod contracts;
mod decisions;
mod drift;
mod dry_runs;
mod duplicates;
mod end_line;
pub(crate) mod events;
mod flagged;
mod held;
mod histories;
mod one_connection;
mod oracle;
mod order;
mod patches;
mod pipelines;
mod progress;
mod refused;
mod rejects;
mod reused_keys;
mod scopes;
mod settings;
mod story;
mod taps;
mod waiting;
mod wal;
mod withheld;

use std::{
    io::{self, Read},
    sync::{Mutex, mpsc},
};

use forebay_domain::{
    canonical::canonical_text, guards::GuardPolicy, identity::ReferenceId, rules::FieldRules,
    run::OnDuplicate, scope::Scope,
};
use forebay_engine::{
    Result,
    persist::{self, Input, Overrides, PersistRequest, Progress, RunReport},
};
use forebay_sources::ReadOptions;
use forebay_store::{
    connect::Database,
    testing::{self, TestDatabase},
};
use jiff::{Timestamp, ToSpan};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::wait::eventually;

/// The source of all these tests.
pub(crate) const SOURCE: &str = "shop";

/// Noon of a day counted from 1 January 2026; larger numbers reach into later months.
pub(crate) fn day(number: i64) -> Timestamp {
    "2026-01-01T12:00:00Z".parse::<Timestamp>().unwrap() + (24 * (number - 1)).hours()
}

/// A run that does not claim to cover its scope.
pub(crate) fn incremental(number: i64) -> PersistRequest {
    PersistRequest {
        source: SOURCE.into(),
        entity_type: Some("item".into()),
        key_fields: vec!["id".into()],
        rules: Some(FieldRules::default()),
        on_duplicate: Some(OnDuplicate::First),
        scope: Scope::default(),
        complete: false,
        observed_at: Some(day(number)),
        allow_future: false,
        basis: None,
        measured: Vec::new(),
        guards: Some(GuardPolicy::default()),
        max_rejected_share: Some(0.1),
        max_rejected_kept: None,
        max_duration: None,
        with_handoffs: true,
        is_on_demand: false,
        sequence_field: Some(None),
        contract_version_column: Some(None),
        require_end: None,
        mode: None,
        removed_when: None,
        publish: None,
        entities: std::sync::Arc::default(),
        overrides: Overrides { guards: Some(false), ..Overrides::default() },
        engine: "test".into(),
        project: None,
    }
}

/// A run that covers its scope, with guards off.
pub(crate) fn complete(number: i64) -> PersistRequest {
    PersistRequest { complete: true, ..incremental(number) }
}

/// A run that covers its scope, under the default guards.
pub(crate) fn guarded(number: i64) -> PersistRequest {
    PersistRequest { overrides: Overrides::default(), ..complete(number) }
}

/// The same for one scope of the source.
pub(crate) fn in_scope(scope: &str, request: PersistRequest) -> PersistRequest {
    PersistRequest { scope: scope.parse().unwrap(), ..request }
}

pub(crate) fn input(text: &[u8]) -> Input {
    read_as(Box::new(io::Cursor::new(text.to_vec())), ReadOptions::default())
}

pub(crate) fn read_as(reader: Box<dyn io::Read + Send>, options: ReadOptions) -> Input {
    Input::bytes("test.jsonl", reader, options)
}

pub(crate) fn id(key: &str) -> ReferenceId {
    ReferenceId::compute(SOURCE, key)
}

/// Records `{"id": "K…", "n": …}` for a range of numbers, one per line.
pub(crate) fn numbered(range: std::ops::Range<usize>, n: usize) -> String {
    lines(range.map(|key| format!("{{\"id\":\"K{key}\",\"n\":{n}}}")))
}

/// Records as text, one per line.
pub(crate) fn lines(records: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    for record in records {
        text.push_str(&record);
        text.push('\n');
    }
    text
}

/// The counts of a report: seen, added, updated, unchanged, removed, restored, duplicate, rejected.
pub(crate) fn counts(report: &RunReport) -> [u64; 8] {
    let c = &report.counts;
    [
        c.num_seen,
        c.num_added,
        c.num_updated,
        c.num_unchanged,
        c.num_removed,
        c.num_restored,
        c.num_duplicate,
        c.num_rejected,
    ]
}

/// A database to persist into.
pub(crate) struct Shop {
    pub(crate) database: Database,
    pub(crate) client: Client,
    pub(crate) test: TestDatabase,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let test = testing::database().await;
        Self { database: test.open().await, client: test.client().await, test }
    }

    pub(crate) async fn try_persist(&self, request: PersistRequest, text: &str) -> Result<RunReport> {
        persist::persist(&self.database, request, input(text.as_bytes()), &|_| {}).await
    }

    pub(crate) async fn persist(&self, request: PersistRequest, text: &str) -> RunReport {
        self.try_persist(request, text).await.unwrap()
    }

    /// Persists text that arrives in pieces: each is sent after the run has counted the lines of the earlier ones, so
    /// that each is a separate window.
    pub(crate) async fn persist_in_pieces(&self, request: PersistRequest, pieces: &[&str]) -> RunReport {
        let (sender, reader) = pipe();
        let waiting = Mutex::new(Waiting { sender: Some(sender), pieces, num_lines: 0 });
        waiting.lock().unwrap().next(0);
        let input = read_as(Box::new(reader), ReadOptions::default());
        persist::persist(&self.database, request, input, &|progress| {
            if let Progress::Counts { num_seen, .. } = progress {
                waiting.lock().unwrap().next(num_seen);
            }
        })
        .await
        .unwrap()
    }

    /// The rows of a query, each with its columns joined by a space; null is `-`.
    pub(crate) async fn rows(&self, query: &str) -> Vec<String> {
        rows(&self.client, query).await
    }

    /// The only row of a query, likewise.
    pub(crate) async fn row(&self, query: &str) -> String {
        let mut rows = self.rows(query).await;
        assert_eq!(rows.len(), 1, "{query}: {rows:?}");
        rows.remove(0)
    }

    /// The payload of a key's reference at a time, in canonical form.
    pub(crate) async fn at(&self, key: &str, at: Timestamp) -> Option<String> {
        let found = self.row(&format!("select forebay.reference_at('{}', '{at}')", id(key))).await;
        (found != "-").then(|| canonical_text(found.as_bytes()).unwrap())
    }

    /// The source's keys at a time.
    pub(crate) async fn keys_at(&self, at: Timestamp) -> Vec<String> {
        let query = format!(
            "select record_key from forebay.source_at('{SOURCE}', '{at}') order by record_key collate \"C\""
        );
        self.rows(&query).await
    }
}

/// Waits until a query returns one row with this text.
pub(crate) async fn until(client: &Client, query: &str, expected: &str) {
    eventually(&format!("{query} is {expected:?}"), async || rows(client, query).await == [expected]).await;
}

pub(crate) async fn rows(client: &Client, query: &str) -> Vec<String> {
    let messages = client.simple_query(query).await.unwrap_or_else(|error| panic!("{query}: {error:?}"));
    let mut rows = Vec::new();
    for message in messages {
        if let SimpleQueryMessage::Row(row) = message {
            let columns: Vec<&str> = (0..row.len()).map(|column| row.get(column).unwrap_or("-")).collect();
            rows.push(columns.join(" "));
        }
    }
    rows
}

/// The remaining pieces.
struct Waiting<'a> {
    sender: Option<mpsc::Sender<Vec<u8>>>,
    pieces: &'a [&'a str],
    /// Lines that were sent.
    num_lines: u64,
}

impl Waiting<'_> {
    /// Sends the next piece if the run has counted all lines so far, and ends the input after the last.
    fn next(&mut self, num_seen: u64) {
        if num_seen < self.num_lines {
            return;
        }
        if let Some((piece, rest)) = self.pieces.split_first() {
            self.num_lines += piece.lines().count() as u64;
            self.pieces = rest;
            // A failed run does not read any more.
            let _gone = self.sender.as_ref().map(|sender| sender.send(piece.as_bytes().to_vec()));
        }
        if self.pieces.is_empty() {
            self.sender = None;
        }
    }
}

/// A reader that yields the bytes sent to it, and ends when the sender is dropped.
pub(crate) fn pipe() -> (mpsc::Sender<Vec<u8>>, PipeReader) {
    let (sender, receiver) = mpsc::channel();
    (sender, PipeReader { receiver, rest: Vec::new() })
}

pub(crate) struct PipeReader {
    receiver: mpsc::Receiver<Vec<u8>>,
    rest: Vec<u8>,
}

impl Read for PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            self.rest = self.receiver.recv().unwrap_or_default();
        }
        let count = self.rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Ok(count)
    }
}
