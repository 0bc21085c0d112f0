//! A receiver of requests on loopback.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::HeaderMap,
    response::Response,
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// A running receiver; dropping it stops it.
pub(super) struct Hook {
    pub(super) url: String,
    shared: Shared,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    /// The status of responses, and whether they are held back.
    manner: Arc<watch::Sender<(u16, bool)>>,
    got: Arc<Mutex<Vec<(HeaderMap, String)>>>,
}

impl Hook {
    /// Accepts everything.
    pub(super) async fn open() -> Self {
        let shared = Shared { manner: Arc::new(watch::Sender::new((200, false))), got: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook/hunter2path", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, serving }
    }

    pub(super) fn answer(&self, status: u16) {
        self.shared.manner.send_modify(|manner| manner.0 = status);
    }

    /// Holds responses back, or sends them.
    pub(super) fn hold(&self, is_held: bool) {
        self.shared.manner.send_modify(|manner| manner.1 = is_held);
    }

    /// The bodies, in the order of their arrival.
    pub(super) fn got(&self) -> Vec<Value> {
        self.requests().into_iter().map(|(_, body)| serde_json::from_str(&body).unwrap()).collect()
    }

    pub(super) fn requests(&self) -> Vec<(HeaderMap, String)> {
        self.shared.got.lock().unwrap().clone()
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let headers = request.headers().clone();
    let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    shared.got.lock().unwrap().push((headers, String::from_utf8(body.to_vec()).unwrap()));
    let mut manner = shared.manner.subscribe();
    let status = manner.wait_for(|manner| !manner.1).await.unwrap().0;
    Response::builder().status(status).body(Body::from("thanks")).unwrap()
}
