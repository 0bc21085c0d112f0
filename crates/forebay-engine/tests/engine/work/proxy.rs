//! A TCP proxy in front of the test's Postgres: cutting it is an outage of the network, not of the server.

use std::pin::pin;

use forebay_domain::percent;
use forebay_store::testing::TestDatabase;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy},
    net::{TcpListener, UnixStream},
    sync::watch,
    task::JoinHandle,
};
use tokio_postgres::config::Host;

/// A running proxy; dropping it stops it.
pub(crate) struct Proxy {
    /// The database's URL through the proxy.
    pub(crate) url: String,
    is_cut: watch::Sender<bool>,
    /// The answers to statements with this text don't arrive.
    lost: watch::Sender<Option<&'static str>>,
    serving: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn open(test: &TestDatabase) -> Self {
        let config = test.config();
        let Host::Unix(folder) = &config.get_hosts()[0] else { panic!("the tests' server has a socket") };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let socket = folder.join(format!(".s.PGSQL.{port}"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let name = percent::encode(config.get_dbname().unwrap());
        let url = format!("postgresql://forebay@{address}/{name}?sslmode=disable");
        let (is_cut, watched) = watch::channel(false);
        let (lost, losing) = watch::channel(None);
        let serving = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (socket, mut is_cut, losing) = (socket.clone(), watched.clone(), losing.clone());
                tokio::spawn(async move {
                    if *is_cut.borrow_and_update() {
                        return;
                    }
                    let mut server = UnixStream::connect(&socket).await.unwrap();
                    let (mut from_server, mut to_server) = server.split();
                    let (mut from_client, mut to_client) = client.split();
                    let answers = copy(&mut from_server, &mut to_client);
                    tokio::select! {
                        () = forward(&mut from_client, &mut to_server, answers, losing) => {}
                        _cut = is_cut.changed() => {}
                    }
                });
            }
        });
        Self { url, is_cut, lost, serving }
    }

    /// Closes all connections, and refuses new ones.
    pub(crate) fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    /// From now on, the answers to statements with this text don't arrive.
    pub(crate) fn lose_answers(&self, text: Option<&'static str>) {
        self.lost.send_replace(text);
    }

    /// Accepts connections again.
    pub(crate) fn restore(&self) {
        self.is_cut.send_replace(false);
    }
}

/// Forwards statements, and answers until one of them gets lost. Returns when one side has ended.
async fn forward(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    answers: impl Future<Output = std::io::Result<u64>>,
    losing: watch::Receiver<Option<&'static str>>,
) {
    let mut answers = pin!(answers);
    let mut is_answered = true;
    let mut buffer = vec![0; 64 << 10];
    loop {
        tokio::select! {
            _ended = &mut answers, if is_answered => return,
            read = from.read(&mut buffer) => {
                let statement = &buffer[..read.unwrap_or(0)];
                if let Some(text) = *losing.borrow()
                    && statement.windows(text.len()).any(|part| part == text.as_bytes())
                {
                    is_answered = false;
                }
                if statement.is_empty() || to.write_all(statement).await.is_err() {
                    return;
                }
            }
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
