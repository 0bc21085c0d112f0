//! A TCP proxy in front of the test's Postgres: cutting it is an outage of the network, not of the server.

use forebay_domain::percent;
use forebay_store::testing::TestDatabase;
use tokio::{
    io::copy_bidirectional,
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
        let serving = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (socket, mut is_cut) = (socket.clone(), watched.clone());
                tokio::spawn(async move {
                    if *is_cut.borrow_and_update() {
                        return;
                    }
                    let mut server = UnixStream::connect(&socket).await.unwrap();
                    tokio::select! {
                        _ended = copy_bidirectional(&mut client, &mut server) => {}
                        _cut = is_cut.changed() => {}
                    }
                });
            }
        });
        Self { url, is_cut, serving }
    }

    /// Closes all connections, and refuses new ones.
    pub(crate) fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    /// Accepts connections again.
    pub(crate) fn restore(&self) {
        self.is_cut.send_replace(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
