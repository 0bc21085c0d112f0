//! What holds for every response.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use forebay_server::routes;

use crate::stage::{Stage, get};

#[tokio::test]
async fn a_client_that_has_the_response_gets_304() {
    let stage = Stage::empty().await;
    let first = stage.get("/v1/runs").await;
    let tag = first.header("etag").to_owned();
    let again = get("/v1/runs").header("if-none-match", &tag).body(Body::empty()).unwrap();
    let again = stage.send(again).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(again.header("etag"), tag);
}

#[tokio::test]
async fn every_response_has_an_id_and_the_headers_of_security() {
    let stage = Stage::empty().await;
    for path in ["/healthz", "/readyz", "/v1/runs", "/v1/nothing"] {
        let answer = stage.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
        assert_eq!(answer.header("x-request-id").len(), 16);
    }
    let named = get("/healthz").header("x-request-id", "mine-1").body(Body::empty()).unwrap();
    assert_eq!(stage.send(named).await.header("x-request-id"), "mine-1");
    let hostile = get("/healthz").header("x-request-id", "a b").body(Body::empty()).unwrap();
    assert_ne!(stage.send(hostile).await.header("x-request-id"), "a b");
}

#[tokio::test]
async fn a_server_that_stops_is_not_ready() {
    let stage = Stage::empty().await;
    assert_eq!(stage.get("/readyz").await.status, StatusCode::OK);
    stage.stopping.cancel();
    let answer = stage.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "2");
    assert_eq!(stage.get("/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_document_describes_every_route() {
    let stage = Stage::empty().await;
    let document = stage.json("/v1/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    let described: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |each| format!("{each} {path}"))
        })
        .collect();
    let routed: BTreeSet<String> = routes()
        .iter()
        .map(|route| format!("{} {}", route.method.as_str().to_lowercase(), route.path))
        .collect();
    assert_eq!(described, routed);
    for parameter in document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|methods| methods.as_object().unwrap().values())
        .flat_map(|operation| operation["parameters"].as_array().unwrap())
    {
        assert!(!parameter["schema"].to_string().contains("null"), "a URL has no null: {parameter}");
    }
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test]
async fn another_method_of_a_path_is_refused() {
    let stage = Stage::empty().await;
    let answer = stage.send(Request::put("/v1/runs").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.json()["code"], "method_not_allowed");
}

#[tokio::test]
async fn requests_for_other_hosts_or_from_other_sites_are_refused() {
    let stage = Stage::empty().await;
    let rebound = get("/v1/runs").header("host", "evil.example:8321").body(Body::empty()).unwrap();
    let answer = stage.send(rebound).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (421, &"host_unknown".into()));
    let forged =
        Request::post("/v1/runs").header("host", "127.0.0.1").header("origin", "https://evil.example");
    let answer = stage.send(forged.body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (403, &"cross_origin".into()));
}
