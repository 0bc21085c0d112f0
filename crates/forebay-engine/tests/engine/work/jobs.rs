//! Jobs under receipts and row locks: nothing is done twice, nothing is lost, and late reports are refused.

use std::{collections::HashSet, time::Duration};

use forebay_domain::{
    handoff::{Change, FailureClass},
    identity::ReferenceId,
};
use forebay_store::jobs::{self, Ack, Claimed, Failure, FailureAck, FailureReport, Queue, Receipt};
use jiff::Timestamp;
use serde_json::json;
use tokio_postgres::{Client, types::Type};

use super::Shop;

const LEASE: Duration = Duration::from_mins(1);

const PIPELINE: &str = "workers";

async fn claim(shop: &Shop) -> Vec<Claimed> {
    claim_some(&shop.test.client().await, 100).await
}

/// Claims for a worker that never reports.
async fn claim_and_die(shop: &Shop) -> Vec<Claimed> {
    let claimed = claim(shop).await;
    let expire = "update forebay.ingestion_claims set lease_until = now() - interval '1 second'";
    shop.client.batch_execute(expire).await.unwrap();
    claimed
}

async fn claim_some(client: &Client, limit: u32) -> Vec<Claimed> {
    jobs::claim(client, PIPELINE, limit, LEASE, "a test", None).await.unwrap()
}

async fn complete(shop: &Shop, claims: &[(ReferenceId, Receipt)]) -> Vec<Ack> {
    jobs::complete(&shop.client, PIPELINE, claims, None).await.unwrap()
}

async fn fail(shop: &Shop, claim: &Claimed, class: FailureClass) -> FailureReport {
    let failure = Failure {
        reference_id: claim.reference_id,
        class,
        reason_code: "refused".into(),
        message: "the other side said no".into(),
        retry_after: None,
    };
    let answers = jobs::fail(&shop.client, shop.pipeline(), &[(failure, claim.receipt)], None).await.unwrap();
    for answer in &answers {
        assert_eq!(answer.retry_at.is_some(), answer.ack == FailureAck::Retrying, "{answer:?}");
    }
    let acks: Vec<FailureAck> = answers.iter().map(|answer| answer.ack).collect();
    FailureReport::of(&acks)
}

async fn rescue(shop: &Shop) -> FailureReport {
    jobs::rescue(&shop.client, shop.pipeline(), 100).await.unwrap()
}

async fn make_due(client: &Client) {
    client.batch_execute("update forebay.ingestion_handoffs set not_before = now()").await.unwrap();
}

async fn num_jobs(shop: &Shop) -> i64 {
    shop.row("select count(*) from forebay.ingestion_handoffs").await.get(0)
}

#[tokio::test]
async fn claimed_jobs_are_active_and_completed_jobs_are_deleted() {
    let shop = Shop::external().await;
    shop.put_all(&[("a", json!({"n": 1})), ("b", json!({"n": 2}))]).await;
    let claimed = claim(&shop).await;
    assert_eq!(claimed.len(), 2);
    assert!(
        claimed.iter().all(|job| job.attempt == 1 && job.generation == 1 && job.change == Change::Updated)
    );
    assert_eq!(shop.states().await, ["active 2"]);
    let claims: Vec<_> = claimed.iter().map(|job| (job.reference_id, job.receipt)).collect();
    assert_eq!(complete(&shop, &claims).await, [Ack::Done, Ack::Done]);
    assert_eq!(shop.states().await, ["succeeded 2"]);
    assert_eq!(num_jobs(&shop).await, 0);
    assert_eq!(complete(&shop, &claims).await, [Ack::Lost, Ack::Lost]);
}

#[tokio::test]
async fn what_is_asked_for_at_a_time_during_an_attempt_waits_for_it() {
    let shop = Shop::external().await;
    let id = shop.put("a", &json!({"n": 1})).await;
    let ask = async |due_at: &str| {
        let statement = format!("select forebay.enqueue('workers', array['{id}'::uuid], {due_at})");
        assert_eq!(shop.row(&statement).await.get::<_, i64>(0), 1);
    };
    let waits = "select (not_before > now() + interval '50 minutes')::text from forebay.ingestion_handoffs";
    // However the attempt ends.
    for class in [None, Some(FailureClass::Transient), Some(FailureClass::Lost)] {
        let job = &claim(&shop).await[0];
        ask("now() + interval '1 hour'").await;
        match class {
            None => assert_eq!(complete(&shop, &[(id, job.receipt)]).await, [Ack::Done]),
            Some(class) => drop(fail(&shop, job, class).await),
        }
        assert_eq!(shop.column(waits).await, ["true"], "{class:?}");
        assert!(claim(&shop).await.is_empty(), "{class:?}");
        make_due(&shop.client).await;
    }
    // A change is due at once.
    claim(&shop).await;
    ask("now() + interval '1 hour'").await;
    shop.put("a", &json!({"n": 2})).await;
    shop.client
        .batch_execute("update forebay.ingestion_claims set lease_until = now() - interval '1 s'")
        .await
        .unwrap();
    rescue(&shop).await;
    assert_eq!(claim(&shop).await.len(), 1);
}

#[tokio::test]
async fn two_workers_never_get_the_same_job() {
    let shop = Shop::external().await;
    let keys: Vec<String> = (0..400).map(|n| n.to_string()).collect();
    let records: Vec<_> = keys.iter().map(|key| (key.as_str(), json!({"id": key}))).collect();
    shop.put_all(&records).await;
    let mut workers = Vec::new();
    for _ in 0..4 {
        let client = shop.test.client().await;
        workers.push(tokio::spawn(async move {
            let mut claimed = Vec::new();
            loop {
                let batch = claim_some(&client, 7).await;
                if batch.is_empty() {
                    return claimed;
                }
                claimed.extend(batch.iter().map(|job| job.reference_id));
            }
        }));
    }
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    assert_eq!(all.len(), 400);
}

#[tokio::test]
async fn taken_jobs_are_skipped_and_free_again_when_their_worker_dies() {
    let shop = Shop::external().await;
    shop.put("a", &json!({"n": 1})).await;
    let (mut first, mut second) = (shop.test.client().await, shop.test.client().await);
    let taking = first.transaction().await.unwrap();
    assert_eq!(Queue::new(shop.pipeline()).take(&taking, 10).await.unwrap().len(), 1);
    let other = second.transaction().await.unwrap();
    assert!(Queue::new(shop.pipeline()).take(&other, 10).await.unwrap().is_empty());
    drop(other);
    drop(taking);
    drop(first);
    let again = second.transaction().await.unwrap();
    let mut taken = Vec::new();
    while taken.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
        taken = Queue::new(shop.pipeline()).take(&again, 10).await.unwrap();
    }
    assert_eq!(taken[0].attempt, 1);
}

#[tokio::test]
async fn a_stale_receipt_is_refused_and_changes_nothing() {
    let shop = Shop::external().await;
    let id = shop.put("a", &json!({"n": 1})).await;
    let claimed = claim(&shop).await;
    assert_eq!(complete(&shop, &[(id, Receipt([7; 16]))]).await, [Ack::Stale]);
    let other = Claimed { receipt: Receipt([7; 16]), ..claimed[0].clone() };
    let report = fail(&shop, &other, FailureClass::Permanent).await;
    assert_eq!(report, FailureReport { num_refused: 1, ..FailureReport::default() });
    assert_eq!(shop.states().await, ["active 1"]);
    assert_eq!(complete(&shop, &[(id, claimed[0].receipt)]).await, [Ack::Done]);
}

#[tokio::test]
async fn an_expired_lease_is_rescued_and_the_late_worker_is_refused() {
    let shop = Shop::external().await;
    let id = shop.put("a", &json!({"n": 1})).await;
    let late = claim_and_die(&shop).await;
    assert_eq!(rescue(&shop).await.num_retrying, 1);
    assert_eq!(shop.states().await, ["retrying 1"]);
    assert_eq!(complete(&shop, &[(id, late[0].receipt)]).await, [Ack::Stale]);
    make_due(&shop.client).await;
    let next = claim(&shop).await;
    assert_eq!(next[0].attempt, 2);
    assert_eq!(complete(&shop, &[(id, late[0].receipt)]).await, [Ack::Stale]);
    assert_eq!(complete(&shop, &[(id, next[0].receipt)]).await, [Ack::Done]);
    assert_eq!(shop.column("select failure_class from forebay.ingestion_attempts").await, ["lost"]);
}

#[tokio::test]
async fn a_late_report_is_accepted_if_no_other_worker_claimed_the_job() {
    let shop = Shop::external().await;
    let id = shop.put("a", &json!({"n": 1})).await;
    let late = claim_and_die(&shop).await;
    assert_eq!(complete(&shop, &[(id, late[0].receipt)]).await, [Ack::Done]);
}

#[tokio::test]
async fn a_hand_off_that_keeps_losing_its_worker_becomes_poison() {
    let shop = Shop::external().await;
    shop.put("a", &json!({"n": 1})).await;
    for num_lost in 0..3 {
        let claimed = claim_and_die(&shop).await;
        assert_eq!((claimed.len(), claimed[0].was_lost), (1, num_lost > 0));
        assert_eq!(rescue(&shop).await.num_retrying, 1);
        make_due(&shop.client).await;
    }
    claim_and_die(&shop).await;
    assert_eq!(rescue(&shop).await.num_failed, 1);
    assert_eq!(shop.column("select state || reason_code from forebay.handoffs").await, ["failedpoison"]);
    assert_eq!(num_jobs(&shop).await, 0);
}

#[tokio::test]
async fn newer_content_during_a_claim_is_followed_up_once() {
    let shop = Shop::external().await;
    let id = shop.put("a", &json!({"n": 1})).await;
    let first = claim(&shop).await;
    shop.put("a", &json!({"n": 2})).await;
    shop.put("a", &json!({"n": 3})).await;
    assert!(claim(&shop).await.is_empty());
    assert_eq!(complete(&shop, &[(id, first[0].receipt)]).await, [Ack::Done]);
    let second = claim(&shop).await;
    assert_eq!(second.len(), 1);
    assert_ne!(second[0].payload_hash, first[0].payload_hash);
    assert_eq!(second[0].attempt, 1);
    assert_eq!(complete(&shop, &[(id, second[0].receipt)]).await, [Ack::Done]);
    assert_eq!(shop.states().await, ["succeeded 2", "superseded 1"]);
    assert_eq!(num_jobs(&shop).await, 0);
}

#[tokio::test]
async fn an_expired_lease_is_replaced_by_newer_content() {
    let shop = Shop::external().await;
    shop.put("a", &json!({"n": 1})).await;
    let first = claim_and_die(&shop).await;
    shop.put("a", &json!({"n": 2})).await;
    assert_eq!(rescue(&shop).await.num_superseded, 1);
    let second = claim(&shop).await;
    assert_ne!(second[0].payload_hash, first[0].payload_hash);
    assert_eq!(shop.states().await, ["active 1", "superseded 1"]);
}

#[tokio::test]
async fn content_that_returns_during_an_attempt_is_ingested_again() {
    let shop = Shop::external().await;
    let id = shop.put("a", &json!({"n": 1})).await;
    let first = claim(&shop).await;
    shop.put("a", &json!({"n": 2})).await;
    shop.put("a", &json!({"n": 1})).await;
    // Generation 2 of the first hash is open now, so the attempt for generation 1 must not close it.
    assert_eq!(complete(&shop, &[(id, first[0].receipt)]).await, [Ack::Done]);
    assert_eq!(shop.states().await, ["pending 1", "superseded 1"]);
    let second = claim(&shop).await;
    assert_eq!((second[0].payload_hash, second[0].generation), (first[0].payload_hash, 2));
    assert_eq!(complete(&shop, &[(id, second[0].receipt)]).await, [Ack::Done]);
    assert_eq!(shop.states().await, ["succeeded 1", "superseded 1"]);
}

#[tokio::test]
async fn a_failure_follows_the_policy_of_its_class() {
    let shop = Shop::external().await;
    shop.put("a", &json!({"n": 1})).await;
    let claimed = claim(&shop).await;
    assert_eq!(fail(&shop, &claimed[0], FailureClass::Transient).await.num_retrying, 1);
    let row = shop.row("select state, reason_code, num_attempts, last_error from forebay.handoffs").await;
    assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("retrying", "transient"));
    assert_eq!((row.get::<_, i32>(2), row.get::<_, &str>(3)), (1, "the other side said no"));
    make_due(&shop.client).await;
    // A request to come back later does not count as an attempt.
    let claimed = claim(&shop).await;
    assert_eq!(fail(&shop, &claimed[0], FailureClass::Throttled).await.num_retrying, 1);
    assert_eq!(shop.row("select num_attempts from forebay.handoffs").await.get::<_, i32>(0), 1);
    make_due(&shop.client).await;
    for _ in 0..8 {
        let claimed = claim(&shop).await;
        assert_eq!(fail(&shop, &claimed[0], FailureClass::Transient).await.num_retrying, 1);
        make_due(&shop.client).await;
    }
    let claimed = claim(&shop).await;
    assert_eq!(fail(&shop, &claimed[0], FailureClass::Transient).await.num_failed, 1);
    let row = shop.row("select state, reason_code, num_attempts from forebay.handoffs").await;
    assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("failed", "attempts_exhausted"));
    assert_eq!(row.get::<_, i32>(2), 10);
    assert_eq!(num_jobs(&shop).await, 0);
    let attempts = "select attempt::text from forebay.ingestion_attempts order by attempt_id";
    assert_eq!(shop.column(attempts).await, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]);
}

#[tokio::test]
async fn a_permanent_failure_fails_at_once_and_newer_content_still_follows() {
    let shop = Shop::external().await;
    shop.put("a", &json!({"n": 1})).await;
    let claimed = claim(&shop).await;
    shop.put("a", &json!({"n": 2})).await;
    assert_eq!(fail(&shop, &claimed[0], FailureClass::Permanent).await.num_failed, 1);
    assert_eq!(shop.states().await, ["failed 1", "pending 1"]);
    assert_eq!(claim(&shop).await.len(), 1);
}

#[tokio::test]
async fn workers_do_not_wait_for_a_run_that_is_writing() {
    let shop = Shop::external().await;
    let id = shop.put("a", &json!({"n": 1})).await;
    let claimed = claim(&shop).await;
    let mut writer = shop.test.client().await;
    let writing = writer.transaction().await.unwrap();
    writing.batch_execute("update forebay.ingestion_handoffs set reason_code = reason_code").await.unwrap();
    assert_eq!(complete(&shop, &[(id, claimed[0].receipt)]).await, [Ack::Busy]);
    writing.rollback().await.unwrap();
    assert_eq!(complete(&shop, &[(id, claimed[0].receipt)]).await, [Ack::Done]);
}

#[tokio::test]
async fn reports_about_deleted_rows_are_refused_and_deleted_history_stops_nothing() {
    let shop = Shop::external().await;
    let id = shop.put("a", &json!({"title": "x"})).await;
    let claimed = claim(&shop).await;
    shop.client.batch_execute("delete from forebay.ingestion_handoffs").await.unwrap();
    assert_eq!(fail(&shop, &claimed[0], FailureClass::Transient).await.num_refused, 1);
    assert_eq!(num_jobs(&shop).await, 0);

    shop.put("a", &json!({"title": "y"})).await;
    let claimed = claim(&shop).await;
    assert_eq!(complete(&shop, &[(id, claimed[0].receipt)]).await, [Ack::Done]);
    shop.client.batch_execute("delete from forebay.ingestion_outcomes").await.unwrap();
    shop.put("a", &json!({"title": "x"})).await;
    assert_eq!(shop.states().await, ["pending 1"]);
}

/// Jobs for made-up references: `(source, priority, how many)`.
async fn fill(client: &Client, parts: &[(i32, i16, i32)]) {
    for (source, priority, number) in parts {
        let statement = format!(
            "insert into forebay.ingestion_handoffs (pipeline_id, reference_id, source_id, priority, payload_hash) \
             select 1, gen_random_uuid(), {source}, {priority}, sha256('x') from generate_series(1, {number})"
        );
        client.batch_execute(&statement).await.unwrap();
    }
}

/// How many jobs of each source one batch takes.
async fn take_by_source(client: &mut Client, queue: &mut Queue, limit: u32) -> Vec<(i32, i64)> {
    let transaction = client.transaction().await.unwrap();
    jobs::hold_plans(&transaction).await.unwrap();
    let taken = queue.take(&transaction, limit).await.unwrap();
    let ids: Vec<String> = taken.iter().map(|job| job.reference_id.to_string()).collect();
    let statement = "select source_id, count(*) from forebay.ingestion_handoffs \
         where reference_id = any($1::text[]::uuid[]) group by 1 order by 1";
    let rows = transaction.query_typed(statement, &[(&ids, Type::TEXT_ARRAY)]).await.unwrap();
    let counts = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    jobs::complete_taken(&transaction, 1, &taken, Timestamp::UNIX_EPOCH).await.unwrap();
    transaction.commit().await.unwrap();
    counts
}

#[tokio::test]
async fn sources_share_a_priority_and_higher_priorities_go_first() {
    let shop = Shop::open().await;
    fill(&shop.client, &[(1, 0, 1000), (2, 0, 30), (3, 10, 50)]).await;
    let mut client = shop.test.client().await;
    let mut queue = Queue::new(1);
    assert_eq!(take_by_source(&mut client, &mut queue, 40).await, [(1, 20), (2, 20)]);
    // Another source gets the places that one source cannot fill; lower priorities wait.
    assert_eq!(take_by_source(&mut client, &mut queue, 500).await, [(1, 490), (2, 10)]);
    assert_eq!(take_by_source(&mut client, &mut queue, 600).await, [(1, 490), (3, 50)]);
    assert!(take_by_source(&mut client, &mut queue, 600).await.is_empty());
    // A job queued behind the cursor is found from the start again.
    shop.put("late", &json!({"n": 1})).await;
    assert_eq!(take_by_source(&mut client, &mut queue, 600).await, [(1, 1)]);
}

#[tokio::test]
async fn jobs_released_by_another_worker_are_found_again() {
    let shop = Shop::open().await;
    fill(&shop.client, &[(1, 0, 100)]).await;
    let (mut first, mut second) = (shop.test.client().await, shop.test.client().await);
    let holding = first.transaction().await.unwrap();
    assert_eq!(Queue::new(1).take(&holding, 60).await.unwrap().len(), 60);
    let mut queue = Queue::new(1);
    assert_eq!(take_by_source(&mut second, &mut queue, 100).await, [(1, 40)]);
    holding.rollback().await.unwrap();
    assert_eq!(take_by_source(&mut second, &mut queue, 100).await, [(1, 60)]);
}

#[tokio::test]
async fn taking_uses_the_queues_index_regardless_of_statistics() {
    let shop = Shop::open().await;
    shop.client
        .batch_execute("alter table forebay.ingestion_handoffs set (autovacuum_enabled = false)")
        .await
        .unwrap();
    fill(&shop.client, &[(1, 0, 20_000)]).await;
    let mut client = shop.test.client().await;
    for analysed in [false, true] {
        if analysed {
            client.batch_execute("analyze forebay.ingestion_handoffs").await.unwrap();
        }
        let transaction = client.transaction().await.unwrap();
        jobs::hold_plans(&transaction).await.unwrap();
        let taking = jobs::TAKE
            .replace("$1", "1")
            .replace("$2", "'{0}'")
            .replace("$3", "'{1}'")
            .replace("$4", "'{1970-01-01}'")
            .replace("$5", "'{00000000-0000-0000-0000-000000000000}'")
            .replace("$6", "500");
        for statement in [taking, jobs::GROUPS.replace("$1", "1"), jobs::DUE.to_owned()] {
            let rows =
                transaction.query_typed(&format!("explain (costs off) {statement}"), &[]).await.unwrap();
            let plan = rows.iter().map(|row| row.get(0)).collect::<Vec<String>>().join("\n");
            assert!(plan.contains("using ingestion_handoffs_queue"), "{plan}");
            assert!(!plan.contains("Sort Key: j.") && !plan.contains("Sort Key: f."), "{plan}");
            assert!(!plan.contains("Seq Scan"), "{plan}");
        }
    }
}

#[tokio::test]
async fn failures_reported_as_json_follow_the_policy_and_each_reference_counts_once() {
    let shop = Shop::external().await;
    let id = shop.put("a", &json!({"n": 1})).await;
    let claimed = claim(&shop).await;
    let failures = json!([
        {"reference_id": id.to_string(), "receipt": claimed[0].receipt.to_string(), "class": "transient"},
        {"reference_id": id.to_string(), "receipt": claimed[0].receipt.to_string(), "class": "permanent"},
    ]);
    let statement = "select verdict from forebay.fail_jobs('workers', $1)";
    let rows = shop.client.query_typed(statement, &[(&failures, Type::JSONB)]).await.unwrap();
    let verdicts: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(verdicts, ["retrying", "lost"]);
    let waits = "select not_before > now() from forebay.ingestion_handoffs";
    assert!(shop.row(waits).await.get::<_, bool>(0));
    // An absolute time instead of a duration must not pause for years.
    make_due(&shop.client).await;
    let claimed = claim(&shop).await;
    let failures = json!([{"reference_id": id.to_string(), "receipt": claimed[0].receipt.to_string(),
        "class": "throttled", "retry_after_seconds": 1_790_000_000}]);
    shop.client.query_typed(statement, &[(&failures, Type::JSONB)]).await.unwrap();
    let paused = "select paused_until <= now() + interval '1 day' from forebay.ingestion_limits";
    assert!(shop.row(paused).await.get::<_, bool>(0));
}
