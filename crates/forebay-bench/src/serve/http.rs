//! A client of HTTP/1.1 for loopback, one connection at a time.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::failure::Failure;

/// An open connection.
pub(super) struct Connection {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
        tokio::spawn(connection);
        Ok(Self { address, sender })
    }

    /// Sends a request without a body, as a browser would.
    pub(super) async fn get(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Response<Incoming>, Failure> {
        self.send(Method::GET, path, headers, Bytes::new()).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Response<Incoming>, Failure> {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(header::HOST, self.address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body));
        let request = request.map_err(|error| Failure::from_error("bench_failed", &error))?;
        self.sender.ready().await.map_err(|error| broken(&error))?;
        self.sender.send_request(request).await.map_err(|error| broken(&error))
    }
}

/// The whole body of a response.
pub(super) async fn body(response: Response<Incoming>) -> Result<Bytes, Failure> {
    Ok(response.into_body().collect().await.map_err(|error| broken(&error))?.to_bytes())
}

/// Posts records of a source. Fails unless they were persisted.
pub(super) async fn persist(address: SocketAddr, source: &str, records: Bytes) -> Result<(), Failure> {
    let mut connection = Connection::open(address).await?;
    let path = format!("/v1/persist?source={source}&key=id");
    let headers = [("content-type", "application/x-ndjson")];
    let response = connection.send(Method::POST, &path, &headers, records).await?;
    let status = response.status();
    let answer = body(response).await?;
    if status == StatusCode::OK {
        return Ok(());
    }
    Err(Failure::bench(format!(
        "the records were not persisted: {status} {}",
        String::from_utf8_lossy(&answer)
    )))
}

fn broken(error: &hyper::Error) -> Failure {
    Failure::from_error("bench_failed", error)
}
