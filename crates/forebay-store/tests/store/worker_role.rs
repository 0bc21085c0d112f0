//! Workers outside the database: the rights of a member of `forebay_worker`, and the fairness, limits and receipts of
//! the five functions with independent callers.
//!
//! Roles belong to the whole cluster, so each test creates its own and drops it at the end.

mod calls;
mod cursors;
mod limits;
mod presence;
mod program;
mod receipts;
mod rights;
mod roles;

use forebay_store::{
    pipelines::{self, Effect, PipelineSpec},
    projects::OnConflict,
    testing::{self, TestDatabase},
};
use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls, Row, types::Type};

/// The pipeline of these tests.
const PIPELINE: &str = "index";

/// A migrated database with a pipeline for external workers, and a login role.
struct World {
    database: TestDatabase,
    owner: Client,
    role: String,
}

/// A claimed job.
struct Job {
    id: String,
    receipt: String,
    source: String,
    attempt: i32,
    payload: Option<Value>,
}

impl World {
    async fn new() -> Self {
        Self::with(PipelineSpec::new(PIPELINE, "external", json!({}))).await
    }

    async fn with(spec: PipelineSpec) -> Self {
        let database = testing::database().await;
        let owner = database.client().await;
        let role = format!("worker_of_{}", database.config().get_dbname().unwrap());
        let make = format!("drop role if exists {role}; create role {role} login in role forebay_worker");
        owner.batch_execute(&make).await.unwrap();
        pipelines::declare(&owner, &spec, &Effect::default(), OnConflict::Keep).await.unwrap();
        Self { database, owner, role }
    }

    /// Connects as the worker.
    async fn worker(&self) -> Client {
        let mut config = self.database.config();
        let (client, connection) = config.user(&self.role).connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Hands off references of a source with these payloads; their keys are their positions, from 1.
    async fn hand_off(&self, source: &str, payloads: &[Value]) {
        let payloads = Value::from(payloads);
        self.owner
            .execute_typed(
                HAND_OFF,
                &[(&source, Type::TEXT), (&payloads, Type::JSONB), (&PIPELINE, Type::TEXT)],
            )
            .await
            .unwrap();
    }

    async fn hand_off_many(&self, source: &str, number: usize) {
        self.hand_off(source, &vec![json!({"title": "t"}); number]).await;
    }

    /// Makes all postponed jobs due, and ends pauses.
    async fn make_due(&self) {
        self.run(
            "update forebay.ingestion_handoffs set not_before = now(); \
             update forebay.ingestion_limits set paused_until = now()",
        )
        .await;
    }

    async fn end_leases(&self) {
        self.run("update forebay.ingestion_claims set lease_until = now() - interval '1 second'").await;
    }

    /// Lets a worker free the jobs of others, without claiming any, and makes them due at once.
    async fn rescue(&self, worker: &Client) {
        self.run("update forebay.pipelines set enabled = false").await;
        assert_eq!(claim(worker, 1).await.len(), 0, "the jobs of a disabled pipeline are not claimed");
        self.run("update forebay.pipelines set enabled = true").await;
        self.make_due().await;
    }

    async fn run(&self, statements: &str) {
        self.owner.batch_execute(statements).await.unwrap();
    }

    /// Hand-offs as text: state and reason, with their number.
    async fn handoffs(&self) -> Vec<String> {
        let rows = self
            .owner
            .query(
                "select state || ' ' || reason_code || ' ' || count(*) from forebay.handoffs as h \
                 join forebay.pipelines as p on p.pipeline_id = h.pipeline_id and p.name = $1 \
                 group by state, reason_code order by 1",
                &[&PIPELINE],
            )
            .await
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn number(&self, statement: &str) -> i64 {
        self.owner.query_one(statement, &[]).await.unwrap().get(0)
    }

    /// Drops the role.
    async fn end(self) {
        self.run(&format!("drop role {}", self.role)).await;
    }
}

const HAND_OFF: &str = "
    with
    reported as (select v.payload, v.ord from jsonb_array_elements($2) with ordinality as v (payload, ord)),
    pipeline as (select p.* from forebay.pipelines as p where p.name = $3),
    source as (
        insert into forebay.sources (name, entity_type, key_fields) values ($1, 'page', '{id}') returning source_id
    ),
    stored as (
        insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
            scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
        select forebay.reference_id($1, t.ord::text), now(), now(), now(), 1, 1, s.source_id, 1,
            sha256(convert_to(t.payload::text, 'UTF8')), 'page', '', t.ord::text, t.payload
        from reported as t cross join source as s
        returning reference_id, source_id, version_hash, payload
    )
    insert into forebay.ingestion_handoffs (reference_id, run_id, pipeline_id, source_id, payload_hash, limit_key)
    select s.reference_id, 1, p.pipeline_id, s.source_id, s.version_hash,
        forebay_private.limit_key(s.payload, p.limit_key, p.limit_key_is_url)
    from stored as s cross join pipeline as p";

async fn claim(worker: &Client, max_jobs: i32) -> Vec<Job> {
    let statement = "select reference_id::text, receipt::text, source, attempt, payload \
         from forebay.claim_jobs($1, $2, worker => 'test')";
    let rows =
        worker.query_typed(statement, &[(&PIPELINE, Type::TEXT), (&max_jobs, Type::INT4)]).await.unwrap();
    rows.iter().map(job).collect()
}

fn job(row: &Row) -> Job {
    Job { id: row.get(0), receipt: row.get(1), source: row.get(2), attempt: row.get(3), payload: row.get(4) }
}

/// Reports with `complete_jobs` or `release_jobs`; returns the answers in order.
async fn report(worker: &Client, function: &str, jobs: &[(&str, &str)]) -> Vec<String> {
    let (ids, receipts): (Vec<&str>, Vec<&str>) = jobs.iter().copied().unzip();
    let statement =
        format!("select verdict from forebay.{function}($1, $2::text[]::uuid[], $3::text[]::uuid[])");
    let rows = worker
        .query_typed(
            &statement,
            &[(&PIPELINE, Type::TEXT), (&ids, Type::TEXT_ARRAY), (&receipts, Type::TEXT_ARRAY)],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn fail(worker: &Client, failures: &Value) -> Vec<String> {
    let statement = "select verdict from forebay.fail_jobs($1, $2)";
    let rows =
        worker.query_typed(statement, &[(&PIPELINE, Type::TEXT), (failures, Type::JSONB)]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn heartbeat(worker: &Client, receipt: &str) -> String {
    let statement = "select verdict from forebay.heartbeat_jobs($1, array[$2]::text[]::uuid[])";
    let row =
        worker.query_typed_one(statement, &[(&PIPELINE, Type::TEXT), (&receipt, Type::TEXT)]).await.unwrap();
    row.get(0)
}
