//! A webhook receiver on loopback that records what it gets.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use forebay_engine::work::{self, PipelineSpec};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::{SOURCE, Shop, pipeline_id, subscriber};

/// How the receiver behaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manner {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<u32>,
    /// Holds the responses to records with these keys back.
    pub(crate) held: Vec<String>,
    /// Holds all responses back.
    pub(crate) holds_all: bool,
}

/// A running receiver; dropping it stops it.
pub(crate) struct Receiver {
    pub(crate) url: String,
    manner: watch::Sender<Manner>,
    got: Arc<Mutex<Vec<Value>>>,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    manner: watch::Receiver<Manner>,
    got: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    /// Answers with success.
    pub(crate) async fn open() -> Self {
        let (manner, watched) = watch::channel(Manner { status: 200, ..Manner::default() });
        let got: Arc<Mutex<Vec<Value>>> = Arc::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Shared { manner: watched, got: Arc::clone(&got) };
        let router = Router::new().fallback(answer).with_state(shared);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, manner, got, serving }
    }

    pub(crate) fn behave(&self, change: impl FnOnce(&mut Manner)) {
        self.manner.send_modify(change);
    }

    /// The events it got, in the order of their arrival.
    pub(crate) fn got(&self) -> Vec<Value> {
        self.got.lock().unwrap().clone()
    }

    /// How often it got each record.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for event in self.got() {
            *counts.entry(event["data"]["record_key"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        counts
    }

    /// Declares a webhook to it, and hands off only to that from now on.
    pub(crate) async fn only(&self, shop: &mut Shop, concurrency: u32) {
        let config = json!({"url": self.url, "concurrency": concurrency});
        let spec = PipelineSpec::new("hook", "webhook", config).of_source(SOURCE);
        work::declare(&shop.database, &[spec]).await.unwrap();
        shop.subscribers = vec![subscriber(pipeline_id(&shop.client, "hook").await)];
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let event: Value = serde_json::from_slice(&body).unwrap();
    let key = event["data"]["record_key"].as_str().unwrap().to_owned();
    shared.got.lock().unwrap().push(event);
    let mut manner = shared.manner.clone();
    let manner = manner.wait_for(|manner| !manner.holds_all && !manner.held.contains(&key)).await;
    let Manner { status, retry_after, .. } = manner.map(|manner| manner.clone()).unwrap_or_default();
    let mut response = Response::builder().status(status);
    if let Some(seconds) = retry_after {
        response = response.header("retry-after", seconds);
    }
    response.body(Body::empty()).unwrap()
}
