//! What changes something: each decision with its effects, its row in the audit trail, and what refuses it.

use std::time::Duration;

use axum::{body::Body, http::Request};
use forebay_store::actions::{self, ActionFilter, ActionRow};
use serde_json::{Value, json};

use crate::stage::{Answer, Stage};

pub(crate) async fn post(stage: &Stage, path: &str, body: &Value) -> Answer {
    let request = Request::post(path).header("content-type", "application/json");
    stage.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// The JSON of a change, which must succeed.
async fn done(stage: &Stage, path: &str, body: &Value) -> Value {
    let answer = post(stage, path, body).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

/// The status and code of a change that is refused.
async fn refused(stage: &Stage, path: &str, body: &Value) -> (u16, String) {
    let answer = post(stage, path, body).await;
    assert_eq!(answer.header("content-type"), "application/problem+json", "{path}: {}", answer.text());
    (answer.status.as_u16(), answer.json()["code"].as_str().unwrap().to_owned())
}

fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

async fn held_run(stage: &Stage) -> i64 {
    stage.json("/v1/runs?status=held").await["items"][0]["run_id"].as_i64().unwrap()
}

/// The newest row of the audit trail.
pub(crate) async fn last_action(stage: &Stage) -> ActionRow {
    let filter = ActionFilter { limit: 1, ..ActionFilter::default() };
    actions::list(&**stage.database.client().await.unwrap(), &filter).await.unwrap().remove(0)
}

#[tokio::test]
async fn a_held_run_is_counted_released_and_undone() {
    let stage = Stage::seeded().await;
    let run_id = held_run(&stage).await;
    let path = format!("/v1/runs/{run_id}/release");
    let effects = stage.json(&format!("/v1/runs/{run_id}/diff")).await["effects"].clone();
    let counted = done(&stage, &path, &json!({ "dry_run": true })).await;
    assert_eq!((&counted["is_dry_run"], &counted["effects"]), (&json!(true), &effects));
    assert_eq!(held_run(&stage).await, run_id, "it is still held");

    let released = done(&stage, &path, &json!({ "reason": "the site was rebuilt" })).await;
    assert_eq!((&released["is_dry_run"], &released["effects"]), (&json!(false), &effects));
    assert_eq!(released["run"]["run_id"], run_id);
    assert_eq!(released["run"]["status"], "complete", "{released}");
    let action = last_action(&stage).await;
    assert_eq!((action.action.as_str(), action.target), ("run_released", run_id.to_string()));
    assert_eq!((action.skin.as_str(), action.reason.as_deref()), ("http", Some("the site was rebuilt")));
    assert_eq!(refused(&stage, &path, &json!({})).await, code(409, "run_not_held"));
    for decision in ["release", "reject", "rekey", "revert"] {
        let unknown = format!("/v1/runs/999999/{decision}");
        assert_eq!(refused(&stage, &unknown, &json!({})).await, code(404, "no_such_run"));
        let misspelt = json!({ "dryrun": true });
        let path = format!("/v1/runs/{run_id}/{decision}");
        assert_eq!(refused(&stage, &path, &misspelt).await, code(400, "body_invalid"));
    }

    let path = format!("/v1/runs/{run_id}/revert");
    let counted = done(&stage, &path, &json!({ "dry_run": true })).await;
    assert_eq!(counted["effects"]["num_restored"], effects["num_removed"], "{counted}");
    let undone = done(&stage, &path, &json!({})).await;
    assert!(undone["run"]["run_id"].as_i64().unwrap() > run_id && undone["num_kept"] == 0, "{undone}");
    assert_eq!(refused(&stage, &path, &json!({})).await, code(409, "run_already_reverted"));
}

#[tokio::test]
async fn a_held_run_is_rejected() {
    let stage = Stage::seeded().await;
    let run_id = held_run(&stage).await;
    // No body is a decision without options.
    let bare = Request::post(format!("/v1/runs/{run_id}/reject")).body(Body::empty()).unwrap();
    let rejected = stage.send(bare).await.json();
    assert_eq!((&rejected["run"]["status"], &rejected["num_rekeyed"]), (&json!("aborted"), &json!(null)));
}

#[tokio::test]
async fn a_decision_that_has_begun_is_carried_out_without_its_client() {
    let stage = Stage::seeded().await;
    let run_id = held_run(&stage).await;
    let path = format!("/v1/runs/{run_id}/release");
    let body = json!({});
    // The decision waits for the run's row until its client is gone.
    let mut client = stage.database.client().await.unwrap();
    let transaction = client.transaction().await.unwrap();
    let lock = format!("select from forebay.scrape_runs where run_id = {run_id} for update");
    transaction.batch_execute(&lock).await.unwrap();
    let gone = tokio::time::timeout(Duration::from_secs(2), post(&stage, &path, &body)).await;
    assert!(gone.is_err(), "it waits");
    transaction.commit().await.unwrap();
    for _ in 0..600 {
        let run = stage.json(&format!("/v1/runs/{run_id}")).await;
        if run["run"]["status"] == "complete" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the run was not released");
}

#[tokio::test]
async fn hand_offs_are_counted_and_operated_on_by_a_filter() {
    let stage = Stage::seeded().await;
    let failed = stage.json("/v1/handoffs?state=failed&limit=1000").await["items"].as_array().unwrap().len();
    let retry = json!({ "filter": { "state": "failed" }, "dry_run": true });
    let counted = done(&stage, "/v1/handoffs/retry", &retry).await;
    let num_refused: u64 = counted["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["num_handoffs"].as_u64().unwrap())
        .sum();
    let num_done = counted["num_done"].as_u64().unwrap();
    assert!(num_done > 0 && num_done + num_refused == failed as u64, "{failed} failed, {counted}");
    let retry = json!({ "filter": { "state": "failed" }, "reason": "the endpoint is back", "priority": 0 });
    let retried = done(&stage, "/v1/handoffs/retry", &retry).await;
    assert_eq!((&retried["num_done"], &retried["is_dry_run"]), (&counted["num_done"], &json!(false)));
    let action = last_action(&stage).await;
    assert_eq!((action.action.as_str(), action.num_touched), ("handoffs_retried", num_done));
    assert_eq!(action.reason.as_deref(), Some("the endpoint is back"));
    let jobs = stage.json("/v1/jobs").await;
    let job = &jobs["items"][0];
    assert_eq!(
        (&job["state"], &job["num_done"], &job["operation"]),
        (&json!("done"), &json!(num_done), &json!("retry"))
    );
    let number = job["job"].as_u64().unwrap();
    assert_eq!(stage.json(&format!("/v1/jobs/{number}")).await, *job);
    let stopped = done(&stage, &format!("/v1/jobs/{number}/stop"), &json!({})).await;
    assert_eq!(stopped["state"], "done", "there is nothing to stop");
    assert_eq!(stage.get("/v1/jobs/99").await.json()["code"], "no_such_job");

    let pipeline = stage.json("/v1/handoffs?state=pending").await["items"][0]["pipeline"].clone();
    let of_pipeline = json!({ "filter": { "pipeline": pipeline, "state": "pending" } });
    let held = done(&stage, "/v1/handoffs/hold", &of_pipeline).await;
    assert!(held["num_done"].as_u64().unwrap() > 0, "{held}");
    let of_held = json!({ "filter": { "pipeline": pipeline, "state": "held" } });
    let released = done(&stage, "/v1/handoffs/release", &of_held).await;
    assert!(released["num_done"].as_u64() >= held["num_done"].as_u64(), "{released}");
    let later = json!({ "filter": { "pipeline": pipeline }, "not_before": "2100-01-01T00:00:00Z" });
    let snoozed = done(&stage, "/v1/handoffs/snooze", &later).await;
    assert!(snoozed["num_done"].as_u64().unwrap() > 0, "{snoozed}");
    let cancelled = done(&stage, "/v1/handoffs/cancel", &of_pipeline).await;
    assert!(cancelled["num_done"].as_u64().unwrap() > 0, "{cancelled}");

    for (body, expected) in [
        (json!({ "filter": {} }), code(422, "no_filter")),
        (json!({}), code(400, "body_invalid")),
        (json!({ "filter": { "stat": "failed" } }), code(400, "body_invalid")),
        (json!({ "filter": { "state": "lost" } }), code(400, "body_invalid")),
        (json!({ "filter": { "pipeline": "nothing" } }), code(404, "no_such_pipeline")),
        (json!({ "filter": { "source": "nothing" } }), code(404, "no_such_source")),
        (json!({ "filter": { "reason_code": "nothing" } }), code(404, "no_such_code")),
        (json!({ "filter": { "references": ["nothing"] } }), code(400, "reference_name")),
    ] {
        assert_eq!(refused(&stage, "/v1/handoffs/hold", &body).await, expected, "{body}");
    }
    let urgent = json!({ "filter": { "state": "failed" }, "priority": 101 });
    assert_eq!(refused(&stage, "/v1/handoffs/retry", &urgent).await, code(400, "body_invalid"));
}

#[tokio::test]
async fn pipelines_are_paused_disabled_and_verified() {
    let stage = Stage::seeded().await;
    let pipelines = stage.json("/v1/pipelines").await;
    let pipeline = pipelines["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["state"] == "enabled")
        .unwrap_or_else(|| panic!("{pipelines}"))["pipeline"]
        .as_str()
        .unwrap();
    let path = |verb: &str| format!("/v1/pipelines/{pipeline}/{verb}");
    let paused = done(&stage, &path("pause"), &json!({ "until": "2100-01-01T00:00:00Z" })).await;
    let expected = json!({ "pipeline": pipeline, "key": null, "until": "2100-01-01T00:00:00.000Z" });
    assert_eq!(paused, expected);
    assert_eq!(last_action(&stage).await.action, "pipeline_paused");
    let resumed = done(&stage, &path("resume"), &json!({})).await;
    assert_eq!(resumed["lifted"], json!([expected]));
    assert_eq!(done(&stage, &path("resume"), &json!({})).await["lifted"], json!([]));
    let by_key = json!({ "key": "api.example.org" });
    assert_eq!(refused(&stage, &path("pause"), &by_key).await, code(422, "no_limit_key"));

    let disabled = done(&stage, &path("disable"), &json!({ "reason": "it moves" })).await;
    assert_eq!((&disabled["pipeline"], &disabled["state"]), (&json!(pipeline), &json!("disabled")));
    assert_eq!(done(&stage, &path("enable"), &json!({})).await["state"], "enabled");

    let whole = done(&stage, &path("verify"), &json!({})).await;
    assert_eq!((&whole["next"], &whole["pipelines"][0]["pipeline"]), (&json!(null), &json!(pipeline)));
    let first = done(&stage, &path("verify"), &json!({ "limit": 1 })).await;
    let next = json!({ "from": first["next"], "limit": 1 });
    assert_ne!(done(&stage, &path("verify"), &next).await["next"], first["next"]);
    let wrong = json!({ "from": "seven" });
    assert_eq!(refused(&stage, &path("verify"), &wrong).await, code(400, "body_invalid"));
    for verb in ["pause", "resume", "enable", "disable", "verify"] {
        let unknown = format!("/v1/pipelines/nothing/{verb}");
        assert_eq!(refused(&stage, &unknown, &json!({})).await, code(404, "no_such_pipeline"));
    }
}

#[tokio::test]
async fn breakers_take_the_commands_of_the_command_line() {
    let stage = Stage::seeded().await;
    let source = stage.json("/v1/breakers").await["items"][0]["source"].as_str().unwrap().to_owned();
    for (command, state, action) in [
        ("open", "forced_open", "breaker_forced_open"),
        ("close", "closed", "breaker_closed"),
        ("disable", "disabled", "breaker_disabled"),
        ("reset", "closed", "breaker_reset"),
    ] {
        let path = format!("/v1/sources/{source}/breaker/{command}");
        let breaker = done(&stage, &path, &json!({ "reason": "they asked" })).await;
        assert_eq!((&breaker["source"], &breaker["state"]), (&json!(source), &json!(state)));
        let recorded = last_action(&stage).await;
        assert_eq!((recorded.action.as_str(), recorded.reason.as_deref()), (action, Some("they asked")));
        assert_eq!(stage.json(&format!("/v1/sources/{source}/breaker")).await["state"], state);
    }
    let unknown = "/v1/sources/nothing/breaker/open";
    assert_eq!(refused(&stage, unknown, &json!({})).await, code(404, "no_such_source"));
}

#[tokio::test]
async fn a_worker_that_may_be_alive_is_released_by_force_only() {
    let stage = Stage::empty().await;
    let workers = "insert into forebay.workers (worker, version, host, pid, started_at, last_seen_at) values \
        ('alive', '1', 'a', 1, now(), now()), ('dead', '1', 'a', 2, now() - interval '1 day', now() - interval '1 hour')";
    stage.database.client().await.unwrap().batch_execute(workers).await.unwrap();
    let alive = "/v1/workers/alive/release";
    assert_eq!(refused(&stage, alive, &json!({})).await, code(409, "worker_alive"));
    assert_eq!(done(&stage, alive, &json!({ "force": true })).await["worker"], "alive");
    assert_eq!(done(&stage, "/v1/workers/dead/release", &json!({})).await["num_retrying"], 0);
    assert_eq!(last_action(&stage).await.action, "worker_released");
    assert_eq!(refused(&stage, "/v1/workers/x/release", &json!({})).await, code(404, "no_such_worker"));
}

#[tokio::test]
async fn nothing_is_scraped_where_it_is_not_allowed() {
    let stage = Stage::seeded().await;
    for (path, body) in [
        ("/v1/ensure", json!({ "entity_type": "course" })),
        ("/v1/sources/seed.courses/scrape", json!({})),
        ("/v1/sources/seed.courses/test", json!({})),
    ] {
        assert_eq!(refused(&stage, path, &body).await, code(403, "scraping_not_allowed"));
    }
}
