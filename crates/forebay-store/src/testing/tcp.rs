//! A port of 127.0.0.1 in front of the tests' cluster, for programs that cannot connect to a socket.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    thread,
};

use tokio_postgres::config::Host;

use super::TestDatabase;

impl TestDatabase {
    /// Its URL with a port of 127.0.0.1, which is open until the tests end.
    pub fn tcp_url(&self) -> String {
        let config = self.config();
        let socket = config.get_hosts().iter().find_map(|host| match host {
            Host::Unix(folder) => Some(folder.join(".s.PGSQL.5432")),
            Host::Tcp(_) => None,
        });
        let socket = socket.expect("the cluster of the tests listens on a socket");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("the port has a number").port();
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.expect("a client connects");
                forward(client, UnixStream::connect(&socket).expect("the cluster answers"));
            }
        });
        format!("postgresql://forebay:none@127.0.0.1:{port}/{}?sslmode=disable", self.name)
    }
}

fn forward(client: TcpStream, server: UnixStream) {
    fn copy(mut from: impl Read, mut to: impl Write) {
        let mut buffer = [0; 8_192];
        while let Ok(number @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..number]).is_err() {
                return;
            }
        }
    }
    let (from_client, to_server) = (
        client.try_clone().expect("a connection has two ends"),
        server.try_clone().expect("a connection has two ends"),
    );
    thread::spawn(move || {
        copy(&from_client, &to_server);
        let _gone_already = to_server.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        copy(&server, &client);
        let _gone_already = client.shutdown(Shutdown::Both);
    });
}
