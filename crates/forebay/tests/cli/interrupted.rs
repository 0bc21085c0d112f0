//! Ctrl-C and SIGTERM: running work is closed, and nothing is left behind.

use std::{
    fs,
    process::{Child, Output, Stdio},
    thread,
    time::Instant,
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};

use crate::site::{PATIENCE, POLL, World};

/// The running program.
struct Working(Child);

impl Working {
    fn start(world: &World, line: &str) -> Self {
        let mut command = world.sandbox.command(&format!("{line} --output json"));
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
fn a_run_that_takes_too_long_keeps_what_it_read() {
    let world = World::new();
    let script = "n=0; while :; do n=$((n+1)); echo '{\\\"id\\\": '$n'}'; sleep 0.01; done";
    world.write(&format!(
        "[sources.endless]\nkey = \"id\"\ncomplete = true\nmax_duration = \"2s\"\n\
         [sources.endless.command]\nargv = [\"sh\", \"-c\", \"{script}\"]\nformat = \"jsonl\"\n"
    ));
    let (exit, document) = world.json("scrape endless");
    let run = &document["runs"][0];
    assert_eq!(
        (exit, &run["status"], &run["reason_code"]),
        (6, &json!("partial"), &json!("max_duration")),
        "{run}"
    );
    assert!(run["num_added"].as_u64().unwrap() > 0, "{run}");
    assert!(run["message"].as_str().unwrap().contains("after 2"), "{run}");
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
