//! Expired leases and late reports.

use serde_json::json;

use super::{PIPELINE, World, claim, fail, heartbeat, report};
use crate::support::eventually;

#[tokio::test]
async fn a_job_with_a_lost_claim_is_claimed_alone() {
    let world = World::new().await;
    world.hand_off_many("pages", 3).await;
    let worker = world.worker().await;
    assert_eq!(claim(&worker, 10).await.len(), 3);
    world.end_leases().await;
    world.rescue(&worker).await;
    for _ in 0..3 {
        let jobs = claim(&worker, 10).await;
        assert_eq!(jobs.len(), 1);
        assert_eq!(jobs[0].attempt, 2);
    }
    world.end().await;
}

#[tokio::test]
async fn a_job_with_a_lost_claim_does_not_split_other_claims() {
    let world = World::new().await;
    world.hand_off_many("pages", 10).await;
    world
        .run("update forebay.ingestion_handoffs set num_lost = 1 where reference_id = forebay.reference_id('pages', '3')")
        .await;
    let worker = world.worker().await;
    let mut sizes = vec![claim(&worker, 10).await.len()];
    while sizes.iter().sum::<usize>() < 10 {
        sizes.push(claim(&worker, 10).await.len());
        assert_ne!(sizes.last(), Some(&0));
    }
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 9]);
    world.end().await;
}

#[tokio::test]
async fn four_lost_leases_make_a_job_poison() {
    let world = World::new().await;
    world.hand_off_many("pages", 1).await;
    let worker = world.worker().await;
    for attempt in 1..=4 {
        let jobs = claim(&worker, 10).await;
        assert_eq!(jobs.len(), 1, "attempt {attempt}");
        assert_eq!(jobs[0].attempt, attempt);
        world.end_leases().await;
        world.rescue(&worker).await;
    }
    assert_eq!(world.handoffs().await, ["failed poison 1"]);
    assert_eq!(world.number("select count(*) from forebay.ingestion_handoffs").await, 0);
    assert_eq!(claim(&worker, 10).await.len(), 0);
    world.end().await;
}

#[tokio::test]
async fn each_row_of_a_report_has_its_own_verdict() {
    let world = World::new().await;
    world.hand_off_many("pages", 4).await;
    let (one, other) = (world.worker().await, world.worker().await);
    let first = claim(&one, 10).await;
    world.end_leases().await;
    world.rescue(&other).await;
    // The first job is due again, so another worker claims it; the second is gone; the third is free.
    world
        .run(&format!(
            "update forebay.ingestion_handoffs set num_lost = 0, not_before = now() + interval '1 hour'; \
             update forebay.ingestion_handoffs set not_before = now() where reference_id = '{}'; \
             delete from forebay.ingestion_handoffs where reference_id = '{}'",
            first[0].id, first[1].id
        ))
        .await;
    let second = claim(&other, 10).await;
    assert_eq!(second.len(), 1);
    let reports = [
        (first[0].id.as_str(), first[0].receipt.as_str()),
        (&first[1].id, &first[1].receipt),
        (&first[2].id, &first[2].receipt),
        (&second[0].id, &second[0].receipt),
    ];
    assert_eq!(report(&one, "complete_jobs", &reports).await, ["stale", "lost", "stale", "done"]);
    assert_eq!(heartbeat(&one, &first[0].receipt).await, "lost");
    let failures = json!([{"reference_id": first[0].id, "receipt": first[0].receipt},
        {"reference_id": first[2].id, "receipt": first[2].receipt}]);
    assert_eq!(fail(&one, &failures).await, ["lost", "stale"]);
    world.end().await;
}

#[tokio::test]
async fn a_late_report_is_accepted_if_no_other_worker_has_the_job() {
    let world = World::new().await;
    world.hand_off_many("pages", 1).await;
    let worker = world.worker().await;
    let jobs = claim(&worker, 1).await;
    world.end_leases().await;
    assert_eq!(report(&worker, "complete_jobs", &[(&jobs[0].id, &jobs[0].receipt)]).await, ["done"]);
    assert_eq!(world.handoffs().await, ["succeeded added 1"]);
    world.end().await;
}

#[tokio::test]
async fn a_locked_job_is_busy_and_reported_again() {
    let mut world = World::new().await;
    world.hand_off_many("pages", 2).await;
    let worker = world.worker().await;
    let jobs = claim(&worker, 2).await;
    let locked = world.owner.transaction().await.unwrap();
    let lock =
        format!("select from forebay.ingestion_handoffs where reference_id = '{}' for update", jobs[0].id);
    locked.batch_execute(&lock).await.unwrap();
    let reports: Vec<(&str, &str)> = jobs.iter().map(|job| (job.id.as_str(), job.receipt.as_str())).collect();
    assert_eq!(report(&worker, "complete_jobs", &reports).await, ["busy", "done"]);
    locked.rollback().await.unwrap();
    assert_eq!(report(&worker, "complete_jobs", &reports[..1]).await, ["done"]);
    world.end().await;
}

#[tokio::test]
async fn a_row_that_is_reported_twice_counts_once() {
    let world = World::new().await;
    world.hand_off_many("pages", 4).await;
    let worker = world.worker().await;
    let jobs = claim(&worker, 4).await;
    let receipt = jobs[0].receipt.as_str();
    let twice = [(jobs[0].id.as_str(), receipt), (jobs[0].id.as_str(), receipt)];
    assert_eq!(report(&worker, "complete_jobs", &twice).await, ["done", "done"]);
    let failure = json!({"reference_id": jobs[1].id, "receipt": receipt, "class": "permanent"});
    fail(&worker, &json!([failure, failure])).await;
    assert_eq!(heartbeat(&worker, receipt).await, "extended", "two jobs are still held");
    world.end_leases().await;
    world.rescue(&worker).await;
    let held =
        world.number("select count(*) from forebay.ingestion_handoffs where receipt is not null").await;
    assert_eq!(held, 0, "no job is held forever");
    world.end().await;
}

#[tokio::test]
async fn a_valid_receipt_counts_beside_a_stale_one_and_none_is_stale() {
    let world = World::new().await;
    world.hand_off_many("pages", 1).await;
    let worker = world.worker().await;
    let old = claim(&worker, 1).await;
    world.end_leases().await;
    world.rescue(&worker).await;
    let statement = format!(
        "select verdict from forebay.complete_jobs('{PIPELINE}', array['{}'::uuid], array[null]::uuid[])",
        old[0].id
    );
    assert_eq!(worker.query_one(&statement, &[]).await.unwrap().get::<_, &str>(0), "stale", "no receipt");
    let new = claim(&worker, 1).await;
    let both = [(old[0].id.as_str(), old[0].receipt.as_str()), (&new[0].id, &new[0].receipt)];
    assert_eq!(report(&worker, "complete_jobs", &both).await, ["stale", "done"]);
    assert_eq!(world.handoffs().await, ["succeeded lease_lost 1"]);
    world.end().await;
}

#[tokio::test]
async fn concurrent_reports_leave_no_claim() {
    let world = World::new().await;
    world.hand_off_many("pages", 2).await;
    let (mut one, other) = (world.worker().await, world.worker().await);
    let jobs = claim(&one, 2).await;
    let receipt = jobs[0].receipt.as_str();
    let first = one.transaction().await.unwrap();
    assert_eq!(report(first.client(), "complete_jobs", &[(&jobs[0].id, receipt)]).await, ["done"]);
    let second = tokio::spawn({
        let (id, receipt) = (jobs[1].id.clone(), receipt.to_owned());
        async move {
            let verdicts = report(&other, "complete_jobs", &[(&id, &receipt)]).await;
            (other, verdicts)
        }
    });
    // The first report locks the claim's row until it commits.
    let waits = "select count(*) from pg_locks where not granted and locktype = 'transactionid' \
         and pid in (select pid from pg_stat_activity where datname = current_database())";
    eventually("the second report waits", || async { world.number(waits).await > 0 }).await;
    first.commit().await.unwrap();
    let (other, verdicts) = second.await.unwrap();
    assert_eq!(verdicts, ["done"]);
    assert_eq!(heartbeat(&other, receipt).await, "lost", "the receipt no longer holds any job");
    assert_eq!(claim(&other, 1).await.len(), 0);
    assert_eq!(world.number("select count(*) from forebay.ingestion_claims").await, 0);
    world.end().await;
}
