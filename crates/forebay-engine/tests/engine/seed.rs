//! Made-up data: it shows every state, is loaded once, and leaves the data of others alone.

mod script;

use std::collections::{BTreeMap, BTreeSet};

use forebay_domain::{breaker::BreakerState, drift::DriftChange, handoff::State, run::RunStatus};
use forebay_engine::seed::{Seeded, seed};
use forebay_store::{
    connect::Database,
    testing::{self, TestDatabase},
};

/// Words by how often they occur.
const COUNTS: [&str; 11] = [
    "select status from forebay.scrape_runs",
    "select state from forebay.handoffs",
    "select state from forebay.circuit_breaker_state",
    "select change from forebay.reference_revisions",
    "select level from forebay.scrape_logs",
    "select status || coalesce(' ' || error_code, '') from forebay.sync_metadata",
    "select validation_status from forebay.course_lessons",
    "select reason_code from forebay.rejected_records",
    "select change from forebay.scrape_run_drift",
    "select coalesce(reason_code, '') from forebay.scrape_runs",
    "select reason_code from forebay.ingestion_outcomes",
];

/// The tables of Forebay.
const TABLES: &str = "select relname::text from pg_class where relnamespace = 'forebay'::regnamespace \
    and relkind in ('r', 'p') and not relispartition";

pub(crate) struct Stage {
    test: TestDatabase,
    database: Database,
}

impl Stage {
    async fn open() -> Self {
        let test = testing::database().await;
        Self { database: test.open().await, test }
    }

    async fn seed(&self, beside_others: bool) -> forebay_engine::Result<Seeded> {
        seed(&self.database, self.test.target(), beside_others).await
    }

    /// The rows of a query with one column of text, counted.
    async fn counted(&self, query: &str) -> BTreeMap<String, usize> {
        let client = self.test.client().await;
        let mut counts = BTreeMap::new();
        for row in client.query(query, &[]).await.unwrap() {
            *counts.entry(row.get::<_, String>(0)).or_default() += 1;
        }
        counts
    }

    async fn words(&self, query: &str) -> BTreeSet<String> {
        self.counted(query).await.into_keys().collect()
    }

    async fn execute(&self, statement: &str) {
        self.test.client().await.batch_execute(statement).await.unwrap();
    }

    /// All rows of all tables, as text.
    async fn everything(&self) -> BTreeMap<String, usize> {
        let mut rows = BTreeMap::new();
        for table in self.words(TABLES).await {
            let of_table = format!("select '{table}' || t::text from forebay.\"{table}\" as t");
            rows.extend(self.counted(&of_table).await);
        }
        rows
    }
}

fn all<'a>(words: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    words.into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn every_state_appears() {
    let stage = Stage::open().await;
    assert!(stage.seed(false).await.unwrap().is_new);
    let expected = [
        all(RunStatus::ALL.iter().map(|status| status.as_str())),
        all(State::ALL.iter().map(|state| state.as_str())),
        all(BreakerState::ALL.iter().map(|state| state.as_str())),
        all(["removed", "restored", "updated"]),
        all(["debug", "error", "info", "warn"]),
        all(["failed http_server_error", "failed timeout", "in_progress", "success"]),
        all(["failed", "passed"]),
    ];
    for (query, words) in COUNTS.into_iter().zip(expected) {
        assert_eq!(stage.words(query).await, words, "{query}");
    }
    let changes = stage.words("select change from forebay.scrape_run_drift").await;
    for change in [DriftChange::New, DriftChange::Retyped] {
        assert!(changes.contains(change.as_str()), "{changes:?}");
    }
    let reasons =
        stage.words("select reason_code from forebay.scrape_runs where reason_code is not null").await;
    for reason in ["rejected", "rekeyed"] {
        assert!(reasons.contains(reason), "{reasons:?}");
    }
    let moved =
        stage.counted("select record_key from forebay.\"references\" where record_key like '0_'").await;
    assert_eq!(moved.len(), 10, "the re-key moved the keys");
    let aged = "select entity_type from forebay.sync_metadata where last_sync < now() - interval '20 days'";
    assert_eq!(stage.words(aged).await, all(["professor", "room"]));
    let scored =
        "select 'x' from forebay.course_lessons where gps_score is not null and didatica_score is not null";
    assert_eq!(stage.counted(scored).await.values().sum::<usize>(), 4);
    let hosts = "select distinct substring(payload ->> 'url' from '^https://[^/]*') from forebay.\"references\" \
         where payload ? 'url'";
    let hosts = stage.words(hosts).await;
    assert!(hosts.iter().all(|host| host.ends_with(".example.com")), "{hosts:?}");
}

#[tokio::test]
async fn a_second_time_writes_nothing() {
    let stage = Stage::open().await;
    let first = stage.seed(false).await.unwrap();
    let before = stage.everything().await;
    let second = stage.seed(false).await.unwrap();
    assert_eq!(second, Seeded { is_new: false, ..first });
    assert_eq!(stage.everything().await, before);
}

#[tokio::test]
async fn other_data_is_named_and_stays_as_it_is() {
    let stage = Stage::open().await;
    let other =
        "insert into forebay.sources (name, entity_type, key_fields) values ('courses', 'course', '{id}')";
    stage.execute(other).await;
    let error = stage.seed(false).await.unwrap_err();
    assert_eq!(error.code(), "database_not_empty");
    assert!(error.to_string().contains("1 source with 0 references (courses)"), "{error}");
    assert!(stage.words("select name from forebay.sources").await == all(["courses"]));

    let before = stage.words("select s::text from forebay.sources as s").await;
    assert!(stage.seed(true).await.unwrap().is_new);
    let after = stage.words("select s::text from forebay.sources as s").await;
    assert!(after.is_superset(&before));
    // Once it is there, other data is no reason to refuse.
    assert!(!stage.seed(false).await.unwrap().is_new);
}

#[tokio::test]
async fn a_source_of_the_same_name_is_never_replaced() {
    let stage = Stage::open().await;
    stage
        .execute("insert into forebay.sources (name, entity_type, key_fields) values ('seed.rooms', 'room', '{id}')")
        .await;
    let before = stage.everything().await;
    assert_eq!(stage.seed(true).await.unwrap_err().code(), "database_not_empty");
    assert_eq!(stage.everything().await, before);
}

#[tokio::test]
async fn what_a_killed_process_left_is_made_again() {
    let stage = Stage::open().await;
    let first = stage.seed(false).await.unwrap();
    // As if it had been killed before it had finished, a while ago.
    stage
        .execute(
            "update forebay.sync_metadata set status = 'in_progress', last_sync = null, holder = gen_random_uuid(), \
                 lease_until = now() + interval '1 minute' where entity_type = 'seed'",
        )
        .await;
    assert_eq!(stage.seed(false).await.unwrap_err().code(), "seed_underway");
    stage
        .execute("update forebay.sync_metadata set lease_until = now() - interval '1 second' where entity_type = 'seed'")
        .await;
    let again = stage.seed(false).await.unwrap();
    assert_eq!(again, Seeded { is_new: true, ..first });
}
