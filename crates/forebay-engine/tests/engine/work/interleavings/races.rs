//! Regression tests of single races: a lock delays one side until the other has finished.

use forebay_domain::handoff::{Change, FailureClass};
use forebay_store::jobs::{self, Ack, FailureAck};
use tokio_postgres::{Client, types::Type};

use super::{PIPELINE, Wish, World};
use crate::wait::eventually;

async fn pid(client: &Client) -> i32 {
    client.query_typed_one("select pg_backend_pid()", &[]).await.unwrap().get(0)
}

/// Returns when a connection waits for another one's lock.
async fn is_blocked(watcher: &Client, pid: i32) {
    let statement = "select cardinality(pg_blocking_pids($1)) > 0";
    eventually("the connection waits for a lock", async || {
        watcher.query_typed_one(statement, &[(&pid, Type::INT4)]).await.unwrap().get(0)
    })
    .await;
}

async fn states(world: &World) -> Vec<String> {
    let statement = "select h.version || ' ' || h.state || ' ' || h.reason_code || coalesce(' ' || ( \
             select case when j.receipt is null then 'free' else 'held' end from forebay.ingestion_handoffs as j \
             where j.reference_id = h.reference_id and j.payload_hash = h.payload_hash), '') \
         from forebay.handoffs as h order by h.version";
    world.client.query_typed(statement, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// The hand-off sees an active attempt, which fails and commits before the hand-off reads the job.
#[tokio::test]
async fn a_retry_during_a_hand_off_of_newer_content_is_superseded() {
    let world = World::open().await;
    world.add("a", 0).await;
    let claimed = World::claim(&world.client, 1).await;
    let claim = (claimed[0].reference_id, claimed[0].receipt);
    let (mut worker, mut run) = (world.test.client().await, world.test.client().await);
    let run_pid = pid(&run).await;

    let failing = worker.transaction().await.unwrap();
    let failure = super::failure(claim.0, FailureClass::Transient);
    let answers =
        jobs::fail(&failing, world.pipeline.pipeline_id, &[(failure, claim.1)], None).await.unwrap();
    assert_eq!(answers[0].ack, FailureAck::Retrying);
    let change = tokio::join!(world.persist(&mut run, "a", Wish::Content(1)), async {
        is_blocked(&world.client, run_pid).await;
        failing.commit().await.unwrap();
    });
    assert_eq!(change.0, Some(Change::Updated));
    assert_eq!(states(&world).await, ["1 superseded newer_version", "2 pending updated free"]);
    world.complete_all().await;
}

/// The hand-off waits for the job while it locks the attempt's hand-off: the failure must be reported again.
#[tokio::test]
async fn a_failure_during_a_hand_off_of_newer_content_is_busy_and_then_superseded() {
    let world = World::open().await;
    world.add("a", 0).await;
    let claimed = World::claim(&world.client, 1).await;
    let claim = (claimed[0].reference_id, claimed[0].receipt);
    let (mut third, mut run) = (world.test.client().await, world.test.client().await);
    let run_pid = pid(&run).await;

    let holding = third.transaction().await.unwrap();
    holding.batch_execute("select from forebay.ingestion_handoffs for update").await.unwrap();
    tokio::join!(world.persist(&mut run, "a", Wish::Content(1)), async {
        is_blocked(&world.client, run_pid).await;
        let worker = world.test.client().await;
        let verdicts = world.fail(&worker, &[(claim, FailureClass::Transient)]).await;
        assert_eq!(verdicts, [FailureAck::Busy]);
        holding.rollback().await.unwrap();
    });
    assert_eq!(states(&world).await, ["1 active added held", "2 pending updated"]);
    assert_eq!(
        world.fail(&world.client, &[(claim, FailureClass::Transient)]).await,
        [FailureAck::Superseded]
    );
    assert_eq!(states(&world).await, ["1 superseded newer_version", "2 pending updated free"]);
    world.complete_all().await;
}

/// A report that began before newer content was handed off, and reads the job afterwards: the statement sees the
/// current job, and everything else as of its start.
#[tokio::test]
async fn a_follow_up_that_arrives_during_a_report_is_taken_up() {
    for fails in [false, true] {
        let world = World::open().await;
        let keys: Vec<String> = (0..1000).map(|number| format!("k{number}")).collect();
        for key in &keys {
            world.add(key, 0).await;
        }
        let claimed = World::claim(&world.client, 1000).await;
        let last = claimed.last().unwrap().record_key.clone();
        let claims: Vec<_> = claimed.iter().map(|job| (job.reference_id, job.receipt)).collect();
        let mut run = world.test.client().await;
        let worker = world.test.client().await;
        let report = async {
            if fails {
                let failed: Vec<_> = claims.iter().map(|claim| (*claim, FailureClass::Permanent)).collect();
                world.fail(&worker, &failed).await;
            } else {
                let verdicts = jobs::complete(&worker, PIPELINE, &claims, None).await.unwrap();
                assert!(verdicts.iter().all(|verdict| matches!(verdict, Ack::Done | Ack::Busy)));
            }
        };
        tokio::join!(report, world.persist(&mut run, &last, Wish::Content(1)));
        let stranded = "select count(*) from forebay.handoffs as h where h.version = 2 \
             and not exists (select from forebay.ingestion_handoffs as j where j.reference_id = h.reference_id)";
        assert_eq!(world.count(stranded).await, 0);
    }
}
