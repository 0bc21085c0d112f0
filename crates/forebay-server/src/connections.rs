//! The connections of clients, each with limits on its headers and its idle time.

use std::time::Duration;

use axum::{Router, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{net::TcpStream, sync::OwnedSemaphorePermit};
use tower::Service;

use crate::caller::Peer;

/// The maximum size of the headers of a request, in bytes.
const MOST_HEADERS: usize = 64 * 1024;

/// What clients may take up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The maximum number of connections at the same time; further ones wait. Default: 1024.
    pub connections: usize,
    /// How long a client may take to send the headers of a request, which includes the idle time before it. Default:
    /// 30 seconds.
    pub header_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 1024, header_time: Duration::from_secs(30) }
    }
}

/// The connections of a server.
pub(crate) struct Connections {
    router: Router,
    limits: Limits,
    graceful: GracefulShutdown,
}

impl Connections {
    pub(crate) fn new(router: Router, limits: Limits) -> Self {
        Self { router, limits, graceful: GracefulShutdown::new() }
    }

    /// Serves a connection in a task.
    pub(crate) fn serve(&self, stream: TcpStream, permit: OwnedSemaphorePermit) {
        let router = self.router.clone();
        let ends = stream.peer_addr().ok().zip(stream.local_addr().ok());
        let peer = ends.map(|(from, to)| Peer { from: from.ip().to_canonical(), to: to.ip().to_canonical() });
        let service = service_fn(move |mut request: Request<Incoming>| {
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            router.clone().call(request.map(axum::body::Body::new))
        });
        // Answers and events are small; they must not wait for more.
        let _faster = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_time)
            .max_buf_size(MOST_HEADERS)
            .serve_connection(TokioIo::new(stream), service);
        let connection = self.graceful.watch(connection);
        tokio::spawn(async move {
            // A client that goes away in the middle is no fault of the server.
            let _ended = connection.await;
            drop(permit);
        });
    }

    /// Lets the requests in progress end, and closes idle connections.
    pub(crate) async fn finish(self) {
        self.graceful.shutdown().await;
    }
}
