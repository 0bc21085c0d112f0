//! Ctrl-C and SIGTERM: running work is closed, and nothing is left behind.

use std::{
    fs,
    io::Write,
    net::{SocketAddr, TcpListener},
    process::{Child, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};

use crate::site::{PATIENCE, POLL, World};

/// The running program.
struct Working(Child);

impl Working {
    fn start(world: &World, line: &str) -> Self {
        // The arguments of a program come last.
        let line = match line.split_once(" -- ") {
            Some((line, program)) => format!("{line} --output json -- {program}"),
            None => format!("{line} --output json"),
        };
        let mut command = world.sandbox.command(&line);
        command.env("FOREBAY_DATABASE_URL", &world.db.url).env("PATH", "/usr/bin:/bin");
        Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    fn interrupt(self, signal: Signal) -> Output {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
        self.ended()
    }

    fn ended(mut self) -> Output {
        let deadline = Instant::now() + PATIENCE;
        while self.0.try_wait().unwrap().is_none() {
            if Instant::now() >= deadline {
                self.0.kill().unwrap();
                panic!("the program does not stop: {}", crate::shown(&self.0.wait_with_output().unwrap()));
            }
            thread::sleep(POLL);
        }
        self.0.wait_with_output().unwrap()
    }
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", crate::shown(output)))
}

const RUNS: &str = "select string_agg(status || ' ' || coalesce(reason_code, ''), ', ' order by run_id) \
     from forebay.scrape_runs";

#[test]
fn a_scrape_that_is_stopped_ends_its_program_and_its_run() {
    let world = World::new();
    let script = "echo '{\\\"id\\\": 1}'; echo $$ > pid.new; mv pid.new pid; sleep 600";
    world.write(&format!(
        "[sources.spider]\nkey = \"id\"\n[sources.spider.command]\nargv = [\"sh\", \"-c\", \"{script}\"]\n"
    ));
    for signal in [Signal::TERM, Signal::INT] {
        let working = Working::start(&world, "scrape");
        let pid_file = world.sandbox.path().join("pid");
        let deadline = Instant::now() + PATIENCE;
        while !pid_file.exists() {
            assert!(Instant::now() < deadline, "the spider does not start");
            thread::sleep(POLL);
        }
        let spider: i32 = fs::read_to_string(&pid_file).unwrap().trim().parse().unwrap();
        fs::remove_file(&pid_file).unwrap();
        let output = working.interrupt(signal);
        assert_eq!(output.status.code(), Some(130), "{}", crate::shown(&output));
        assert_eq!(document(&output)["errors"][0]["error"]["code"], "interrupted");
        let spider = Pid::from_raw(spider).unwrap();
        while test_kill_process(spider).is_ok() {
            assert!(Instant::now() < deadline, "the spider goes on");
            thread::sleep(POLL);
        }
    }
    assert_eq!(world.db.value(RUNS), "aborted interrupted, aborted interrupted");
}

#[test]
fn an_ensure_that_is_stopped_gives_its_attempt_back() {
    let world = World::new();
    world.site.hold(true);
    let working = Working::start(&world, "ensure course");
    // Its request is in flight and gets no response.
    let deadline = Instant::now() + PATIENCE;
    while world.site.num_asked() == 0 {
        assert!(Instant::now() < deadline, "the site is not asked");
        thread::sleep(POLL);
    }
    let output = working.interrupt(Signal::INT);
    assert_eq!(output.status.code(), Some(130), "{}", crate::shown(&output));
    assert_eq!(document(&output)["error"]["code"], "interrupted");
    assert_eq!(world.db.value(RUNS), "aborted interrupted");
    assert_eq!(world.db.value("select lease_until <= now() from forebay.sync_metadata"), "true");
    world.site.hold(false);
    let next = world.done("ensure course");
    assert_eq!((&next["answered_from"], &next["num_records"]), (&json!("scrape"), &json!(3)), "{next}");
}

#[test]
fn a_server_for_ai_tools_that_is_stopped_gives_its_attempt_back() {
    let world = World::new();
    world.site.hold(true);
    let message = |message: Value| format!("{message}\n");
    let messages = [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
            "name": "ensure_data", "arguments": { "entity": "course" } } }),
    ];
    let mut command = world.sandbox.command("mcp --allow-scrape");
    command.env("FOREBAY_DATABASE_URL", &world.db.url).env("PATH", "/usr/bin:/bin");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut working = Working(command.spawn().unwrap());
    // The client stays, and waits for its answer.
    let mut client = working.0.stdin.take().unwrap();
    client.write_all(messages.map(message).concat().as_bytes()).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while world.site.num_asked() == 0 {
        assert!(Instant::now() < deadline, "the site is not asked");
        thread::sleep(POLL);
    }
    let asked = Instant::now();
    let output = working.interrupt(Signal::TERM);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert_eq!(output.status.code(), Some(130), "{}", crate::shown(&output));
    assert_eq!(world.db.value(RUNS), "aborted interrupted");
    assert_eq!(world.db.value("select lease_until <= now() from forebay.sync_metadata"), "true");
    let answers = String::from_utf8(output.stdout).unwrap();
    let answer: Value = serde_json::from_str(answers.lines().last().unwrap()).unwrap();
    let ensured = &answer["result"]["structuredContent"]["ensured"];
    assert_eq!((&answer["id"], &ensured["error"]["code"]), (&json!(2), &json!("interrupted")), "{answers}");
    world.site.hold(false);
    assert_eq!(world.done("ensure course")["answered_from"], "scrape");
}

/// Starts a command, waits until `is_under_way`, stops it with SIGTERM, and checks that it ends soon and leaves nothing
/// locked. Returns how long that took.
fn stopped_soon(world: &World, name: &str, line: &str, is_under_way: impl Fn() -> bool) -> Duration {
    let mut working = Working::start(world, line);
    let deadline = Instant::now() + PATIENCE;
    while !is_under_way() {
        assert!(Instant::now() < deadline, "{name}: nothing happens");
        let ended = working.0.try_wait().unwrap();
        assert!(ended.is_none(), "{name} ended: {}", crate::shown(&working.0.wait_with_output().unwrap()));
        thread::sleep(POLL);
    }
    // In the middle of it, whatever it is.
    thread::sleep(Duration::from_millis(300));
    let asked = Instant::now();
    let output = working.interrupt(Signal::TERM);
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(5), "{name} took {took:?}: {}", crate::shown(&output));
    assert_eq!(output.status.code(), Some(130), "{name}: {}", crate::shown(&output));
    let open = "select count(*) from forebay.scrape_runs where status = 'running'";
    assert_eq!(world.db.value(open), "0", "{name}");
    let probing =
        "select count(*) from forebay.circuit_breaker_state, unnest(probe_leases) lease where lease > now()";
    assert_eq!(world.db.value(probing), "0", "{name}");
    let leased = "select count(*) from forebay.sync_metadata where lease_until > now()";
    assert_eq!(world.db.value(leased), "0", "{name}");
    let held = "select count(*) from forebay.scope_leases as l where forebay_private.is_held(l)";
    world.wait_for(held, "0");
    took
}

#[test]
fn hostile_pages_are_stopped_within_seconds() {
    let world = World::new();
    let fetch = "allow_private = true\nrate = \"unlimited\"\nmax_body = \"128MiB\"\ntimeout = \"5m\"\n";
    let count = 300_000;
    let items = numbered(count, |number| format!("{{\"id\":{number}}},"));
    let entries = numbered(count, |number| format!("<item><guid>{number}</guid></item>"));
    let deep = format!("<html><body>{}", "<div class=a><p class=b><b>x</b></p></div>".repeat(200_000));
    let pages = [
        ("items", "http_json", format!("[{items}{{\"id\":-1}}]"), ""),
        ("entries", "feed", format!("<rss><channel>{entries}</channel></rss>"), ""),
        (
            "deep",
            "html",
            deep,
            "items = \"div:has(p b) ~ div:not(:has(div.a)) :nth-child(2n+1 of .b)\"\nfields = { id = \"b\" }\n",
        ),
    ];
    for (name, kind, text, more) in &pages {
        world.site.answer(&format!("/{name}"), 200, text);
        world.write(&format!(
            "[sources.{name}]\nkey = \"id\"\nentity = \"course\"\n[sources.{name}.fetch]\n{fetch}robots = \"ignore\"\n\
             [sources.{name}.{kind}]\nurl = \"{}/{name}\"\n{more}",
            world.site.url
        ));
        let before = world.site.num_asked();
        let line = format!("scrape {name} --no-handoff");
        let took = stopped_soon(&world, name, &line, || world.site.num_asked() > before);
        println!("{name}: {took:?}");
    }

    // A long URL is compared with many patterns. That has a budget, so it ends by itself.
    let long = "a".repeat(2_000);
    let rule = format!("Disallow: *{}b\n", "a".repeat(40));
    let rules = format!("User-agent: *\n{}", rule.repeat((500 << 10) / rule.len()));
    world.site.answer("/robots.txt", 200, &rules);
    world.site.answer(&format!("/{long}"), 200, "[]");
    world.write(&format!(
        "[sources.robots]\nkey = \"id\"\n[sources.robots.fetch]\n{fetch}[sources.robots.http_json]\nurl = \"{}/{long}\"\n",
        world.site.url
    ));
    let started = Instant::now();
    let (_, document) = world.json("scrape robots");
    println!("robots: ended after {} ms", started.elapsed().as_millis());
    assert!(started.elapsed() < Duration::from_secs(5), "{document}");
    assert!(document.to_string().contains("robots_too_complex"), "{document}");

    let running = "select count(*) from forebay.scrape_runs where status = 'running'";
    // The body never arrives; the same as a file.
    let slow = silent_server();
    for (name, kind) in [("slow_page", "http_json"), ("slow_file", "file")] {
        world.write(&format!(
            "[sources.{name}]\nkey = \"id\"\n[sources.{name}.fetch]\n{fetch}robots = \"ignore\"\n[sources.{name}.{kind}]\n\
             url = \"http://{slow}/\"\n"
        ));
        let took = stopped_soon(&world, name, &format!("scrape {name}"), || world.db.value(running) == "1");
        println!("{name}: {took:?}");
    }
}

#[test]
fn hostile_files_are_stopped_within_seconds() {
    let world = World::new();
    let folder = world.sandbox.path();
    let lines = numbered(400_000, |number| format!("{{\"id\":{number}}},"));
    fs::write(folder.join("array.json"), format!("[{lines}{{\"id\":-1}}]")).unwrap();
    let deep = format!("{{\"id\":1,\"a\":{}1{}}}\n", "[".repeat(60), "]".repeat(60));
    fs::write(folder.join("deep.jsonl"), deep.repeat(400_000)).unwrap();
    let running = "select count(*) from forebay.scrape_runs where status = 'running'";
    for name in ["array.json", "deep.jsonl"] {
        let source = name.split('.').next().unwrap();
        let line = format!("persist {name} --source {source} --key id --no-handoff");
        let took = stopped_soon(&world, name, &line, || world.db.value(running) == "1");
        println!("{name}: {took:?}");
    }
    let line = "persist --source silent --key id -- sleep 600";
    stopped_soon(&world, "a silent program", line, || world.db.value(running) == "1");
}

fn numbered(count: usize, unit: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |text, number| text + &unit(number))
}

/// The address of a server that sends the start of a body and then nothing.
fn silent_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut open = Vec::new();
        for mut connection in listener.incoming().map_while(Result::ok) {
            connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n[{\"id\":1},").unwrap();
            open.push(connection);
        }
    });
    address
}

#[test]
fn a_run_that_takes_too_long_keeps_what_it_read() {
    let world = World::new();
    let script = "n=0; while :; do n=$((n+1)); echo '{\"id\": '$n'}'; sleep 0.01; done";
    fs::write(world.sandbox.path().join("endless.sh"), script).unwrap();
    let configure = |max_duration: &str| {
        world.write(&format!(
            "[sources.endless]\nkey = \"id\"\ncomplete = true\n{max_duration}\n\
             [sources.endless.command]\nargv = [\"sh\", \"endless.sh\"]\nformat = \"jsonl\"\n"
        ));
    };
    for (settings, line) in [
        ("max_duration = \"2s\"", "scrape endless"),
        ("max_duration = \"1h\"", "scrape endless --max-duration 2s"),
        ("max_duration = \"2s\"", "persist --source endless --output json -- sh endless.sh"),
        ("", "persist --source endless --max-duration 2s --output json -- sh endless.sh"),
    ] {
        configure(settings);
        let (exit, document) = world.json(line);
        let run = &document["runs"][0];
        assert_eq!(
            (exit, &run["status"], &run["reason_code"]),
            (6, &json!("partial"), &json!("max_duration")),
            "{line}: {document}"
        );
        assert!(run["num_seen"].as_u64().unwrap() > 0, "{line}: {run}");
        assert!(run["message"].as_str().unwrap().contains("after 2"), "{line}: {run}");
    }
}

#[test]
fn a_source_without_a_kind_has_a_longest_duration_too() {
    let world = World::new();
    let endless = "key = \"id\"\nmax_duration = \"1s\"\n";
    let kind = "[sources.scraped.command]\nargv = [\"true\"]\n";
    world.write(&format!("[sources.given]\n{endless}[sources.scraped]\n{endless}{kind}"));
    let script = "n=0; while :; do n=$((n+1)); echo '{\"id\": '$n'}'; sleep 0.01; done";
    std::fs::write(world.sandbox.path().join("endless.sh"), script).unwrap();
    for source in ["given", "scraped"] {
        let line = format!("persist --source {source} --output json -- sh endless.sh");
        let mut command = world.sandbox.command(&line);
        command.env("FOREBAY_DATABASE_URL", &world.db.url).env("PATH", "/usr/bin:/bin");
        let output = Working(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()).ended();
        let run = &document(&output)["runs"][0];
        assert_eq!(
            (output.status.code(), &run["reason_code"]),
            (Some(6), &json!("max_duration")),
            "{source}: {}",
            crate::shown(&output)
        );
    }
}
