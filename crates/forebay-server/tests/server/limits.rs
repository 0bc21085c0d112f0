//! What clients may take up, on a real connection.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use forebay_server::Limits;
use tokio::task::spawn_blocking;

use crate::stage::Stage;

const REQUEST: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(20);

fn connect(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// Everything that the server sends until it closes the connection.
fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn a_client_that_sends_its_headers_too_slowly_is_cut() {
    let stage = Stage::empty().await;
    let header_time = Duration::from_millis(400);
    let (address, serving) = stage.listen(Limits { header_time, ..Limits::default() }).await;
    spawn_blocking(move || {
        let slow = connect(address, "GET /healthz HTTP/1.1\r\nHost: loc");
        let idle = connect(address, "");
        assert!(rest(connect(address, REQUEST)).starts_with("HTTP/1.1 200"), "others are served meanwhile");
        let asked = Instant::now();
        assert!(!rest(slow).contains("200"));
        assert_eq!(rest(idle), "");
        assert!(asked.elapsed() < PATIENCE / 2, "{:?}", asked.elapsed());
    })
    .await
    .unwrap();
    stage.stopping.cancel();
    serving.await.unwrap();
}

#[tokio::test]
async fn too_many_connections_wait_for_others_to_end() {
    let stage = Stage::empty().await;
    let (address, serving) = stage.listen(Limits { connections: 2, ..Limits::default() }).await;
    spawn_blocking(move || {
        let (one, two) = (connect(address, ""), connect(address, ""));
        let mut third = connect(address, REQUEST);
        third.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        assert!(third.read(&mut [0]).is_err(), "it waits");
        drop(one);
        third.set_read_timeout(Some(PATIENCE)).unwrap();
        assert!(rest(third).starts_with("HTTP/1.1 200"));
        drop(two);
    })
    .await
    .unwrap();
    stage.stopping.cancel();
    serving.await.unwrap();
}
