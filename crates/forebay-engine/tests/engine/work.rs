//! Ingestion: jobs under receipts, and handlers from the change to its effect.

mod bad_rows;
mod cancelled;
mod documents;
mod events;
mod interleavings;
mod jobs;
mod pauses;
mod proxy;
mod published_table;
mod queues;
mod receiver;
mod resent;
mod slots;
mod supervisor;
mod table;
mod table_changes;

use forebay_domain::{
    handoff::Change,
    identity::{ReferenceId, VersionHash},
};
use forebay_engine::work::{self, Declarations, PipelineReport, PipelineSpec, WorkOptions};
use forebay_store::{
    connect::Database,
    handoffs::{self, Enqueue, Queueing, Subscriber},
    pipelines,
    testing::{self, TestDatabase},
};
use serde_json::{Value, json};
use tokio_postgres::{Client, GenericClient, Row, types::Type};

use crate::wait::eventually;

const SOURCE: &str = "shop";

/// A database with one source, and methods that change it like a run.
pub(crate) struct Shop {
    pub(crate) database: Database,
    pub(crate) client: Client,
    pub(crate) test: TestDatabase,
    /// The pipelines that changes are handed off to.
    pub(crate) subscribers: Vec<Subscriber>,
}

impl Shop {
    /// Hands off to the pipeline `documents`, which every database has.
    pub(crate) async fn open() -> Self {
        let test = testing::database().await;
        let client = test.client().await;
        client
            .batch_execute(
                "insert into forebay.sources (name, entity_type, key_fields) values ('shop', 'item', '{id}')",
            )
            .await
            .unwrap();
        let subscribers = vec![subscriber(pipeline_id(&client, "documents").await)];
        Self { database: test.open().await, client, test, subscribers }
    }

    /// Hands off to a pipeline whose jobs are claimed.
    pub(crate) async fn external() -> Self {
        let shop = Self::open().await;
        let spec = PipelineSpec::new("workers", "external", json!({})).of_source(SOURCE);
        work::declare(&shop.database, &[spec]).await.unwrap();
        let subscribers = vec![subscriber(pipeline_id(&shop.client, "workers").await)];
        Self { subscribers, ..shop }
    }

    /// Declares a pipeline, and hands off only to it from now on.
    pub(crate) async fn only_table(&mut self, config: Value) {
        work::declare(&self.database, &[table_spec(config)]).await.unwrap();
        self.subscribers = vec![subscriber(pipeline_id(&self.client, "rows").await)];
    }

    /// Stores a record and hands it off.
    pub(crate) async fn put(&self, key: &str, payload: &Value) -> ReferenceId {
        self.put_all(&[(key, payload.clone())]).await[0]
    }

    /// Stores records and hands them off, with one statement each.
    pub(crate) async fn put_all(&self, records: &[(&str, Value)]) -> Vec<ReferenceId> {
        let mut changes = Vec::new();
        for (key, payload) in records {
            let text = payload.to_string();
            let reference_id = ReferenceId::compute(SOURCE, key);
            let payload_hash = VersionHash::of(text.as_bytes());
            let statement = "insert into forebay.\"references\" as r (reference_id, first_seen_at, changed_at, \
                     observed_at, first_seen_run_id, scrape_run_id, source_id, version, version_hash, entity_type, \
                     scope, record_key, payload) \
                 select forebay.reference_id('shop', $1), now(), now(), now(), 1, 1, source_id, 1, $2, 'item', '', \
                     $1, $3::text::jsonb from forebay.sources \
                 on conflict (reference_id) do update set payload = excluded.payload, removed_at = null, \
                     version_hash = excluded.version_hash, version = r.version + 1";
            let hash = payload_hash.0.to_vec();
            let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
                [(key, Type::TEXT), (&hash, Type::BYTEA), (&text, Type::TEXT)];
            self.client.execute_typed(statement, &parameters).await.unwrap();
            changes.push(Enqueue {
                reference_id,
                payload_hash,
                version: 1,
                change: Change::Updated,
                changed_fields: Vec::new(),
            });
        }
        self.enqueue(&changes).await;
        changes.iter().map(|change| change.reference_id).collect()
    }

    /// Makes a tombstone and hands it off.
    pub(crate) async fn remove(&self, key: &str) {
        let statement = "update forebay.\"references\" set removed_at = now() where record_key = $1 \
             returning version_hash";
        let row = self.client.query_typed_one(statement, &[(&key, Type::TEXT)]).await.unwrap();
        let hash: Vec<u8> = row.get(0);
        let change = Enqueue {
            reference_id: ReferenceId::compute(SOURCE, key),
            payload_hash: VersionHash(hash.try_into().unwrap()),
            version: 2,
            change: Change::Removed,
            changed_fields: Vec::new(),
        };
        self.enqueue(&[change]).await;
    }

    /// Hands changes off.
    pub(crate) async fn enqueue(&self, changes: &[Enqueue]) -> u64 {
        let queueing = Queueing { subscribers: &self.subscribers, run_id: Some(1), source_id: 1 };
        handoffs::enqueue_changed(&self.client, &queueing, changes).await.unwrap()
    }

    /// The pipeline that changes are handed off to.
    pub(crate) fn pipeline(&self) -> i32 {
        self.subscribers[0].pipeline_id
    }

    /// Options with every pipeline as the database has it.
    pub(crate) async fn options(&self) -> WorkOptions {
        WorkOptions { declarations: all_stored(&self.client).await, ..WorkOptions::default() }
    }

    /// Works until nothing is left, and returns the report of the pipeline that changes are handed off to.
    pub(crate) async fn drain(&self) -> PipelineReport {
        let report = work::drain(&self.database, &self.options().await, &|_| {}).await.unwrap();
        report.pipelines.into_iter().max_by_key(|pipeline| pipeline.num_claimed).unwrap()
    }

    /// The only row of a query.
    pub(crate) async fn row(&self, query: &str) -> Row {
        self.client.query_typed_one(query, &[]).await.unwrap()
    }

    /// The first column of all rows of a query, as text.
    pub(crate) async fn column(&self, query: &str) -> Vec<String> {
        self.client.query_typed(query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// The number of hand-offs by state, such as `["failed 1", "succeeded 2"]`.
    pub(crate) async fn states(&self) -> Vec<String> {
        self.column("select state || ' ' || count(*) from forebay.handoffs group by state order by state")
            .await
    }
}

/// A pipeline that gets all changes.
pub(crate) fn subscriber(pipeline_id: i32) -> Subscriber {
    Subscriber { pipeline_id, changed_fields: Vec::new(), has_key_limits: false }
}

pub(crate) fn table_spec(config: Value) -> PipelineSpec {
    PipelineSpec::new("rows", "table", config).of_source(SOURCE)
}

/// Every pipeline as the database has it.
async fn all_stored(client: &impl GenericClient) -> Declarations {
    let stored = pipelines::list(client).await.unwrap();
    Declarations::new(stored.into_iter().map(|pipeline| pipeline.spec))
}

async fn pipeline_id(client: &Client, name: &str) -> i32 {
    let statement = "select pipeline_id from forebay.pipelines where name = $1";
    client.query_typed_one(statement, &[(&name, Type::TEXT)]).await.unwrap().get(0)
}

#[tokio::test]
async fn work_ingests_new_hand_offs_until_it_is_stopped() {
    let shop = Shop::open().await;
    let (sender, stopped) = tokio::sync::oneshot::channel::<()>();
    let options = WorkOptions::default();
    let work = work::follow(&shop.database, &options, &|_| {}, async { drop(stopped.await) });
    let stopping = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        shop.put("a", &json!({"title": "Late"})).await;
        let titles = "select title from forebay.documents";
        eventually("the record is ingested", async || !shop.column(titles).await.is_empty()).await;
        sender.send(()).unwrap();
    };
    let (report, ()) = tokio::join!(work, stopping);
    assert_eq!(report.unwrap().pipelines[0].num_succeeded, 1);
}

#[tokio::test]
async fn an_unknown_pipeline_is_an_error() {
    let shop = Shop::open().await;
    let options = WorkOptions { pipelines: vec!["serach".into()], ..WorkOptions::default() };
    let error = work::drain(&shop.database, &options, &|_| {}).await.unwrap_err();
    assert_eq!(error.code(), "no_such_pipeline");
}

#[tokio::test]
async fn declaring_again_writes_nothing_and_a_new_pipeline_gets_existing_references() {
    let shop = Shop::open().await;
    shop.put_all(&[("a", json!({"n": 1})), ("b", json!({"n": 2}))]).await;
    let spec = table_spec(json!({"table": "public.items", "columns": {"n": {"field": "n", "type": "int"}}}));
    let declared = work::declare(&shop.database, std::slice::from_ref(&spec)).await.unwrap().changed;
    assert_eq!((declared[0].pipeline.as_str(), declared[0].num_handoffs), ("rows", 2));
    let before: String =
        shop.row("select xmin::text from forebay.pipelines where name = 'rows'").await.get(0);
    assert!(work::declare(&shop.database, &[spec]).await.unwrap().changed.is_empty());
    let after: String = shop.row("select xmin::text from forebay.pipelines where name = 'rows'").await.get(0);
    assert_eq!(before, after);
    assert_eq!(shop.drain().await.num_succeeded, 2);
    assert_eq!(shop.column("select n::text from public.items order by n").await, ["1", "2"]);
}

#[tokio::test]
async fn unsupported_settings_are_refused() {
    let shop = Shop::open().await;
    let columns = json!({"n": "n"});
    let wrong = [
        (json!({"table": "public.t", "columns": columns, "colums": {}}), "no setting `colums`"),
        (json!({"table": "public.t"}), "needs `columns`"),
        (json!({"columns": columns}), "needs `table`"),
        (json!({"table": "forebay.sources", "columns": columns}), "belongs to Forebay"),
        (json!({"table": "public.t", "columns": {"a\"b": "n"}}), "quotation mark"),
        (json!({"table": "public.t", "columns": {"n": {"type": "int; drop table x"}}}), "has the type"),
        (json!({"table": "public.t", "columns": {"n": {"fild": "x"}}}), "no setting `fild`"),
        (json!({"table": "public.t", "columns": columns, "removed": "maybe"}), "`delete` or `mark`"),
        (json!([]), "not a table"),
    ];
    for (config, reason) in wrong {
        let error = work::declare(&shop.database, &[table_spec(config)]).await.unwrap_err();
        assert_eq!(error.code(), "pipeline_config");
        assert!(error.to_string().contains(reason), "{error}");
    }
    assert!(shop.column("select name from forebay.pipelines where name = 'rows'").await.is_empty());
}
