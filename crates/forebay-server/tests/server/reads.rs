//! What can be read besides runs.

use axum::http::StatusCode;
use serde_json::Value;

use crate::stage::Stage;

/// The items of all pages.
async fn all(stage: &Stage, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut after = String::new();
    loop {
        let page = stage.json(&format!("{path}{after}")).await;
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { return items };
        after = format!("&after={next}");
    }
}

#[tokio::test]
async fn every_list_has_made_up_entries() {
    let stage = Stage::seeded().await;
    for path in [
        "/v1/sources",
        "/v1/breakers",
        "/v1/changes",
        "/v1/freshness",
        "/v1/freshness?stale=true",
        "/v1/handoffs",
        "/v1/handoffs?state=failed",
        "/v1/handoffs/counts",
        "/v1/pipelines",
        "/v1/runs",
    ] {
        let page = stage.json(path).await;
        assert!(!page["items"].as_array().unwrap().is_empty(), "{path}: {page}");
    }
    for path in ["/v1/workers", "/v1/courses"] {
        assert!(stage.json(path).await["items"].is_array(), "{path}");
    }
    assert!(stage.json("/v1/stats").await["references"]["active"].as_u64().unwrap() > 10);
    let doctor = stage.json("/v1/doctor").await;
    let checks = doctor["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["code"] == "held_runs"), "{doctor}");
}

#[tokio::test]
async fn a_source_is_shown_with_its_breaker() {
    let stage = Stage::seeded().await;
    for source in stage.json("/v1/sources").await["items"].as_array().unwrap() {
        let name = source["source"].as_str().unwrap();
        let detail = stage.json(&format!("/v1/sources/{name}")).await;
        assert_eq!(detail["num_active"], source["num_active"]);
        let breaker = stage.json(&format!("/v1/sources/{name}/breaker")).await;
        assert_eq!(breaker["source"], name);
    }
    let breakers = stage.json("/v1/breakers").await;
    assert!(breakers["items"].as_array().unwrap().iter().any(|breaker| breaker["state"] == "open"));
}

#[tokio::test]
async fn a_held_run_is_read_page_by_page() {
    let stage = Stage::seeded().await;
    let held = stage.json("/v1/runs?status=held").await;
    let run_id = &held["items"][0]["run_id"];
    let whole = stage.json(&format!("/v1/runs/{run_id}/diff?limit=1000")).await;
    let whole = whole["changes"]["items"].as_array().unwrap().clone();
    assert!(whole.len() > 2, "{whole:?}");
    let mut paged = Vec::new();
    let mut path = format!("/v1/runs/{run_id}/diff?limit=2");
    loop {
        let part = stage.json(&path).await;
        paged.extend(part["changes"]["items"].as_array().unwrap().iter().cloned());
        let Some(next) = part["changes"]["next"].as_str() else { break };
        path = format!("/v1/runs/{run_id}/diff?limit=2&after={next}");
    }
    assert_eq!(paged, whole);

    let complete = stage.json("/v1/runs?status=complete&limit=1").await;
    let refused = stage.get(&format!("/v1/runs/{}/diff", complete["items"][0]["run_id"])).await;
    assert_eq!((refused.status, &refused.json()["code"]), (StatusCode::CONFLICT, &"run_not_held".into()));
}

#[tokio::test]
async fn logs_and_rejected_records_of_runs_are_listed() {
    let stage = Stage::seeded().await;
    let (mut num_lines, mut num_rejected) = (0, 0);
    for run in all(&stage, "/v1/runs?limit=1000").await {
        let run_id = &run["run_id"];
        let lines = all(&stage, &format!("/v1/runs/{run_id}/logs?limit=2")).await;
        let whole = stage.json(&format!("/v1/runs/{run_id}/logs")).await;
        assert_eq!(&lines, whole["items"].as_array().unwrap());
        let errors = stage.json(&format!("/v1/runs/{run_id}/logs?level=error")).await;
        assert!(errors["items"].as_array().unwrap().iter().all(|line| line["level"] == "error"));
        num_lines += lines.len();
        let rejected = stage.json(&format!("/v1/runs/{run_id}/rejected")).await;
        num_rejected += rejected["items"].as_array().unwrap().len();
    }
    assert!(num_lines > 2 && num_rejected > 0, "{num_lines} lines, {num_rejected} rejected");
}

#[tokio::test]
async fn references_are_filtered_and_have_a_history() {
    let stage = Stage::seeded().await;
    let events = stage.json("/v1/changes?limit=1000").await;
    let updated =
        events["items"].as_array().unwrap().iter().find(|event| event["change"] == "updated").unwrap();
    let (source, key) = (updated["source"].as_str().unwrap(), updated["record_key"].as_str().unwrap());
    let reference =
        stage.json(&format!("/v1/references/{}", updated["reference_id"].as_str().unwrap())).await;
    // The same by its name, of which the slash is escaped.
    assert_eq!(stage.json(&format!("/v1/references/{source}%2F{key}")).await, reference);
    let id = reference["reference_id"].as_str().unwrap();

    let listed = all(&stage, &format!("/v1/references?source={source}&limit=3")).await;
    assert!(listed.contains(&reference) || !reference["removed_at"].is_null());
    let (field, value) = reference["payload"]
        .as_object()
        .unwrap()
        .iter()
        .find_map(|(name, value)| Some((name, value.as_str()?)))
        .unwrap();
    let (field, value) = (escaped(field), escaped(value));
    let twice = format!("/v1/references?source={source}&where={field}%3D{value}&where={field}%3Dother");
    assert!(stage.json(&twice).await["items"].as_array().unwrap().is_empty(), "both conditions hold");
    let once = stage.json(&format!("/v1/references?source={source}&where={field}%3D{value}")).await;
    assert!(!once["items"].as_array().unwrap().is_empty(), "{once}");

    let versions = stage.json(&format!("/v1/references/{id}/versions")).await;
    assert!(versions["versions"]["items"].as_array().unwrap().len() > 1, "{versions}");
    let now = stage.json(&format!("/v1/references/{id}/at?time=2999-01-01T00:00:00Z")).await;
    assert_eq!(now["payload"], reference["payload"]);
    let before = stage.get(&format!("/v1/references/{id}/at?time=1999-01-01T00:00:00Z")).await;
    assert_eq!((before.status, &before.json()["code"]), (StatusCode::NOT_FOUND, &"not_there_then".into()));
    assert!(stage.json(&format!("/v1/references/{id}/handoffs")).await["pipelines"].is_array());
}

#[tokio::test]
async fn the_stream_of_changes_is_read_in_parts() {
    let stage = Stage::seeded().await;
    let whole = stage.json("/v1/changes?limit=1000").await;
    assert_eq!(whole["is_last"], true);
    let mut parts = Vec::new();
    let mut path = "/v1/changes?limit=7".to_owned();
    loop {
        let part = stage.json(&path).await;
        parts.extend(part["items"].as_array().unwrap().iter().cloned());
        path = format!("/v1/changes?limit=7&after={}", part["next"].as_str().unwrap());
        if part["is_last"] == true {
            break;
        }
    }
    assert_eq!(&parts, whole["items"].as_array().unwrap());
}

#[tokio::test]
async fn documents_are_searched() {
    let stage = Stage::seeded().await;
    let found = stage.json("/v1/search?q=the%20OR%20and%20OR%20library&limit=3").await;
    assert!(found["hits"].is_array(), "{found}");
}

#[tokio::test]
async fn mistakes_name_what_is_wrong() {
    let stage = Stage::seeded().await;
    for (path, status, code) in [
        ("/v1/sources/nothing", StatusCode::NOT_FOUND, "no_such_source"),
        ("/v1/sources/nothing/breaker", StatusCode::NOT_FOUND, "no_such_source"),
        ("/v1/runs/999999/logs", StatusCode::NOT_FOUND, "no_such_run"),
        ("/v1/runs/999999/rejected", StatusCode::NOT_FOUND, "no_such_run"),
        ("/v1/runs/latest/logs?level=loud", StatusCode::BAD_REQUEST, "query_invalid"),
        ("/v1/references", StatusCode::BAD_REQUEST, "query_invalid"),
        ("/v1/references?source=nothing", StatusCode::NOT_FOUND, "no_such_source"),
        ("/v1/references/nothing", StatusCode::BAD_REQUEST, "reference_name"),
        ("/v1/references/nothing%2F1", StatusCode::NOT_FOUND, "no_such_source"),
        ("/v1/changes?after=7", StatusCode::BAD_REQUEST, "cursor_invalid"),
        ("/v1/changes?entity=nothing", StatusCode::NOT_FOUND, "no_such_entity"),
        ("/v1/handoffs?pipeline=nothing", StatusCode::NOT_FOUND, "no_such_pipeline"),
        ("/v1/handoffs?reason_code=nothing", StatusCode::NOT_FOUND, "no_such_code"),
        ("/v1/workers?pipeline=nothing", StatusCode::NOT_FOUND, "no_such_pipeline"),
        ("/v1/stats?source=nothing", StatusCode::NOT_FOUND, "no_such_source"),
        ("/v1/freshness?after=zz", StatusCode::BAD_REQUEST, "cursor_invalid"),
        ("/v1/search?q=x&where=y", StatusCode::BAD_REQUEST, "field_invalid"),
        ("/v1/search?q=x&scope=y", StatusCode::BAD_REQUEST, "scope_no_equals"),
        ("/v1/search?q=x&min_score=2", StatusCode::BAD_REQUEST, "query_invalid"),
        ("/v1/courses/nothing", StatusCode::NOT_FOUND, "course_unknown"),
        ("/v1/courses/a%20b", StatusCode::BAD_REQUEST, "slug_invalid"),
    ] {
        let answer = stage.get(path).await;
        let problem = answer.json();
        assert_eq!((answer.status, problem["code"].as_str()), (status, Some(code)), "{path}: {problem}");
    }
}

/// A value in a query string.
fn escaped(text: &str) -> String {
    let escapes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    escapes.concat()
}
