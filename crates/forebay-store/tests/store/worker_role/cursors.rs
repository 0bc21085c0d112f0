//! The cursor of a queue: a hint that makes scans cheap and never hides a job.

use super::{World, claim, report};

impl World {
    /// Writes a cursor manually, like an expensive scan does.
    async fn go_on_after(&self, position: &str) {
        self.run(&format!(
            "insert into forebay.ingestion_cursors \
             select j.pipeline_id, 0, j.source_id, j.not_before, j.reference_id, now() + interval '1 hour' \
             from forebay.ingestion_handoffs as j order by j.not_before, j.reference_id offset {position} limit 1"
        ))
        .await;
    }
}

#[tokio::test]
async fn scans_continue_from_the_cursor_and_store_it() {
    let world = World::new().await;
    world.hand_off_many("pages", 10).await;
    let in_order = "select j.reference_id::text from forebay.ingestion_handoffs as j order by j.not_before, j.reference_id";
    let order: Vec<String> =
        world.owner.query(in_order, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    world.go_on_after("4").await;
    let worker = world.worker().await;
    for expected in [&order[5..7], &order[7..9]] {
        let mut ids: Vec<String> = claim(&worker, 2).await.into_iter().map(|job| job.id).collect();
        ids.sort_by_key(|id| order.iter().position(|other| other == id));
        assert_eq!(ids, expected);
    }
    world.end().await;
}

#[tokio::test]
async fn skipped_jobs_are_found_when_a_scan_finds_too_few() {
    let world = World::new().await;
    world.hand_off_many("pages", 10).await;
    world.go_on_after("7").await;
    let worker = world.worker().await;
    let jobs = claim(&worker, 6).await;
    assert_eq!(jobs.len(), 6, "two jobs after the cursor, the others from the front");
    let rest = claim(&worker, 6).await;
    assert_eq!(rest.len(), 4);
    for job in jobs.iter().chain(&rest) {
        assert_eq!(report(&worker, "complete_jobs", &[(&job.id, &job.receipt)]).await, ["done"]);
    }
    assert_eq!(world.handoffs().await, ["succeeded added 10"]);
    world.end().await;
}

#[tokio::test]
async fn an_expired_cursor_is_not_used() {
    let world = World::new().await;
    world.hand_off_many("pages", 3).await;
    world.go_on_after("1").await;
    world.run("update forebay.ingestion_cursors set good_until = now() - interval '1 second'").await;
    world
        .run(
            "update forebay.ingestion_handoffs set attempt = 7 where reference_id = (select reference_id \
        from forebay.ingestion_handoffs order by not_before, reference_id limit 1)",
        )
        .await;
    let worker = world.worker().await;
    assert_eq!(claim(&worker, 1).await[0].attempt, 8, "the first job in the queue");
    world.end().await;
}
