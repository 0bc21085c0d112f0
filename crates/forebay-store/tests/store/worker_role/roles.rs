//! Pipelines with a role of their own: who may work for which, and who the caller is.

use forebay_store::{
    pipelines::{self, Effect, PipelineSpec},
    projects::OnConflict,
};
use serde_json::json;
use tokio_postgres::{Client, error::SqlState};

use super::{PIPELINE, World};

/// Calls of all five functions for a pipeline.
fn calls(pipeline: &str) -> [String; 5] {
    [
        format!("select from forebay.claim_jobs('{pipeline}', 1)"),
        format!("select from forebay.heartbeat_jobs('{pipeline}', '{{}}')"),
        format!("select from forebay.complete_jobs('{pipeline}', '{{}}', '{{}}')"),
        format!("select from forebay.release_jobs('{pipeline}', '{{}}', '{{}}')"),
        format!("select from forebay.fail_jobs('{pipeline}', '[]')"),
    ]
}

/// The message of the error that each call must end in.
async fn refusals(client: &Client, pipeline: &str, state: &SqlState) -> Vec<String> {
    let mut messages = Vec::new();
    for call in calls(pipeline) {
        let Err(error) = client.batch_execute(&call).await else { panic!("it may: {call}") };
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code(), state, "{call}: {error:?}");
        assert!(error.hint().is_some(), "{call}: {error:?}");
        messages.push(error.message().to_owned());
    }
    messages.dedup();
    messages
}

async fn may(client: &Client, pipeline: &str) {
    for call in calls(pipeline) {
        client.batch_execute(&call).await.unwrap_or_else(|error| panic!("{call}: {error:?}"));
    }
}

/// A world whose pipeline has a role of its own, beside one without and a webhook. The worker is a member of that role
/// only.
async fn world() -> (World, String) {
    let world = World::new().await;
    let role = format!("index_role_of_{}", world.database.config().get_dbname().unwrap());
    let functions = "forebay.claim_jobs, forebay.heartbeat_jobs, forebay.complete_jobs, forebay.release_jobs, \
         forebay.fail_jobs";
    world
        .run(&format!(
            "drop role if exists {role}; create role {role} nologin; grant usage on schema forebay to {role}; \
             grant execute on function {functions} to {role}; revoke forebay_worker from {worker}; \
             grant {role} to {worker}",
            worker = world.role
        ))
        .await;
    let own = PipelineSpec {
        worker_role: Some(role.clone()),
        ..PipelineSpec::new(PIPELINE, "external", json!({}))
    };
    let other = PipelineSpec::new("other", "external", json!({}));
    let hook = PipelineSpec::new("hook", "webhook", json!({"url": "https://example.org"}));
    for spec in [own, other, hook] {
        pipelines::declare(&world.owner, &spec, &Effect::default(), OnConflict::Keep).await.unwrap();
    }
    (world, role)
}

async fn end(world: World, role: &str) {
    world.run(&format!("drop owned by {role}; drop role {role}")).await;
    world.end().await;
}

#[tokio::test]
async fn a_worker_works_for_the_pipelines_of_its_role_and_no_other() {
    let (world, role) = world().await;
    let worker = world.worker().await;
    may(&worker, PIPELINE).await;
    let refused = refusals(&worker, "other", &SqlState::INSUFFICIENT_PRIVILEGE).await;
    assert_eq!(
        refused,
        [format!("not_granted: the role {} may not work for the pipeline 'other'", world.role)]
    );

    // A member of forebay_worker works for pipelines without a role.
    world
        .run(&format!("revoke {role} from {worker}; grant forebay_worker to {worker}", worker = world.role))
        .await;
    may(&worker, "other").await;
    refusals(&worker, PIPELINE, &SqlState::INSUFFICIENT_PRIVILEGE).await;

    // A role that doesn't exist lets nobody in, except for the owner.
    world
        .run(&format!("update forebay.pipelines set worker_role = 'nobody here' where name = '{PIPELINE}'"))
        .await;
    refusals(&worker, PIPELINE, &SqlState::INSUFFICIENT_PRIVILEGE).await;
    may(&world.owner, PIPELINE).await;
    end(world, &role).await;
}

#[tokio::test]
async fn the_caller_is_the_role_that_is_set() {
    let (world, role) = world().await;
    // Like PostgREST's: a login role that has no right by itself and sets one role for each request.
    world
        .run(&format!("grant forebay_worker to {worker}; alter role {worker} noinherit", worker = world.role))
        .await;
    // From Postgres 16 on, each membership has the property.
    world
        .run(&format!(
            "revoke {role}, forebay_worker from {worker}; grant {role}, forebay_worker to {worker}",
            worker = world.role
        ))
        .await;
    let worker = world.worker().await;
    refusals_of_the_right(&worker).await;
    worker.batch_execute(&format!("set role {role}")).await.unwrap();
    may(&worker, PIPELINE).await;
    refusals(&worker, "other", &SqlState::INSUFFICIENT_PRIVILEGE).await;
    worker.batch_execute("set role forebay_worker").await.unwrap();
    may(&worker, "other").await;
    refusals(&worker, PIPELINE, &SqlState::INSUFFICIENT_PRIVILEGE).await;
    drop(worker);

    // The superuser's own session, as another role.
    world.run(&format!("set role {role}")).await;
    may(&world.owner, PIPELINE).await;
    refusals(&world.owner, "other", &SqlState::INSUFFICIENT_PRIVILEGE).await;
    world.run("reset role").await;
    may(&world.owner, "other").await;
    end(world, &role).await;
}

/// Without a role that is set, not even the right to call the functions is there.
async fn refusals_of_the_right(worker: &Client) {
    for call in calls(PIPELINE) {
        let error = worker.batch_execute(&call).await.unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{call}");
    }
}

#[tokio::test]
async fn no_worker_claims_or_completes_what_forebay_delivers() {
    let (world, role) = world().await;
    world.run(&format!("grant forebay_worker to {}", world.role)).await;
    let worker = world.worker().await;
    for client in [&worker, &world.owner] {
        for pipeline in ["hook", "documents"] {
            let refused = refusals(client, pipeline, &SqlState::FEATURE_NOT_SUPPORTED).await;
            assert!(refused[0].starts_with("not_claimable: "), "{refused:?}");
        }
    }
    end(world, &role).await;
}

#[tokio::test]
async fn a_claim_says_how_many_jobs_it_wants() {
    let world = World::new().await;
    world.hand_off_many("pages", 3).await;
    let worker = world.worker().await;
    for number in ["null", "0", "-1", "10001", "2147483647"] {
        let call = format!("select from forebay.claim_jobs('{PIPELINE}', max_jobs => {number})");
        let error = worker.batch_execute(&call).await.unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code(), &SqlState::INVALID_PARAMETER_VALUE, "{call}");
        assert!(error.message().starts_with("invalid_max_jobs: "), "{error:?}");
    }
    let claimed = worker.query(&format!("select from forebay.claim_jobs('{PIPELINE}')"), &[]).await.unwrap();
    assert_eq!(claimed.len(), 3, "by default up to 100");
    world.end().await;
}
