//! A site on loopback whose responses a test defines byte by byte.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use url::Url;

/// A received request.
pub(crate) struct SiteRequest {
    /// Path and query.
    pub(crate) path: String,
    /// Header names are in lower case.
    pub(crate) headers: HashMap<String, String>,
    /// How often the path was requested before.
    pub(crate) num_before: usize,
}

/// A response. The connection is closed after it.
pub(crate) enum Reply {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Nothing, while the connection stays open.
    Silence,
    /// These bytes, followed by an endless body of zeros in chunks.
    Endless(&'static str),
    /// These bytes, followed by an endless body in chunks of one byte, sent slowly.
    Trickle(&'static str),
    /// These bytes, and then nothing, while the connection stays open.
    ThenSilence(Vec<u8>),
}

impl Reply {
    /// A response with these headers (each with its `\r\n`) and this body.
    pub(crate) fn new(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n");
        Self::Bytes([head.as_bytes(), body].concat())
    }

    pub(crate) fn ok(body: impl AsRef<[u8]>) -> Self {
        Self::new(200, "", body)
    }

    pub(crate) fn redirect(to: impl std::fmt::Display) -> Self {
        Self::new(302, &format!("location: {to}\r\n"), "moved")
    }
}

/// A running site. Dropping it stops it.
pub(crate) struct Site {
    url: Url,
    seen: Arc<Mutex<Seen>>,
    _running: JoinSet<()>,
}

#[derive(Default)]
struct Seen {
    paths: Vec<String>,
    in_flight: usize,
    max_in_flight: usize,
}

impl Site {
    pub(crate) async fn serve(respond: impl Fn(&SiteRequest) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let seen = Arc::<Mutex<Seen>>::default();
        let respond = Arc::new(respond);
        let mut running = JoinSet::new();
        let log = Arc::clone(&seen);
        running.spawn(async move {
            // Dropped with the site, which closes the connections.
            let mut connections = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                connections.spawn(converse(connection, Arc::clone(&respond), Arc::clone(&log)));
            }
        });
        Self { url, seen, _running: running }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        self.url.join(path).unwrap()
    }

    /// The requested paths, in order.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.seen.lock().unwrap().paths.clone()
    }

    pub(crate) fn max_in_flight(&self) -> usize {
        self.seen.lock().unwrap().max_in_flight
    }
}

async fn converse(
    mut connection: TcpStream,
    respond: Arc<impl Fn(&SiteRequest) -> Reply>,
    seen: Arc<Mutex<Seen>>,
) {
    let Some(mut request) = read(&mut connection).await else { return };
    {
        let mut seen = seen.lock().unwrap();
        request.num_before = seen.paths.iter().filter(|path| **path == request.path).count();
        seen.paths.push(request.path.clone());
        seen.in_flight += 1;
        seen.max_in_flight = seen.max_in_flight.max(seen.in_flight);
    }
    // Gives other requests time to arrive, if the fetcher sends any.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let reply = respond(&request);
    seen.lock().unwrap().in_flight -= 1;
    // The fetcher may close the connection early.
    let _ = write(&mut connection, reply).await;
}

async fn read(connection: &mut TcpStream) -> Option<SiteRequest> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(connection.read_u8().await.ok()?);
    }
    let text = String::from_utf8(text).ok()?;
    let mut lines = text.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Some(SiteRequest { path, headers, num_before: 0 })
}

async fn write(connection: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    match reply {
        Reply::Bytes(bytes) => connection.write_all(&bytes).await?,
        Reply::Silence => std::future::pending::<()>().await,
        Reply::ThenSilence(bytes) => {
            connection.write_all(&bytes).await?;
            std::future::pending::<()>().await;
        }
        Reply::Trickle(head) => {
            connection.write_all(head.as_bytes()).await?;
            loop {
                connection.write_all(b"1\r\n\n\r\n").await?;
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        }
        Reply::Endless(head) => {
            connection.write_all(head.as_bytes()).await?;
            let chunk = [b"1000\r\n".as_slice(), &[b'0'; 0x1000], b"\r\n"].concat();
            loop {
                connection.write_all(&chunk).await?;
            }
        }
    }
    connection.shutdown().await
}
