//! A short history for tests that read: two courses over four days.
//!
//! Day 1: CSC-126 and HST-101 are seen. Day 2: CSC-126 changes. Day 3: it is removed. Day 4: it is restored, as on
//! day 1.

use forebay_domain::{
    canonical::canonical_text,
    diff::diff,
    identity::{ReferenceId, VersionHash},
    run::RunStatus,
};
use forebay_store::{
    references::{self, ChangedReference, Lineage, Origin, Record},
    runs::{self, Ending, NewRun},
    sources::{self, Source, SourceSpec},
    testing::{TestDatabase, database},
};
use jiff::Timestamp;
use tokio_postgres::Client;

pub(crate) const FIRST: &str = r#"{"credits":4,"id":"CSC-126","title":"Beginning"}"#;
pub(crate) const SECOND: &str = r#"{"id":"CSC-126","room":null,"title":"Introduction"}"#;
pub(crate) const OTHER: &str = r#"{"id":"HST-101"}"#;

pub(crate) struct Story {
    pub(crate) database: TestDatabase,
    pub(crate) client: Client,
    pub(crate) source: Source,
    /// The runs of the four days.
    pub(crate) runs: Vec<i64>,
}

/// Noon of a day in January, from 1.
pub(crate) fn day(number: usize) -> Timestamp {
    format!("2026-01-{number:02}T12:00:00Z").parse().unwrap()
}

pub(crate) fn id(key: &str) -> ReferenceId {
    ReferenceId::compute("courses", key)
}

fn record<'a>(key: &'a str, payload: &'a str) -> Record<'a> {
    Record {
        reference_id: id(key),
        version_hash: hash(payload),
        record_key: key,
        payload: payload.as_bytes(),
        lineage: Lineage::default(),
        removes: false,
        base_version: None,
    }
}

fn hash(payload: &str) -> VersionHash {
    VersionHash::of(canonical_text(payload.as_bytes()).unwrap().as_bytes())
}

impl Story {
    pub(crate) async fn build() -> Self {
        let database = database().await;
        let client = database.client().await;
        let spec = SourceSpec {
            name: "courses".into(),
            entity_type: "course".into(),
            key_fields: vec!["id".into()],
            policy: serde_json::json!({}),
            is_published: None,
            project: None,
        };
        let source = sources::declare(&client, &spec).await.unwrap();
        let mut story = Self { database, client, source, runs: Vec::new() };
        story.add(&[("CSC-126", FIRST), ("HST-101", OTHER)]).await;
        story.change((1, None, FIRST), (2, SECOND)).await;
        story.remove("CSC-126").await;
        story.change((2, Some(day(3)), SECOND), (3, FIRST)).await;
        story
    }

    /// Begins the run of the next day.
    async fn begin(&mut self) -> Origin {
        let observed_at = day(self.runs.len() + 1);
        let run = NewRun {
            source_id: self.source.source_id,
            scope: forebay_domain::scope::Scope::default(),
            is_complete: true,
            guards: None,
            with_handoffs: false,
            engine: "test".into(),
            input: "-".into(),
            observed_at,
            is_on_demand: false,
        };
        let run_id = runs::start(&self.client, &run).await.unwrap();
        self.runs.push(run_id);
        references::ensure_revision_month(&self.client, observed_at).await.unwrap();
        Origin {
            run_id,
            source_id: self.source.source_id,
            entity_type: "course".into(),
            scope: String::new(),
            observed_at,
        }
    }

    async fn end(&self, origin: &Origin) {
        let ending = Ending {
            status: RunStatus::Complete,
            reason_code: None,
            message: None,
            duration: std::time::Duration::ZERO,
        };
        runs::finish(&self.client, origin.run_id, RunStatus::Running, &ending).await.unwrap();
    }

    async fn add(&mut self, records: &[(&str, &str)]) {
        let origin = self.begin().await;
        let new: Vec<Record<'_>> = records.iter().map(|(key, payload)| record(key, payload)).collect();
        let transaction = self.client.transaction().await.unwrap();
        references::add(&transaction, &origin, &new).await.unwrap();
        transaction.commit().await.unwrap();
        self.end(&origin).await;
    }

    /// Changes CSC-126 from (version, removal, payload) to (version, payload).
    async fn change(&mut self, old: (i32, Option<Timestamp>, &str), new: (i32, &'static str)) {
        let origin = self.begin().await;
        let changed = [ChangedReference {
            record: record("CSC-126", new.1),
            old_version: old.0,
            old_removed_at: old.1,
            version: new.0,
            fields: diff(old.2.as_bytes(), new.1.as_bytes()).unwrap(),
        }];
        let transaction = self.client.transaction().await.unwrap();
        assert_eq!(references::update(&transaction, &origin, &changed).await.unwrap(), 1);
        references::add_revisions(&transaction, &origin, &changed).await.unwrap();
        transaction.commit().await.unwrap();
        self.end(&origin).await;
    }

    async fn remove(&mut self, key: &str) {
        let origin = self.begin().await;
        let removed = references::remove(&self.client, &origin, &[id(key)], false).await.unwrap();
        assert_eq!(removed.len(), 1);
        self.end(&origin).await;
    }
}
