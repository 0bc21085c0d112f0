//! Following changes as server-sent events.

use std::{io::Cursor, time::Duration};

use axum::body::Body;
use forebay_engine::{
    persist::{Input, PersistRequest, persist},
    sources::{Format, ReadOptions},
};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::time::timeout;

use crate::stage::{Stage, get};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A stream of events, read by a client.
struct Events {
    body: Body,
    text: String,
    last_id: String,
}

/// An event with its type and data.
type Event = (String, Value);

impl Events {
    async fn open(stage: &Stage, path: &str, last_id: &str) -> Self {
        let request = get(path).header("last-event-id", last_id).body(Body::empty()).unwrap();
        let response = stage.open(request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(!response.headers().contains_key("content-encoding"), "compression would hold events back");
        Self { body: response.into_body(), text: String::new(), last_id: last_id.to_owned() }
    }

    /// The next event that has data; `None`: the stream has ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (mut kind, mut data) = (String::new(), None);
                for line in block.lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => id.clone_into(&mut self.last_id),
                        Some(("event", name)) => name.clone_into(&mut kind),
                        Some(("data", text)) => data = Some(serde_json::from_str(text).unwrap()),
                        _ => {}
                    }
                }
                let rest = rest.to_owned();
                self.text = rest;
                if let Some(data) = data {
                    return Some((kind, data));
                }
            }
            self.receive().await?;
        }
    }

    /// Receives the next piece of the response; `None`: the stream has ended.
    async fn receive(&mut self) -> Option<()> {
        let frame = self.body.frame().await?.unwrap();
        self.text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        Some(())
    }

    /// Waits until the client has caught up, and further changes come from the feed.
    async fn live(&mut self) {
        let live = async {
            while !self.text.contains(": live\n") {
                self.receive().await.unwrap();
            }
        };
        timeout(PATIENCE, live).await.unwrap();
    }

    async fn soon(&mut self) -> Option<Event> {
        timeout(PATIENCE, self.next()).await.unwrap()
    }

    /// Lets the server notice that the client reads, and waits for what comes; nothing may.
    async fn quiet(&mut self) {
        assert!(timeout(Duration::from_millis(700), self.next()).await.is_err());
    }
}

async fn store(stage: &Stage, source: &str, records: impl Iterator<Item = u64>, value: u64) {
    let lines: Vec<String> = records.map(|id| format!("{{\"id\":{id},\"value\":{value}}}\n")).collect();
    let request =
        PersistRequest { entity_type: Some("thing".to_owned()), ..PersistRequest::new(source, ["id"]) };
    let options = ReadOptions { format: Format::JsonLines, ..ReadOptions::default() };
    let input = Input::bytes("lines".to_owned(), Box::new(Cursor::new(lines.concat())), options);
    persist(&stage.database, request, input, &|_| {}).await.unwrap();
}

fn cursors(stream: &Value) -> Vec<String> {
    stream["items"].as_array().unwrap().iter().map(|it| it["cursor"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_over_reconnects() {
    let stage = Stage::empty().await;
    let mut events = Events::open(&stage, "/v1/changes/stream", "").await;
    events.quiet().await;
    let writing = async {
        for round in 0..12 {
            store(&stage, if round % 2 == 0 { "even" } else { "odd" }, 0..7, round).await;
        }
    };
    let reading = async {
        let mut received = Vec::new();
        while received.len() < 12 * 7 {
            // The client goes away after some events, and comes back with the last id that it has.
            for _ in 0..=(received.len() % 11) {
                let (kind, data) = events.soon().await.unwrap();
                assert_eq!(kind, "change", "{data}");
                received.push(data["cursor"].as_str().unwrap().to_owned());
                if received.len() == 12 * 7 {
                    break;
                }
            }
            let last_id = events.last_id.clone();
            events = Events::open(&stage, "/v1/changes/stream", &last_id).await;
        }
        received
    };
    let ((), received) = tokio::join!(writing, reading);
    assert_eq!(received, cursors(&stage.json("/v1/changes?limit=1000").await));
    events.quiet().await;
}

#[tokio::test]
async fn many_follow_with_few_connections() {
    let stage = Stage::empty().await;
    let mut followers = Vec::new();
    for _ in 0..60 {
        followers.push(Events::open(&stage, "/v1/changes/stream", "").await);
    }
    let reads = followers.into_iter().map(|mut events| {
        tokio::spawn(async move {
            let mut received = Vec::new();
            for _ in 0..20 {
                received.push(events.soon().await.unwrap().1["cursor"].as_str().unwrap().to_owned());
            }
            received
        })
    });
    let reads: Vec<_> = reads.collect();
    for round in 0..4 {
        store(&stage, "things", 0..5, round).await;
    }
    let expected = cursors(&stage.json("/v1/changes?limit=1000").await);
    for read in reads {
        assert_eq!(read.await.unwrap(), expected);
    }
}

#[tokio::test]
async fn only_what_was_asked_for_comes() {
    let stage = Stage::empty().await;
    store(&stage, "old", 0..3, 0).await;
    let mut events = Events::open(&stage, "/v1/changes/stream?source=old", "").await;
    events.quiet().await;
    store(&stage, "new", 0..3, 0).await;
    store(&stage, "old", 0..1, 1).await;
    let (_, data) = events.soon().await.unwrap();
    assert_eq!((&data["source"], &data["change"]), (&"old".into(), &"updated".into()));

    let everything = stage.json("/v1/changes?limit=1000").await;
    let first = everything["items"][0]["cursor"].as_str().unwrap();
    let mut rest = Events::open(&stage, &format!("/v1/changes/stream?after={first}"), "").await;
    for expected in everything["items"].as_array().unwrap().iter().skip(1) {
        assert_eq!(&rest.soon().await.unwrap().1, expected);
    }
}

#[tokio::test]
async fn a_client_that_is_too_slow_is_cut_and_resumes_without_loss() {
    let stage = Stage::empty().await;
    store(&stage, "many", 0..1, 0).await;
    let mut events = Events::open(&stage, "/v1/changes/stream", "").await;
    events.live().await;
    // Another follower keeps the feed going.
    let mut quick = Events::open(&stage, "/v1/changes/stream", "").await;
    store(&stage, "many", 1..9001, 0).await;
    for _ in 0..9000 {
        assert_eq!(quick.soon().await.unwrap().0, "change");
    }
    let mut received = Vec::new();
    loop {
        let (kind, data) = events.soon().await.unwrap();
        if kind == "cut" {
            assert_eq!(data["code"], "too_slow");
            assert!(events.soon().await.is_none(), "the stream ends");
            break;
        }
        received.push(data["cursor"].as_str().unwrap().to_owned());
    }
    let mut again = Events::open(&stage, "/v1/changes/stream", &events.last_id).await;
    while received.len() < 9000 {
        received.push(again.soon().await.unwrap().1["cursor"].as_str().unwrap().to_owned());
    }
    assert!(received.is_sorted_by(|one, other| one != other));
    received.sort_unstable();
    received.dedup();
    assert_eq!(received.len(), 9000);
}

#[tokio::test]
async fn a_server_that_stops_ends_the_stream() {
    let stage = Stage::empty().await;
    let mut events = Events::open(&stage, "/v1/changes/stream", "").await;
    events.quiet().await;
    stage.stopping.cancel();
    assert!(events.soon().await.is_none());
}

#[tokio::test]
async fn a_cursor_of_another_database_is_refused() {
    let stage = Stage::seeded().await;
    let ahead = stage.json("/v1/changes?limit=1000").await;
    let empty = Stage::empty().await;
    let last = ahead["next"].as_str().unwrap();
    for cursor in [last, "7", "latest"] {
        let request = get("/v1/changes/stream").header("last-event-id", cursor).body(Body::empty()).unwrap();
        let answer = empty.send(request).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (400, &"cursor_invalid".into()));
    }
}
