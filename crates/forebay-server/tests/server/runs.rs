//! Runs.

use axum::http::StatusCode;

use crate::stage::Stage;

#[tokio::test]
async fn they_are_listed_in_pages_and_shown_one_by_one() {
    let stage = Stage::seeded().await;
    let all = stage.json("/v1/runs?limit=1000").await;
    let all: Vec<i64> =
        all["items"].as_array().unwrap().iter().map(|run| run["run_id"].as_i64().unwrap()).collect();
    let mut paged = Vec::new();
    let mut path = "/v1/runs?limit=3".to_owned();
    loop {
        let page = stage.json(&path).await;
        paged.extend(page["items"].as_array().unwrap().iter().map(|run| run["run_id"].as_i64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/runs?limit=3&after={next}");
    }
    assert!(all.len() > 6 && all.is_sorted_by(|newer, older| newer > older), "{all:?}");
    assert_eq!(paged, all);

    let held = stage.json("/v1/runs?status=held").await;
    let run_id = &held["items"][0]["run_id"];
    let detail = stage.json(&format!("/v1/runs/{run_id}")).await;
    assert_eq!((&detail["run"]["run_id"], &detail["run"]["status"]), (run_id, &"held".into()));
    assert!(detail["held"].is_object(), "what is withheld is counted: {detail}");
}

#[tokio::test]
async fn mistakes_are_problems_with_the_codes_of_the_command_line() {
    let stage = Stage::seeded().await;
    for (path, status, code) in [
        ("/v1/runs/999999", StatusCode::NOT_FOUND, "no_such_run"),
        ("/v1/runs/seven", StatusCode::BAD_REQUEST, "path_invalid"),
        ("/v1/runs?source=nothing", StatusCode::NOT_FOUND, "no_such_source"),
        ("/v1/runs?status=lost", StatusCode::BAD_REQUEST, "query_invalid"),
        ("/v1/runs?limit=0", StatusCode::BAD_REQUEST, "query_invalid"),
        ("/v1/runs?stauts=held", StatusCode::BAD_REQUEST, "query_invalid"),
        ("/v1/runs?after=7", StatusCode::BAD_REQUEST, "cursor_invalid"),
        ("/v1/nothing", StatusCode::NOT_FOUND, "no_such_path"),
    ] {
        let answer = stage.get(path).await;
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        let problem = answer.json();
        assert_eq!((answer.status, problem["code"].as_str()), (status, Some(code)), "{path}: {problem}");
        assert_eq!(problem["status"], status.as_u16());
    }
}
