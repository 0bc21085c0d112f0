//! The Supabase CLI against the database of a test.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    thread,
};

use forebay_store::testing::TestDatabase;
use tokio_postgres::config::Host;

/// The Supabase CLI, if `scripts/parts.sh` has installed it.
pub(crate) fn program() -> Option<PathBuf> {
    let parts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/parts/supabase/node_modules");
    let program = parts.join("@supabase/cli-linux-x64/bin/supabase");
    program.exists().then_some(program)
}

/// The URL of the database for the CLI, which connects to hosts only.
pub(crate) fn url(database: &TestDatabase) -> String {
    let config = database.config();
    let name = config.get_dbname().unwrap();
    format!("postgresql://forebay:none@127.0.0.1:{}/{name}?sslmode=disable", port(database))
}

/// A port of 127.0.0.1 that leads to the database's socket until the tests end.
fn port(database: &TestDatabase) -> u16 {
    let config = database.config();
    let Host::Unix(folder) = &config.get_hosts()[0] else { panic!("{config:?}") };
    let socket = folder.join(".s.PGSQL.5432");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), UnixStream::connect(&socket).unwrap());
            forward(client, server);
        }
    });
    port
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
    let (from_client, to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        copy(&from_client, &to_server);
        let _gone_already = to_server.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        copy(&server, &client);
        let _gone_already = client.shutdown(Shutdown::Both);
    });
}
