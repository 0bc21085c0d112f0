//! A server on loopback that keeps the JSON that it is sent.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
};

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// The server.
pub(crate) struct Receiver {
    shared: Arc<Shared>,
    pub(crate) url: String,
    _runtime: Runtime,
}

struct Shared {
    requests: Mutex<Vec<Received>>,
    status: AtomicU16,
}

async fn take(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let body = serde_json::from_slice(&body).unwrap();
    shared.requests.lock().unwrap().push(Received { path: uri.path().to_owned(), headers, body });
    StatusCode::from_u16(shared.status.load(Ordering::Relaxed)).unwrap()
}

impl Receiver {
    pub(crate) fn open() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared { requests: Mutex::default(), status: AtomicU16::new(200) });
        let router = Router::new().fallback(take).with_state(Arc::clone(&shared));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { shared, url, _runtime: runtime }
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The status of the next responses.
    pub(crate) fn answer(&self, status: u16) {
        self.shared.status.store(status, Ordering::Relaxed);
    }
}
