//! A site that answers byte for byte as a test says.

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

/// What was asked.
pub(crate) struct Asked {
    /// Path and query.
    pub(crate) path: String,
    /// The names in lower case.
    pub(crate) headers: HashMap<String, String>,
    /// How often the path had been asked for before.
    pub(crate) before: usize,
}

/// What is answered. The connection is closed after it.
pub(crate) enum Reply {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Nothing, while the connection stays open.
    Silence,
    /// These bytes, and then zeros in chunks without end.
    Endless(&'static str),
    /// These bytes, and then a chunk of one byte after the other, slowly and without end.
    Trickle(&'static str),
    /// These bytes, and then nothing, while the connection stays open.
    ThenSilence(Vec<u8>),
}

impl Reply {
    /// An answer with these headers (each with its `\r\n`) and this body.
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

/// A running site. Dropping it ends it.
pub(crate) struct Site {
    url: Url,
    seen: Arc<Mutex<Seen>>,
    _running: JoinSet<()>,
}

#[derive(Default)]
struct Seen {
    paths: Vec<String>,
    under_way: usize,
    most_under_way: usize,
}

impl Site {
    pub(crate) async fn serve(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let seen = Arc::<Mutex<Seen>>::default();
        let answer = Arc::new(answer);
        let mut running = JoinSet::new();
        let log = Arc::clone(&seen);
        running.spawn(async move {
            // Ends with the site.
            let mut connections = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                connections.spawn(converse(connection, Arc::clone(&answer), Arc::clone(&log)));
            }
        });
        Self { url, seen, _running: running }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        self.url.join(path).unwrap()
    }

    /// The paths that were asked for, in order.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.seen.lock().unwrap().paths.clone()
    }

    pub(crate) fn most_under_way(&self) -> usize {
        self.seen.lock().unwrap().most_under_way
    }
}

async fn converse(mut connection: TcpStream, answer: Arc<impl Fn(&Asked) -> Reply>, seen: Arc<Mutex<Seen>>) {
    let Some(mut asked) = read(&mut connection).await else { return };
    {
        let mut seen = seen.lock().unwrap();
        asked.before = seen.paths.iter().filter(|path| **path == asked.path).count();
        seen.paths.push(asked.path.clone());
        seen.under_way += 1;
        seen.most_under_way = seen.most_under_way.max(seen.under_way);
    }
    // Room for others to come in, if the fetcher let them.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let reply = answer(&asked);
    seen.lock().unwrap().under_way -= 1;
    // Whoever hangs up first is the fetcher, and may.
    let _ = write(&mut connection, reply).await;
}

async fn read(connection: &mut TcpStream) -> Option<Asked> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(connection.read_u8().await.ok()?);
    }
    let text = String::from_utf8(text).ok()?;
    let mut lines = text.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Some(Asked { path, headers, before: 0 })
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
