//! The rights of a member of `forebay_worker`.

use tokio_postgres::{Client, error::SqlState};

use super::{World, claim, fail, heartbeat, report};

async fn refused(worker: &Client, statement: &str) {
    let Err(error) = worker.batch_execute(statement).await else { panic!("the worker may run: {statement}") };
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{statement}: {error:?}");
}

#[tokio::test]
async fn a_worker_calls_five_functions_and_nothing_else() {
    let world = World::new().await;
    world.hand_off_many("pages", 3).await;
    let worker = world.worker().await;

    let jobs = claim(&worker, 10).await;
    assert_eq!(jobs.len(), 3);
    let receipt = &jobs[0].receipt;
    assert_eq!(heartbeat(&worker, receipt).await, "extended");
    assert_eq!(report(&worker, "complete_jobs", &[(&jobs[0].id, receipt)]).await, ["done"]);
    assert_eq!(report(&worker, "release_jobs", &[(&jobs[1].id, receipt)]).await, ["done"]);
    let failure = serde_json::json!([{"reference_id": jobs[2].id, "receipt": receipt, "class": "permanent"}]);
    assert_eq!(fail(&worker, &failure).await, ["failed"]);
    assert_eq!(world.handoffs().await, ["failed permanent 1", "pending added 1", "succeeded added 1"]);

    let names = "select c.oid::regclass::text from pg_class as c \
         where c.relnamespace = 'forebay'::regnamespace and c.relkind in ('r', 'p')";
    let tables: Vec<String> =
        world.owner.query(names, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(tables.len() > 15, "{tables:?}");
    refused(&worker, "select from forebay.handoff_counts").await;
    for table in &tables {
        refused(&worker, &format!("select from {table}")).await;
        refused(&worker, &format!("delete from {table}")).await;
    }
    refused(&worker, "select forebay_private.rescue_jobs(1, 1)").await;
    refused(&worker, "select forebay_private.end_attempts(1, '{}', '{}', '{}', '{}', '{}', '{}', true)")
        .await;
    refused(&worker, "select forebay_private.ensure_month('reference_revisions', now())").await;
    refused(&worker, "create table forebay.mine ()").await;
    world.end().await;
}

#[tokio::test]
async fn other_roles_cannot_call_the_functions() {
    let world = World::new().await;
    let worker = world.worker().await;
    // The right to use the schema is not the right to work.
    world
        .run(&format!(
            "revoke forebay_worker from {role}; grant usage on schema forebay to {role}",
            role = world.role
        ))
        .await;
    refused(&worker, "select forebay.claim_jobs('index')").await;
    refused(&worker, "select forebay.heartbeat_jobs('index', '{}')").await;
    refused(&worker, "select forebay.complete_jobs('index', '{}', '{}')").await;
    refused(&worker, "select forebay.release_jobs('index', '{}', '{}')").await;
    refused(&worker, "select forebay.fail_jobs('index', '[]')").await;
    world.run(&format!("revoke usage on schema forebay from {}", world.role)).await;
    world.end().await;
}
