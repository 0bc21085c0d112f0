//! Reconciliation finds missing hand-offs regardless of their cause, and repairs exactly those.

use forebay_domain::{
    handoff::Change,
    identity::{ReferenceId, VersionHash},
};
use forebay_store::{
    handoffs::{self, Enqueue, Queueing, Standing, Subscriber},
    maintenance::Mode,
    pipelines::{self, Effect, PipelineSpec},
    projects::OnConflict,
    sources::change::{self, Rehashed},
    testing::{self, TestDatabase},
};
use serde_json::json;
use tokio_postgres::{Client, types::Type};

/// A database with one source, its reference `a` at version 1, and a pipeline that reads the field `title`.
struct Stage {
    _test: TestDatabase,
    client: Client,
    subscriber: Subscriber,
    id: ReferenceId,
}

impl Stage {
    async fn set() -> Self {
        let test = testing::database().await;
        let client = test.client().await;
        let fill = "insert into forebay.sources (name, entity_type, key_fields) values ('s', 'item', '{id}');
            insert into forebay.scrape_runs (source_id, scope, status, ended_at, is_complete, with_handoffs, engine,
                input, observed_at) values (1, '', 'complete', now(), true, true, 'test', '-', now());
            insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
                scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
            values (forebay.reference_id('s', 'a'), now(), now(), now(), 1, 1, 1, 1, sha256('1'), 'item', '', 'a', '{}')";
        client.batch_execute(fill).await.unwrap();
        let spec = PipelineSpec {
            changed_fields: vec!["title".into()],
            ..PipelineSpec::new("p", "external", json!({})).of_source("s")
        };
        pipelines::declare(&client, &spec, &Effect::default(), OnConflict::Keep).await.unwrap();
        let pipeline = pipelines::find(&client, "p").await.unwrap().unwrap();
        let subscriber = handoffs::subscribers_of(&client, "s", "item").await.unwrap();
        let subscriber =
            subscriber.into_iter().find(|subscriber| subscriber.pipeline_id == pipeline.pipeline_id).unwrap();
        let id = ReferenceId::compute("s", "a");
        Self { _test: test, client, subscriber, id }
    }

    async fn standing(&self) -> Standing {
        let pipeline_id = self.subscriber.pipeline_id;
        let standing = handoffs::verify(&self.client, pipeline_id, &[self.id]).await.unwrap()[0].standing;
        // What is sorted out without a check is what the check says.
        let range = (ReferenceId([0; 16]), ReferenceId([255; 16]));
        let sieved = handoffs::sieve(&self.client, pipeline_id, range, true).await.unwrap();
        match (sieved.num_succeeded, sieved.num_in_work) {
            (1, 0) => assert_eq!(standing, Standing::Succeeded),
            (0, 1) => assert_eq!(standing, Standing::InWork),
            _ => assert_eq!(sieved.doubtful, [self.id]),
        }
        standing
    }

    async fn repair(&mut self) -> u64 {
        let transaction = self.client.transaction().await.unwrap();
        let number = handoffs::repair(&transaction, &self.subscriber, &[self.id], false).await.unwrap();
        transaction.commit().await.unwrap();
        number
    }

    async fn run(&self, statement: &str) {
        self.client.batch_execute(statement).await.unwrap();
    }

    /// Stores a version and hands it off like a run does; returns the number of hand-offs.
    async fn change(&self, version: i32, field: &str) -> u64 {
        self.run(&format!(
            "select forebay_private.ensure_month('reference_revisions', now());
             update forebay.\"references\" set version = {version}, version_hash = sha256('{version}');
             insert into forebay.reference_revisions values
                 (forebay.reference_id('s', 'a'), clock_timestamp(), 1, {version}, 'updated', '{field}', '1', '2')"
        ))
        .await;
        let hash = self
            .client
            .query_typed_one("select version_hash from forebay.\"references\"", &[])
            .await
            .unwrap();
        let hash: Vec<u8> = hash.get(0);
        let change = Enqueue {
            reference_id: self.id,
            payload_hash: VersionHash(hash.try_into().unwrap()),
            version,
            change: Change::Updated,
            changed_fields: vec![field.into()],
        };
        let subscribers = std::slice::from_ref(&self.subscriber);
        let queueing = Queueing { subscribers, run_id: Some(1), source_id: 1 };
        handoffs::enqueue_changed(&self.client, &queueing, &[change]).await.unwrap()
    }

    /// Lets a worker process all due jobs.
    async fn work(&self) {
        let done = "select c.verdict from (select array_agg(reference_id) as ids, array_agg(receipt) as receipts \
             from forebay.claim_jobs('p')) as j, forebay.complete_jobs('p', j.ids, j.receipts) as c";
        assert_eq!(self.client.query_typed_one(done, &[]).await.unwrap().get::<_, &str>(0), "done");
    }

    async fn reason(&self) -> String {
        let statement = "select h.reason_code from forebay.handoffs as h \
             where h.pipeline_id = $1 and h.state = 'pending'";
        let row = self.client.query_typed_one(statement, &[(&self.subscriber.pipeline_id, Type::INT4)]).await;
        row.unwrap().get(0)
    }
}

#[tokio::test]
async fn a_new_pipeline_is_missing_everything_and_a_repair_hands_it_off_once() {
    let mut stage = Stage::set().await;
    assert_eq!(stage.standing().await, Standing::Missing);
    assert_eq!(stage.repair().await, 1);
    assert_eq!(stage.standing().await, Standing::InWork);
    assert_eq!(stage.reason().await, "reconciled");
    assert_eq!(stage.repair().await, 0);
    stage.work().await;
    assert_eq!(stage.standing().await, Standing::Succeeded);
    assert_eq!(stage.repair().await, 0);
}

#[tokio::test]
async fn changes_of_unused_fields_are_filtered() {
    let mut stage = Stage::set().await;
    stage.repair().await;
    stage.work().await;
    assert_eq!(stage.change(2, "seats").await, 0);
    assert_eq!(stage.standing().await, Standing::Filtered);
    assert_eq!(stage.change(3, "title").await, 1);
    assert_eq!(stage.standing().await, Standing::InWork);
    stage.work().await;
    assert_eq!(stage.standing().await, Standing::Succeeded);
    // A field that the pipeline reads changed, without a hand-off.
    stage.change(4, "seats").await;
    stage.run("update forebay.reference_revisions set field_name = 'title' where version = 4").await;
    assert_eq!(stage.standing().await, Standing::Missing);
    assert_eq!(stage.repair().await, 1);
}

#[tokio::test]
async fn a_hash_that_was_settled_before_may_come_back_by_a_rename() {
    let mut stage = Stage::set().await;
    stage.repair().await;
    stage.work().await;
    stage.change(2, "title").await;
    stage.work().await;
    let hash = |text: &str| VersionHash::of(text.as_bytes());
    let renamed = Rehashed {
        reference_id: stage.id,
        old_hash: hash("2"),
        version_hash: hash("1"),
        payload: "{}".to_owned(),
    };
    change::store_rehashed(&stage.client, &[renamed]).await.unwrap();
    assert_eq!(stage.standing().await, Standing::Succeeded);
    let outcomes = "select string_agg(version || ' ' || state, ', ') from forebay.ingestion_outcomes";
    let row = stage.client.query_one(outcomes, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "2 succeeded", "the newer of the two");
    assert_eq!(stage.change(1, "title").await, 1, "it can be handed off again");
}

#[tokio::test]
async fn manual_deletions_are_found() {
    let mut stage = Stage::set().await;
    stage.repair().await;
    stage.run("delete from forebay.ingestion_handoffs").await;
    assert_eq!(stage.standing().await, Standing::Missing);
    assert_eq!(stage.repair().await, 1);
    stage.work().await;
    stage.run("delete from forebay.ingestion_outcomes").await;
    assert_eq!(stage.standing().await, Standing::Missing);
    assert_eq!(stage.repair().await, 1);
    stage.work().await;
    stage.run("update forebay.ingestion_outcomes set state = 'superseded'").await;
    assert_eq!(stage.standing().await, Standing::Missing);
}

#[tokio::test]
async fn changed_settings_make_ingested_references_outdated() {
    let mut stage = Stage::set().await;
    stage.repair().await;
    stage.work().await;
    stage.run("update forebay.pipelines set configured_at = clock_timestamp()").await;
    assert_eq!(stage.standing().await, Standing::Outdated);
    assert_eq!(stage.repair().await, 1);
    assert_eq!(stage.reason().await, "reconfigured");
    stage.work().await;
    assert_eq!(stage.standing().await, Standing::Succeeded);
}

#[tokio::test]
async fn a_removal_is_handed_off_only_if_the_reference_was() {
    let mut stage = Stage::set().await;
    stage.run("update forebay.\"references\" set removed_at = now()").await;
    assert_eq!(stage.standing().await, Standing::Filtered);
    stage.run("update forebay.\"references\" set removed_at = null").await;
    stage.repair().await;
    stage.work().await;
    stage.run("update forebay.\"references\" set removed_at = now()").await;
    assert_eq!(stage.standing().await, Standing::Missing);
    assert_eq!(stage.repair().await, 1);
    stage.work().await;
    assert_eq!(stage.standing().await, Standing::Succeeded);
    stage.run("update forebay.\"references\" set removed_at = null").await;
    assert_eq!(stage.standing().await, Standing::Missing);
}

#[tokio::test]
async fn records_of_a_run_without_hand_offs_are_withheld_from_existing_pipelines() {
    let stage = Stage::set().await;
    stage.run("update forebay.scrape_runs set with_handoffs = false, started_at = clock_timestamp()").await;
    assert_eq!(stage.standing().await, Standing::Withheld);
    stage.run("update forebay.pipelines set configured_at = clock_timestamp()").await;
    assert_eq!(stage.standing().await, Standing::Missing);
}

#[tokio::test]
async fn other_entity_types_are_filtered_and_pruning_keeps_the_last_hand_off() {
    let mut stage = Stage::set().await;
    stage.repair().await;
    stage.work().await;
    stage.change(2, "title").await;
    stage.work().await;
    stage.run("update forebay.ingestion_outcomes set finished_at = now() - interval '60 days'").await;
    let month = std::time::Duration::from_hours(30 * 24);
    assert_eq!(handoffs::prune(&stage.client, month, Mode::Delete).await.unwrap(), 1);
    assert_eq!(stage.standing().await, Standing::Succeeded);
    assert_eq!(handoffs::prune(&stage.client, month, Mode::Delete).await.unwrap(), 0);
    stage.run("update forebay.pipelines set entity_types = '{event}', updated_at = now()").await;
    assert_eq!(stage.standing().await, Standing::Filtered);
}

#[tokio::test]
async fn names_are_read_in_the_order_of_the_ids() {
    let stage = Stage::set().await;
    let alias = ReferenceId::compute("s", "moved");
    let insert = format!(
        "insert into forebay.reference_aliases (alias_id, reference_id, source_id, record_key, run_id)
            values ('{alias}', '{}', 1, 'moved', 1)",
        stage.id
    );
    stage.run(&insert).await;
    let deleted = ReferenceId::compute("s", "deleted");
    let found = handoffs::names(&stage.client, &[deleted, stage.id, alias, stage.id]).await.unwrap();
    let a = Some(("s".to_owned(), "a".to_owned()));
    assert_eq!(found, [None, a.clone(), a.clone(), a]);
    assert!(handoffs::names(&stage.client, &[]).await.unwrap().is_empty());
}
