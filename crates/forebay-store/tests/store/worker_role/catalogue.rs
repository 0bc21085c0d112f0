//! The role of an external worker is tried on every table and function of the catalogue. A new one needs an expectation
//! here.

use std::collections::BTreeMap;

use tokio_postgres::{Client, error::SqlState};

use super::World;

/// The tables, views and sequences, all of which are closed to workers.
const CLOSED: [&str; 53] = [
    "circuit_breaker_state",
    "circuit_breaker_transitions",
    "circuit_breaker_transitions_transition_id_seq",
    "content_performance",
    "content_pieces",
    "content_pieces_piece_id_seq",
    "content_tags",
    "course_lessons",
    "course_metadata",
    "curriculum_approvals",
    "document_chunks",
    "document_embeddings",
    "documents",
    "failure_policies",
    "handoff_counts",
    "handoff_status",
    "handoffs",
    "http_validators",
    "ingestion_attempts",
    "ingestion_attempts_attempt_id_seq",
    "ingestion_claims",
    "ingestion_cursors",
    "ingestion_deliveries",
    "ingestion_deliveries_delivery_id_seq",
    "ingestion_handoffs",
    "ingestion_limits",
    "ingestion_outcomes",
    "maintenance",
    "market_research",
    "pipelines",
    "pipelines_pipeline_id_seq",
    "reference_aliases",
    "reference_revisions",
    "references",
    "rejected_records",
    "rejected_records_rejected_id_seq",
    "released_changes",
    "run_ends",
    "run_ends_end_id_seq",
    "schema_migrations",
    "scrape_logs",
    "scrape_logs_log_id_seq",
    "scrape_run_changes",
    "scrape_run_drift",
    "scrape_run_fields",
    "scrape_runs",
    "scrape_runs_run_id_seq",
    "source_schedules",
    "source_states",
    "sources",
    "sources_source_id_seq",
    "sync_metadata",
    "workers",
];

/// What happens when a worker calls a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// It may, and needs no table.
    Open,
    /// It may; the function itself checks the caller and the pipeline.
    Worker,
    /// It may, and is refused the tables that the function reads.
    ClosedTables,
    /// It may not.
    Closed,
}

/// The functions of the schema `forebay`. All of `forebay_private` are closed.
const FUNCTIONS: [(&str, Call); 11] = [
    ("claim_jobs", Call::Worker),
    ("complete_jobs", Call::Worker),
    ("enqueue", Call::Closed),
    ("fail_jobs", Call::Worker),
    ("fold_text", Call::Open),
    ("handoffs_of", Call::ClosedTables),
    ("heartbeat_jobs", Call::Worker),
    ("reference_at", Call::ClosedTables),
    ("reference_id", Call::Open),
    ("release_jobs", Call::Worker),
    ("source_at", Call::ClosedTables),
];

async fn state(worker: &Client, statement: &str) -> Option<SqlState> {
    worker.batch_execute(statement).await.err().map(|error| error.code().cloned().unwrap())
}

#[tokio::test]
async fn every_table_is_closed_to_workers() {
    let world = World::new().await;
    let worker = world.worker().await;
    let statement = "select c.relname::text, c.oid::regclass::text, c.relkind::text from pg_class as c \
         where c.relnamespace in ('forebay'::regnamespace, 'forebay_private'::regnamespace) \
             and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and not c.relispartition order by c.relname";
    let rows = world.owner.query(statement, &[]).await.unwrap();
    let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(found, CLOSED, "a new table needs an expectation: may a worker read it?");
    for row in &rows {
        let (table, kind): (&str, &str) = (row.get(1), row.get(2));
        let tries = match kind {
            "S" => vec![format!("select nextval('{table}')"), format!("select from {table}")],
            "v" => vec![format!("select from {table}")],
            _ => vec![
                format!("select from {table}"),
                format!("insert into {table} default values"),
                format!("delete from {table}"),
                format!("truncate {table}"),
            ],
        };
        for statement in tries {
            let refused = state(&worker, &statement).await;
            assert_eq!(refused, Some(SqlState::INSUFFICIENT_PRIVILEGE), "{statement}");
        }
    }
    world.end().await;
}

#[tokio::test]
async fn every_function_has_an_expectation() {
    let world = World::new().await;
    let worker = world.worker().await;
    let statement = "select n.nspname::text, f.proname::text, \
             format('select from %s(%s)', f.oid::regproc, (select string_agg(format('null::%s', a.argument::regtype), ', ' \
                 order by a.ord) from unnest(f.proargtypes) with ordinality as a (argument, ord))), \
             has_function_privilege('public', f.oid, 'execute') \
         from pg_proc as f join pg_namespace as n on n.oid = f.pronamespace \
         where n.nspname in ('forebay', 'forebay_private') and f.prorettype <> 'trigger'::regtype order by 1, 2";
    let expected: BTreeMap<&str, Call> = FUNCTIONS.into_iter().collect();
    let mut num_private = 0;
    for row in world.owner.query(statement, &[]).await.unwrap() {
        let (schema, name, call): (&str, &str, &str) = (row.get(0), row.get(1), row.get(2));
        let is_public: bool = row.get(3);
        if schema == "forebay_private" {
            num_private += 1;
            assert!(!is_public, "{name}: revoke it from public in the last migration that adds a function");
            assert_eq!(state(&worker, call).await, Some(SqlState::INSUFFICIENT_PRIVILEGE), "{call}");
            continue;
        }
        let Some(expectation) = expected.get(name) else {
            panic!("{name} is new: may a worker call it?");
        };
        let answered = state(&worker, call).await;
        match expectation {
            Call::Open => assert!(is_public && answered.is_none(), "{call}: {answered:?}"),
            // There is no pipeline without a name.
            Call::Worker => {
                assert_eq!((is_public, answered), (false, Some(SqlState::NO_DATA_FOUND)), "{call}");
            }
            Call::ClosedTables => {
                assert_eq!((is_public, answered), (true, Some(SqlState::INSUFFICIENT_PRIVILEGE)), "{call}");
            }
            Call::Closed => {
                assert_eq!((is_public, answered), (false, Some(SqlState::INSUFFICIENT_PRIVILEGE)), "{call}");
            }
        }
    }
    assert!(num_private > 15, "{num_private}");
    world.end().await;
}
