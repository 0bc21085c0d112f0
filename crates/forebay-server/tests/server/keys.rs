//! Idempotency keys: a repeated request gets the response of the first one, and does nothing.

use std::io;

use axum::{
    body::Body,
    http::{Request, request},
};
use forebay_store::actions::{self, ActionFilter};
use futures_util::{StreamExt, future::join_all, stream};
use serde_json::json;

use crate::stage::{Answer, Stage};

const PAUSE: &str = "/v1/pipelines/seed.index/pause";

fn keyed(path: &str, key: &str) -> request::Builder {
    Request::post(path).header("content-type", "application/json").header("idempotency-key", key)
}

async fn send(stage: &Stage, path: &str, key: &str, body: &str) -> Answer {
    stage.send(keyed(path, key).body(Body::from(body.to_owned())).unwrap()).await
}

async fn num_pauses(stage: &Stage) -> usize {
    let filter = ActionFilter {
        action: Some(actions::ActionName::PipelinePaused),
        limit: 1000,
        ..ActionFilter::default()
    };
    actions::list(&**stage.database.client().await.unwrap(), &filter).await.unwrap().len()
}

fn is_replayed(answer: &Answer) -> bool {
    answer.headers.contains_key("idempotency-replayed")
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_response() {
    let stage = Stage::seeded().await;
    let before = num_pauses(&stage).await;
    let body = r#"{"until": "2100-01-01T00:00:00Z"}"#;
    let first = send(&stage, PAUSE, "one", body).await;
    assert_eq!((first.status.as_u16(), is_replayed(&first)), (200, false), "{}", first.text());
    let again = send(&stage, PAUSE, "\"one\"", body).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body), "with quotes it is the same key");
    assert!(is_replayed(&again));
    assert_eq!(again.header("content-type"), first.header("content-type"));
    assert_eq!(num_pauses(&stage).await, before + 1);

    for (path, body) in [(PAUSE, "{}"), (PAUSE, ""), ("/v1/pipelines/seed.index/resume", "{}")] {
        let other = send(&stage, path, "one", body).await;
        assert_eq!((other.status.as_u16(), &other.json()["code"]), (422, &json!("idempotency_key_reused")));
    }
    assert!(!is_replayed(&send(&stage, PAUSE, "two", body).await));
    assert_eq!(num_pauses(&stage).await, before + 2);

    // A refusal is a response, too.
    let unknown = "/v1/runs/999999/release";
    assert_eq!(send(&stage, unknown, "three", "").await.status, 404);
    let again = send(&stage, unknown, "three", "").await;
    assert_eq!((again.status.as_u16(), &again.json()["code"]), (404, &json!("no_such_run")));
    assert!(is_replayed(&again));
    for key in [String::new(), "x".repeat(256)] {
        let refused = send(&stage, PAUSE, &key, body).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["code"]),
            (400, &json!("idempotency_key_invalid"))
        );
    }
}

#[tokio::test]
async fn of_requests_at_the_same_time_one_is_carried_out() {
    let stage = Stage::seeded().await;
    let before = num_pauses(&stage).await;
    let answers = join_all((0..12).map(|_| send(&stage, PAUSE, "same", "{}"))).await;
    assert_eq!(num_pauses(&stage).await, before + 1);
    let carried_out = answers.iter().filter(|one| one.status == 200 && !is_replayed(one)).count();
    assert_eq!(carried_out, 1);
    for answer in answers.iter().filter(|one| one.status != 200) {
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (409, &json!("idempotency_key_in_use")));
    }
    assert!(is_replayed(&send(&stage, PAUSE, "same", "{}").await));
}

#[tokio::test]
async fn a_request_whose_server_died_can_be_repeated_after_its_lease() {
    let stage = Stage::seeded().await;
    let first = send(&stage, PAUSE, "one", "{}").await;
    // As the killed server left it.
    let begun = "update forebay.api_requests set status = null, content_type = null, body = null, \
        receipt = gen_random_uuid(), lease_until = now() + interval '1 minute'";
    let client = stage.database.client().await.unwrap();
    client.batch_execute(begun).await.unwrap();
    assert_eq!(send(&stage, PAUSE, "one", "{}").await.status, 409);
    client.batch_execute("update forebay.api_requests set lease_until = now()").await.unwrap();
    let again = send(&stage, PAUSE, "one", "{}").await;
    assert_eq!((again.status, is_replayed(&again), &again.body), (first.status, false, &first.body));
}

#[tokio::test]
async fn posted_records_are_persisted_once() {
    let stage = Stage::empty().await;
    let path = "/v1/persist?source=things&key=id";
    let records = "{\"id\": 1}\n{\"id\": 2}\n";
    let first = send(&stage, &format!("{path}&format=jsonl"), "upload", records).await;
    assert_eq!(first.status, 200, "{}", first.text());
    let again = send(&stage, &format!("{path}&format=jsonl"), "upload", records).await;
    assert!(is_replayed(&again));
    assert_eq!(again.json(), first.json());
    assert_eq!(stage.json("/v1/runs").await["items"].as_array().unwrap().len(), 1);
    let other = send(&stage, path, "upload", records).await;
    assert_eq!(other.json()["code"], "idempotency_key_reused");
}

#[tokio::test]
async fn records_that_did_not_arrive_whole_are_persisted_by_the_repeated_request() {
    let stage = Stage::empty().await;
    let path = "/v1/persist?source=things&key=id&format=jsonl";
    let begun = stream::iter([Ok::<_, io::Error>("{\"id\": 1}\n")]);
    let cut = begun.chain(stream::iter([Err(io::Error::other("reset"))]));
    let first = stage.send(keyed(path, "upload").body(Body::from_stream(cut)).unwrap()).await;
    assert_eq!(
        (first.status.as_u16(), &first.json()["status"]),
        (200, &json!("partial")),
        "{}",
        first.text()
    );
    let again = send(&stage, path, "upload", "{\"id\": 1}\n{\"id\": 2}\n").await;
    assert_eq!((is_replayed(&again), &again.json()["num_added"]), (false, &json!(1)), "{}", again.text());
    assert!(is_replayed(&send(&stage, path, "upload", "").await));
}
