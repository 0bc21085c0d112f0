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

use crate::{Sandbox, database::database, site::PATIENCE};

/// A server that is up.
struct Serving {
    child: Child,
    log: BufReader<ChildStderr>,
    address: SocketAddr,
}

impl Serving {
    fn start(sandbox: &Sandbox, variable: (&str, &str)) -> Self {
        Self::listen(sandbox, "127.0.0.1:0", variable)
    }

    fn listen(sandbox: &Sandbox, address: &str, variable: (&str, &str)) -> Self {
        let mut command = sandbox.command(&format!("serve --listen {address}"));
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
        self.request_with(path, "")
    }

    /// A request with further headers, each with the end of its line.
    fn request_with(&self, path: &str, headers: &str) -> TcpStream {
        let address = SocketAddr::from(([127, 0, 0, 1], self.address.port()));
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
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
    let db = database();
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
fn without_tokens_it_is_open_on_loopback_and_says_so() {
    let (sandbox, db) = (Sandbox::new(), database());
    let serving = Serving::start(&sandbox, ("FOREBAY_DATABASE_URL", &db.url));
    assert!(serving.get("/v1/runs").starts_with("HTTP/1.1 200"));
    let (exit, created) = db.json(&sandbox, "tokens create --role viewer");
    assert_eq!(exit, 0, "{created}");
    assert!(serving.get("/v1/runs").starts_with("HTTP/1.1 401"), "no restart is needed");
    let mut text = String::new();
    let header = format!("Authorization: Bearer {}\r\n", created["secret"].as_str().unwrap());
    serving.request_with("/v1/runs", &header).read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    let (_, log) = serving.stop();
    assert!(log.contains("there are no tokens: every program of this machine may do everything"), "{log}");
}

#[test]
fn it_listens_beyond_this_machine_only_if_callers_must_present_something() {
    let (sandbox, db) = (Sandbox::new(), database());
    let refused = |line: &str| {
        let (exit, error) = db.json(&sandbox, line);
        assert_eq!((exit, error["error"]["code"].as_str()), (2, Some("authentication_missing")), "{error}");
        error["error"]["message"].as_str().unwrap().to_owned()
    };
    assert!(refused("serve --listen 0.0.0.0:0").contains("there are no tokens"));
    sandbox.configure("[server]\npublic_url = \"https://forebay.example.org\"\n");
    assert!(refused("serve --listen 127.0.0.1:0").contains("other machines can reach the server"));
    sandbox.configure("");

    let (_, created) = db.json(&sandbox, "tokens create --role viewer --expires 1h");
    let serving = Serving::listen(&sandbox, "0.0.0.0:0", ("FOREBAY_DATABASE_URL", &db.url));
    assert!(serving.get("/v1/runs").starts_with("HTTP/1.1 401"));
    let (code, log) = serving.stop();
    assert_eq!(code, Some(130), "{log}");
    assert!(log.contains("connections are not encrypted"), "{log}");
    let id = created["token"]["token_id"].as_i64().unwrap();
    db.rows(&format!("with e as (update forebay.api_tokens set expires_at = now() where token_id = {id} returning 1) select 'x' from e"));
    assert!(refused("serve --listen 0.0.0.0:0").contains("every token has expired"));
    // On loopback it starts, and is not open: an expired token opens nothing.
    let serving = Serving::start(&sandbox, ("FOREBAY_DATABASE_URL", &db.url));
    assert!(serving.get("/v1/runs").starts_with("HTTP/1.1 401"));
    serving.stop();
    sandbox.configure("[server.jwt]\nissuer = \"i\"\naudience = \"a\"\njwks_url = \"http://127.0.0.1:1/\"\n");
    let serving = Serving::listen(&sandbox, "0.0.0.0:0", ("FOREBAY_DATABASE_URL", &db.url));
    assert!(serving.get("/v1/runs").starts_with("HTTP/1.1 401"));
    serving.stop();
}
