//! `forebay serve` as a process: it starts with no configuration, and stops when asked.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt,
    process::{Child, ChildStderr, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Sandbox, site::PATIENCE};

/// A server that is up.
struct Serving {
    child: Child,
    log: BufReader<ChildStderr>,
    address: SocketAddr,
}

impl Serving {
    fn start(sandbox: &Sandbox, variable: (&str, &str)) -> Self {
        let mut command = sandbox.command("serve --listen 127.0.0.1:0");
        command.env(variable.0, variable.1).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut text = String::new();
        let address = loop {
            let start = text.len();
            assert!(log.read_line(&mut text).unwrap() > 0, "the server does not start: {text}");
            if let Some((_, rest)) = text[start..].split_once("http://") {
                break rest.split('/').next().unwrap().parse().unwrap();
            }
        };
        Self { child, log, address }
    }

    fn request(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).unwrap();
        stream
    }

    fn get(&self, path: &str) -> String {
        let mut text = String::new();
        self.request(path).read_to_string(&mut text).unwrap();
        text
    }

    /// Asks it to stop. Returns its exit code, and what it still logged.
    fn stop(mut self) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let mut text = String::new();
        self.log.read_to_string(&mut text).unwrap();
        (self.child.wait().unwrap().code(), text)
    }
}

#[test]
fn it_needs_no_configuration_and_no_server() {
    // A folder that the server's user can access, with a short path for the socket.
    let folder = tempfile::Builder::new().prefix("forebay-cli-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let data = folder.path().join("data");
    let serving = Serving::start(&Sandbox::new(), ("FOREBAY_DATA_DIR", data.to_str().unwrap()));
    assert!(serving.get("/readyz").starts_with("HTTP/1.1 200"));
    let sources = serving.get("/v1/sources");
    assert!(
        sources.starts_with("HTTP/1.1 200") && sources.ends_with(r#"{"items":[],"next":null}"#),
        "{sources}"
    );
    let (code, log) = serving.stop();
    assert_eq!(code, Some(130), "{log}");
    assert!(!data.join("postgres/postmaster.pid").exists(), "the private Postgres stops with it");
}

#[test]
fn a_stream_in_progress_ends_when_it_stops() {
    let db = crate::database::database();
    let serving = Serving::start(&Sandbox::new(), ("FOREBAY_DATABASE_URL", &db.url));
    let mut stream = BufReader::new(serving.request("/v1/changes/stream"));
    let mut line = String::new();
    while !line.contains("id: ") {
        assert!(stream.read_line(&mut line).unwrap() > 0, "{line}");
    }
    let asked = Instant::now();
    let (code, log) = serving.stop();
    assert_eq!(code, Some(130), "{log}");
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    // The end of a chunked body: the response is whole.
    assert!(rest.ends_with("0\r\n\r\n"), "{rest:?}");
}

#[test]
fn it_listens_to_this_machine_only() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("serve --listen 0.0.0.0:0");
    assert!(output.contains("exit code: 2") && output.contains("authentication_missing"), "{output}");
}
