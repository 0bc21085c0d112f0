//! Sharing: limits over all workers, turns between sources, priorities, and pauses.

use std::collections::BTreeMap;

use forebay_store::pipelines::{LimitKey, Limits, PipelineSpec};
use serde_json::{Value, json};

use super::{Job, PIPELINE, World, claim, fail, report};

async fn limited(limits: Limits) -> World {
    let spec = PipelineSpec::new(PIPELINE, "external", json!({}));
    World::with(PipelineSpec { limits, ..spec }).await
}

fn by_host() -> Limits {
    Limits { key: Some(LimitKey { path: vec!["url".to_owned()], is_url: true }), ..Limits::default() }
}

/// One host in four spellings, and another host.
fn two_hosts() -> Vec<Value> {
    [
        "https://A.example/1",
        "http://a.example:8080/2",
        "https://me@a.example?q=3",
        "https://a.EXAMPLE#4",
        "https://b.example/",
    ]
    .into_iter()
    .map(|url| json!({"url": url}))
    .collect()
}

fn of_host(jobs: &[Job], host: &str) -> usize {
    let is_of = |job: &&Job| {
        let payload = job.payload.as_ref().unwrap();
        payload["url"].as_str().unwrap().to_lowercase().contains(host)
    };
    jobs.iter().filter(is_of).count()
}

#[tokio::test]
async fn concurrency_is_limited_across_workers() {
    let world = limited(Limits { max_active: Some(5), ..Limits::default() }).await;
    world.hand_off_many("pages", 20).await;
    let (one, other) = (world.worker().await, world.worker().await);
    let first = claim(&one, 3).await;
    assert_eq!(first.len(), 3);
    assert_eq!(claim(&other, 10).await.len(), 2);
    assert_eq!(claim(&one, 10).await.len(), 0);
    report(&one, "complete_jobs", &[(&first[0].id, &first[0].receipt)]).await;
    assert_eq!(claim(&other, 10).await.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn concurrent_claims_stay_within_the_limit() {
    let world = limited(Limits { max_active: Some(5), ..Limits::default() }).await;
    world.hand_off_many("pages", 200).await;
    let (one, other) = (world.worker().await, world.worker().await);
    for _ in 0..20 {
        let (mine, theirs) = tokio::join!(claim(&one, 4), claim(&other, 4));
        assert_eq!(mine.len() + theirs.len(), 5);
        for job in mine.iter().chain(&theirs) {
            report(&one, "complete_jobs", &[(&job.id, &job.receipt)]).await;
        }
    }
    world.end().await;
}

#[tokio::test]
async fn the_rate_is_limited_across_workers() {
    // So slow that no token is added during the test.
    let world = limited(Limits { rate: Some(0.000_1), ..Limits::default() }).await;
    world.hand_off_many("pages", 5).await;
    let (one, other) = (world.worker().await, world.worker().await);
    assert_eq!(claim(&one, 5).await.len(), 1);
    assert_eq!(claim(&other, 5).await.len(), 0);
    world.run("update forebay.ingestion_limits set refilled_at = refilled_at - interval '3 hours'").await;
    assert_eq!(claim(&other, 5).await.len(), 1);
    assert_eq!(claim(&one, 5).await.len(), 0);
    world.end().await;
}

#[tokio::test]
async fn concurrency_per_host_is_limited() {
    let world = limited(Limits { key_max_active: Some(2), ..by_host() }).await;
    world.hand_off("pages", &two_hosts()).await;
    let (one, other) = (world.worker().await, world.worker().await);
    let first = claim(&one, 10).await;
    assert_eq!((of_host(&first, "a.example"), of_host(&first, "b.example")), (2, 1));
    world.make_due().await;
    assert_eq!(claim(&other, 10).await.len(), 0);
    let of_a = first.iter().find(|job| of_host(std::slice::from_ref(*job), "a.example") == 1).unwrap();
    report(&one, "complete_jobs", &[(&of_a.id, &of_a.receipt)]).await;
    world.make_due().await;
    assert_eq!(claim(&other, 10).await.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn the_rate_per_host_is_limited() {
    let world = limited(Limits { key_rate: Some(0.000_1), ..by_host() }).await;
    world.hand_off("pages", &two_hosts()).await;
    let (one, other) = (world.worker().await, world.worker().await);
    let first = claim(&one, 10).await;
    assert_eq!((of_host(&first, "a.example"), of_host(&first, "b.example")), (1, 1));
    world.make_due().await;
    assert_eq!(claim(&other, 10).await.len(), 0);
    world.end().await;
}

#[tokio::test]
async fn a_large_source_does_not_starve_another() {
    let world = World::new().await;
    world.hand_off_many("flood", 5_000).await;
    world.hand_off_many("trickle", 20).await;
    let worker = world.worker().await;
    let mut by_source = BTreeMap::new();
    for job in claim(&worker, 40).await {
        *by_source.entry(job.source).or_insert(0) += 1;
    }
    assert_eq!(by_source, BTreeMap::from([("flood".to_owned(), 20), ("trickle".to_owned(), 20)]));
    // The other source gets the share that one source can't fill.
    assert_eq!(claim(&worker, 40).await.len(), 40);
    world.end().await;
}

#[tokio::test]
async fn higher_priorities_go_first() {
    let world = World::new().await;
    world.hand_off_many("again", 30).await;
    world.run("update forebay.ingestion_handoffs set priority = 10").await;
    world.hand_off_many("fresh", 10).await;
    let worker = world.worker().await;
    assert!(claim(&worker, 8).await.iter().all(|job| job.source == "fresh"));
    let next = claim(&worker, 8).await;
    assert_eq!(next.iter().filter(|job| job.source == "fresh").count(), 2);
    assert_eq!(next.len(), 8, "the rest of the claim is given to lower priorities");
    world.end().await;
}

#[tokio::test]
async fn a_requested_pause_applies_to_all_workers() {
    let world = World::new().await;
    world.hand_off_many("pages", 3).await;
    let (one, other) = (world.worker().await, world.worker().await);
    let job = &claim(&one, 1).await[0];
    let failure = json!([{"reference_id": job.id, "receipt": job.receipt, "class": "throttled", "retry_after_seconds": 600}]);
    assert_eq!(fail(&one, &failure).await, ["retrying"]);
    assert_eq!(claim(&other, 10).await.len(), 0);
    let due = "select count(*) from forebay.ingestion_handoffs \
         where not_before between now() + interval '500 seconds' and now() + interval '600 seconds'";
    assert_eq!(world.number(due).await, 1, "the job waits for the requested time");
    world.run("update forebay.ingestion_limits set paused_until = now()").await;
    assert_eq!(claim(&other, 10).await.len(), 2, "the pause has ended, but the throttled job still waits");
    world.end().await;
}

#[tokio::test]
async fn a_follow_up_has_a_key_of_its_own() {
    let world = limited(by_host()).await;
    world.hand_off("pages", &[json!({"url": "https://a.example/"})]).await;
    let worker = world.worker().await;
    let job = &claim(&worker, 1).await[0];
    world
        .run(&format!(
            "update forebay.\"references\" set payload = '{{\"url\": \"https://b.example/\"}}'; \
             select forebay_private.enqueue(array['{}'::uuid], array[sha256('new')], '{{2}}', '{{updated}}', \
                 array(select pipeline_id from forebay.pipelines where name = '{PIPELINE}'), 1, 1)",
            job.id
        ))
        .await;
    let failure = json!([{"reference_id": job.id, "receipt": job.receipt, "class": "throttled", "retry_after_seconds": 600}]);
    assert_eq!(fail(&worker, &failure).await, ["superseded"]);
    let paused = "select count(*) from forebay.ingestion_limits where paused_until > now() and limit_key = 'a.example'";
    assert_eq!(world.number(paused).await, 1, "the host that asked for it is paused");
    assert_eq!(of_host(&claim(&worker, 1).await, "b.example"), 1, "the new content's host is not");
    world.end().await;
}

#[tokio::test]
async fn a_pause_of_one_host_does_not_affect_others() {
    // No key limit, only a key: pauses still apply to it.
    let world = limited(by_host()).await;
    world.hand_off("pages", &two_hosts()).await;
    let (one, other) = (world.worker().await, world.worker().await);
    world
        .run("update forebay.ingestion_handoffs set priority = case limit_key when 'a.example' then 0 else 1 end")
        .await;
    let job = &claim(&one, 1).await[0];
    let failure = json!([{"reference_id": job.id, "receipt": job.receipt, "class": "throttled", "retry_after_seconds": 600}]);
    assert_eq!(fail(&one, &failure).await, ["retrying"]);
    let next = claim(&other, 10).await;
    assert_eq!((of_host(&next, "a.example"), of_host(&next, "b.example")), (0, 1));
    world.end().await;
}
