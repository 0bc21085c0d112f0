//! Records that are posted.

use std::{
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use flate2::{Compression, write::GzEncoder};
use forebay_server::Limits;
use serde_json::Value;

use crate::stage::{Answer, Stage};

const THINGS: &str = "/v1/persist?source=things&key=id&complete=true";

async fn post(stage: &Stage, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
    stage.send(Request::post(path).header("content-type", kind).body(body.into()).unwrap()).await
}

async fn run(stage: &Stage, path: &str, kind: &str, body: impl Into<Body>) -> Value {
    let answer = post(stage, path, kind, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

fn lines(ids: std::ops::Range<u32>) -> String {
    let lines: Vec<String> = ids.map(|id| format!("{{\"id\":{id},\"name\":\"thing {id}\"}}\n")).collect();
    lines.concat()
}

#[tokio::test]
async fn they_are_stored_as_one_run_in_every_format() {
    let stage = Stage::empty().await;
    let first = run(&stage, THINGS, "application/x-ndjson", lines(0..20)).await;
    assert_eq!((&first["status"], &first["num_added"]), (&"complete".into(), &20.into()), "{first}");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(lines(0..20).as_bytes()).unwrap();
    let request = Request::post(THINGS).header("content-encoding", "gzip");
    let replay = stage.send(request.body(gzip.finish().unwrap().into()).unwrap()).await.json();
    assert_eq!((&replay["num_unchanged"], &replay["num_handoffs"]), (&20.into(), &0.into()), "{replay}");
    let csv = run(&stage, "/v1/persist?source=rows&key=id", "text/csv", "id,name\n1,one\n2,two\n").await;
    assert_eq!(csv["num_added"], 2, "{csv}");
    let json = r#"{"data": [{"id": 1, "part": "a"}, {"id": 1, "part": "b"}]}"#;
    let path = "/v1/persist?source=parts&key=id&key=part&records=/data&scope=year%3D2026";
    let json = run(&stage, path, "application/json; charset=utf-8", json).await;
    assert_eq!((&json["num_added"], &json["scope"]), (&2.into(), &"year=2026".into()), "{json}");
    let removed = run(&stage, THINGS, "application/x-ndjson", lines(1..20)).await;
    assert_eq!(removed["num_removed"], 1, "{removed}");
}

#[tokio::test]
async fn guards_hold_them_and_what_cannot_be_read_is_refused() {
    let stage = Stage::empty().await;
    run(&stage, THINGS, "application/x-ndjson", lines(0..40)).await;
    let held = post(&stage, THINGS, "application/x-ndjson", lines(0..3)).await;
    assert_eq!((held.status, &held.json()["status"]), (StatusCode::ACCEPTED, &"held".into()));
    let forced = format!("{THINGS}&guards=false");
    let applied = run(&stage, &forced, "application/x-ndjson", lines(0..3)).await;
    assert_eq!(applied["num_removed"], 37, "{applied}");
    let partly = format!("{}not json\n", lines(0..30));
    let partial = run(&stage, THINGS, "application/x-ndjson", partly).await;
    assert_eq!((&partial["num_rejected"], &partial["num_removed"]), (&1.into(), &0.into()), "{partial}");

    for (path, body, status, code) in [
        ("/v1/persist", "", 400, "query_invalid"),
        ("/v1/persist?source=new", "{\"id\":1}", 400, "key_unknown"),
        ("/v1/persist?source=things&on_duplicate=all", "", 400, "query_invalid"),
        ("/v1/persist?source=things&scope=all", "", 400, "scope_no_equals"),
        ("/v1/persist?source=things&complete=maybe", "", 400, "query_invalid"),
    ] {
        let answer = post(&stage, path, "application/x-ndjson", body).await;
        let problem = answer.json();
        assert_eq!((answer.status.as_u16(), &problem["code"]), (status, &code.into()), "{path}: {problem}");
    }
    let packed = Request::post(THINGS).header("content-encoding", "br").body(Body::from("x")).unwrap();
    assert_eq!(stage.send(packed).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_client_that_goes_away_removes_nothing() {
    let stage = Stage::empty().await;
    run(&stage, THINGS, "application/x-ndjson", lines(0..10)).await;
    let (address, serving) = stage.listen(Limits::default()).await;
    tokio::task::spawn_blocking(move || {
        let mut client = TcpStream::connect(address).unwrap();
        let sent = lines(0..9);
        let promised = sent.len() + 20;
        write!(
            client,
            "POST {THINGS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {promised}\r\n\r\n{sent}"
        )
        .unwrap();
    })
    .await
    .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let ended = loop {
        let runs = stage.json("/v1/runs").await;
        let newest = runs["items"][0].clone();
        if runs["items"].as_array().unwrap().len() == 2 && newest["status"] != "running" {
            break newest;
        }
        assert!(Instant::now() < deadline, "the run does not end: {runs}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_ne!(ended["status"], "complete", "{ended}");
    assert_eq!(ended["num_removed"], 0, "{ended}");
    assert_eq!(stage.json("/v1/stats").await["references"]["active"], 10);
    stage.stopping.cancel();
    serving.await.unwrap();
}
