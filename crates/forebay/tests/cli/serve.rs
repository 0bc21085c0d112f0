//! `forebay serve` as a process: it starts with no configuration, works if asked to, and stops when asked.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::{fs::PermissionsExt, net::UnixDatagram},
    process::{Child, ChildStderr, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::database,
    site::{PATIENCE, POLL},
};

/// A server that is up.
pub(crate) struct Serving {
    child: Child,
    log: BufReader<ChildStderr>,
    address: SocketAddr,
}

impl Serving {
    fn start(sandbox: &Sandbox, options: &str, variable: (&str, &str)) -> Self {
        Self::start_with(sandbox, options, &[variable])
    }

    fn listen(sandbox: &Sandbox, address: &str, variable: (&str, &str)) -> Self {
        Self::launch(sandbox, &format!("serve --listen {address}"), &[variable])
    }

    pub(crate) fn start_with(sandbox: &Sandbox, options: &str, variables: &[(&str, &str)]) -> Self {
        Self::launch(sandbox, &format!("serve --listen 127.0.0.1:0 {options}"), variables)
    }

    fn launch(sandbox: &Sandbox, line: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = sandbox.command(line);
        command.envs(variables.iter().copied()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
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

    /// Sends a request with further headers, each with the end of its line.
    pub(crate) fn send(&self, line: &str, headers: &str, body: &str) -> TcpStream {
        let address = SocketAddr::from(([127, 0, 0, 1], self.address.port()));
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        let own = format!("Host: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n");
        write!(stream, "{line} HTTP/1.1\r\n{own}{headers}\r\n{body}").unwrap();
        stream
    }

    fn request(&self, path: &str) -> TcpStream {
        self.request_with(path, "")
    }

    fn request_with(&self, path: &str, headers: &str) -> TcpStream {
        self.send(&format!("GET {path}"), headers, "")
    }

    fn post(&self, path: &str, body: &str) -> String {
        self.post_with(path, "", body)
    }

    pub(crate) fn post_with(&self, path: &str, headers: &str, body: &str) -> String {
        let mut text = String::new();
        self.send(&format!("POST {path}"), headers, body).read_to_string(&mut text).unwrap();
        text
    }

    fn get(&self, path: &str) -> String {
        let mut text = String::new();
        self.request(path).read_to_string(&mut text).unwrap();
        text
    }

    /// Posts JSON. Returns the status and the JSON of the response.
    fn change(&self, path: &str, body: &Value) -> (u16, Value) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (address, body) = (self.address, body.to_string());
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {text}")))
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn signal(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// Asks it to stop. Returns its exit code, and what it still logged and printed.
    pub(crate) fn stop(self) -> (Option<i32>, String) {
        self.signal();
        self.end()
    }

    fn end(mut self) -> (Option<i32>, String) {
        let mut text = String::new();
        self.log.read_to_string(&mut text).unwrap();
        self.child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        (self.child.wait().unwrap().code(), text)
    }
}

#[test]
fn it_needs_no_configuration_and_no_server() {
    // A folder that the server's user can access, with a short path for the socket.
    let folder = tempfile::Builder::new().prefix("forebay-cli-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let data = folder.path().join("data");
    let serving = Serving::start(&Sandbox::new(), "", ("FOREBAY_DATA_DIR", data.to_str().unwrap()));
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
    let serving = Serving::start(&Sandbox::new(), "", ("FOREBAY_DATABASE_URL", &db.url));
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

/// A source that counts its scrapes, and one that takes as long as a file is missing.
const SOURCES: &str = "
[sources.things]
entity = \"thing\"
key = \"id\"
[sources.things.command]
argv = [\"sh\", \"-c\", \"echo x >> count; sleep 0.3; echo '{\\\"id\\\": 1}'\"]
[sources.slow]
entity = \"slow\"
key = \"id\"
[sources.slow.command]
argv = [\"sh\", \"-c\", \"while ! test -e ready; do sleep 0.1; done; echo '{\\\"id\\\": 1}'\"]
";

#[test]
fn clients_make_it_scrape_once_and_follow_what_takes_long() {
    let db = crate::database::database();
    let sandbox = Sandbox::new();
    sandbox.configure(SOURCES);
    let serving = Serving::start(&sandbox, "--allow-scrape", ("FOREBAY_DATABASE_URL", &db.url));
    let tested = serving.change("/v1/sources/things/test", &json!({}));
    assert_eq!((tested.0, &tested.1["records"][0]["record_key"]), (200, &json!("1")), "{}", tested.1);
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let page = serving.post_with("/sources/things/test", form, "");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("1 record. Nothing was stored."), "{page}");
    assert!(page.contains("<th class=\"w\" scope=\"row\">1</th>"), "{page}");
    let undeclared = serving.post_with("/sources/things/test", form, "scope=a%3Db");
    assert!(
        undeclared.starts_with("HTTP/1.1 404") && undeclared.contains("declares no scope"),
        "{undeclared}"
    );
    assert_eq!(db.value("select count(*) from forebay.scrape_runs"), "0", "a test stores nothing");
    fs::remove_file(sandbox.path().join("count")).unwrap();

    let course = json!({ "entity_type": "thing" });
    let answers: Vec<(u16, Value)> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(|| serving.change("/v1/ensure", &course))).collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for (status, ensured) in &answers {
        assert_eq!((*status, &ensured["is_fresh"], &ensured["num_records"]), (200, &json!(true), &json!(1)));
    }
    let count = || fs::read_to_string(sandbox.path().join("count")).unwrap().lines().count();
    assert_eq!(count(), 1, "one scrape for all of them");
    let forced =
        serving.change("/v1/ensure", &json!({ "entity_type": "thing", "force": true, "reason": "a test" }));
    assert_eq!((forced.0, &forced.1["is_forced"], count()), (200, &json!(true), 2), "{}", forced.1);
    assert_eq!(
        db.value("select reason from forebay.operator_actions order by action_id desc limit 1"),
        "a test"
    );
    let unwaited = json!({ "entity_type": "thing", "force": true, "wait": 0 });
    assert_eq!(serving.change("/v1/ensure", &unwaited).0, 202);
    let deadline = Instant::now() + PATIENCE;
    while count() < 3 {
        assert!(Instant::now() < deadline, "it goes on though nobody waits");
        std::thread::sleep(Duration::from_millis(50));
    }
    let (status, scraped) = serving.change("/v1/sources/things/scrape", &json!({}));
    assert_eq!((status, &scraped["runs"][0]["num_unchanged"]), (200, &json!(1)), "{scraped}");

    let (status, followed) = serving.change("/v1/sources/slow/scrape", &json!({ "wait": 1 }));
    assert_eq!((status, &followed["sources"]), (202, &json!(["slow"])), "{followed}");
    let run_id = followed["runs"][0]["run_id"].as_i64().unwrap();
    let (status, followed) = serving.change("/v1/ensure", &json!({ "entity_type": "slow", "wait": 0 }));
    assert_eq!((status, &followed["entity_type"]), (202, &json!("slow")), "{followed}");
    fs::write(sandbox.path().join("ready"), "").unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !serving.get(&format!("/v1/runs/{run_id}")).contains("\"status\":\"complete\"") {
        assert!(Instant::now() < deadline, "the run goes on");
        std::thread::sleep(Duration::from_millis(50));
    }
    for (path, body, status, code) in [
        ("/v1/ensure", json!({ "entity_type": "nothing" }), 404, "no_such_entity"),
        ("/v1/ensure", json!({ "entity_type": "thing", "wait": 51 }), 400, "body_invalid"),
        ("/v1/sources/nothing/scrape", json!({}), 409, "source_not_scraped"),
        ("/v1/sources/things/scrape", json!({ "scope": { "a": "b" } }), 404, "no_such_scope"),
        ("/v1/sources/nothing/test", json!({}), 409, "source_not_scraped"),
    ] {
        let (found, problem) = serving.change(path, &body);
        assert_eq!((found, problem["code"].as_str()), (status, Some(code)), "{path} {body}: {problem}");
    }
    let (code, log) = serving.stop();
    assert_eq!(code, Some(130), "{log}");
}

#[test]
fn a_scrape_in_progress_is_closed_when_it_stops() {
    let db = crate::database::database();
    let sandbox = Sandbox::new();
    sandbox.configure(SOURCES);
    let serving = Serving::start(&sandbox, "--allow-scrape", ("FOREBAY_DATABASE_URL", &db.url));
    let (status, followed) = serving.change("/v1/sources/slow/scrape", &json!({ "wait": 1 }));
    assert_eq!(status, 202, "{followed}");
    let asked = Instant::now();
    let (code, log) = serving.stop();
    assert_eq!(code, Some(130), "{log}");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    assert_eq!(db.value("select status from forebay.scrape_runs"), "aborted");
}

#[test]
fn without_tokens_it_is_open_on_loopback_and_says_so() {
    let (sandbox, db) = (Sandbox::new(), database());
    let serving = Serving::start(&sandbox, "", ("FOREBAY_DATABASE_URL", &db.url));
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
    let serving = Serving::start(&sandbox, "", ("FOREBAY_DATABASE_URL", &db.url));
    assert!(serving.get("/v1/runs").starts_with("HTTP/1.1 401"));
    serving.stop();
    sandbox.configure("[server.jwt]\nissuer = \"i\"\naudience = \"a\"\njwks_url = \"http://127.0.0.1:1/\"\n");
    let serving = Serving::listen(&sandbox, "0.0.0.0:0", ("FOREBAY_DATABASE_URL", &db.url));
    assert!(serving.get("/v1/runs").starts_with("HTTP/1.1 401"));
    serving.stop();
}

#[test]
fn with_work_one_process_serves_and_ingests() {
    let db = database();
    let serving = Serving::start(&Sandbox::new(), "--work", ("FOREBAY_DATABASE_URL", &db.url));
    let posted = serving.post("/v1/persist?source=courses&key=id", r#"{"id": "a", "title": "Carbon"}"#);
    assert!(posted.starts_with("HTTP/1.1 200"), "{posted}");
    db.wait_for("select count(*) from forebay.documents", "1");
    db.wait_for("select count(*) from forebay.workers where state = 'working'", "1");
    let counted = "forebay_worker_handoffs_total{pipeline=\"documents\",outcome=\"succeeded\"} 1\n";
    let deadline = Instant::now() + PATIENCE;
    while !serving.get("/metrics").contains(counted) {
        assert!(Instant::now() < deadline, "{}", serving.get("/metrics"));
        thread::sleep(POLL);
    }
    let (code, log) = serving.stop();
    assert_eq!(code, Some(130), "{log}");
    assert!(log.contains("working for documents") && log.contains("succeeded"), "{log}");
    let left =
        "select (select count(*) from forebay.workers) + (select count(*) from forebay.ingestion_handoffs)";
    assert_eq!(db.value(left), "0", "{log}");
}

#[test]
fn a_second_signal_stops_the_work_at_once_and_frees_it() {
    let (sandbox, db) = (Sandbox::new(), database());
    sandbox.configure(
        "[pipelines.slow]\nsource = \"courses\"\nhandler = \"exec\"\ncommand = [\"sleep\", \"600\"]\n",
    );
    let serving =
        Serving::start(&sandbox, "--work --pipeline slow --grace 10m", ("FOREBAY_DATABASE_URL", &db.url));
    serving.post("/v1/persist?source=courses&key=id", r#"{"id": "a"}"#);
    db.wait_for("select count(*) from forebay.ingestion_claims where num_open > 0", "1");
    serving.signal();
    db.wait_for("select state from forebay.workers", "stopping");
    let (code, log) = serving.stop();
    assert_eq!(code, Some(130), "{log}");
    assert!(log.contains("interrupted"), "{log}");
    let claimed = "select count(*) from forebay.ingestion_handoffs where receipt is not null";
    assert_eq!(db.value(claimed), "0", "{log}");
}

#[test]
fn it_says_to_systemd_when_it_is_ready_and_when_it_stops() {
    let (sandbox, db) = (Sandbox::new(), database());
    let path = sandbox.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let said = || {
        let mut text = [0; 100];
        let length = socket.recv(&mut text).unwrap();
        String::from_utf8(text[..length].to_vec()).unwrap()
    };
    let mut command = sandbox.command("serve --listen 127.0.0.1:0");
    command.env("FOREBAY_DATABASE_URL", &db.url).env("NOTIFY_SOCKET", &path);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(said().trim_end(), "READY=1");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(said().trim_end(), "STOPPING=1");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn options_of_the_worker_need_one() {
    let output = Sandbox::new().run("serve --concurrency 2");
    assert!(output.contains("exit code: 2") && output.contains("--work"), "{output}");
}
