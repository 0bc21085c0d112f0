//! Producers that die: as programs that `persist` runs, and as the left side of a pipe. Real processes, really killed.

use std::{
    fs,
    process::{Child, Command, Output, Stdio},
    thread,
    time::Instant,
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

use crate::{
    Sandbox,
    database::{TestDb, database},
    shown,
    site::{PATIENCE, POLL},
};

const COMPLETE: &str = "persist --source courses --key id --complete --output json";
/// Prints this many records, from 1 on.
const RECORDS: &str = "for id in $(seq $NUM); do echo \"{\\\"id\\\": $id}\"; done\n";
const END: &str =
    "echo '{\"$forebay\":{\"end\":{\"complete\":true,\"reason\":\"finished\",\"num_errors\":0}}}'\n";
/// Says which process it is, and waits to be killed.
const WAIT: &str = "echo $$ > pid.new; mv pid.new pid; exec sleep 600\n";

struct World {
    sandbox: Sandbox,
    db: TestDb,
}

impl World {
    /// A source with 42 active references. `end` is an end line, or nothing.
    fn new(end: &str) -> Self {
        let world = Self { sandbox: Sandbox::new(), db: database() };
        let output = world.produce(COMPLETE, &format!("{RECORDS}{end}"), 42);
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
        world
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.sandbox.command(line);
        command.env("FOREBAY_DATABASE_URL", &self.db.url).env("PATH", "/usr/bin:/bin");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn script(&self, script: &str) {
        fs::write(self.sandbox.path().join("producer.sh"), script).unwrap();
    }

    /// Starts the program with a script as its producer.
    fn start(&self, line: &str, script: &str, num: usize) -> Child {
        self.script(script);
        self.command(&format!("{line} -- sh producer.sh")).env("NUM", num.to_string()).spawn().unwrap()
    }

    fn produce(&self, line: &str, script: &str, num: usize) -> Output {
        self.start(line, script, num).wait_with_output().unwrap()
    }

    /// Waits until a script says which process it is.
    fn pid(&self) -> Pid {
        let file = self.sandbox.path().join("pid");
        let deadline = Instant::now() + PATIENCE;
        while !file.exists() {
            assert!(Instant::now() < deadline, "the producer does not start");
            thread::sleep(POLL);
        }
        let pid = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        fs::remove_file(&file).unwrap();
        Pid::from_raw(pid).unwrap()
    }

    fn num_active(&self) -> String {
        self.db.value("select count(*) from forebay.\"references\" where removed_at is null")
    }

    /// The last run: its status and reason.
    fn last(&self) -> String {
        self.db.value(
            "select concat_ws(' ', status, reason_code) from forebay.scrape_runs order by run_id desc limit 1",
        )
    }
}

/// The only run of a command that ended with this code.
fn run(output: &Output, code: i32) -> Value {
    assert_eq!(output.status.code(), Some(code), "{}", shown(output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["runs"][0].clone()
}

#[test]
fn a_producer_that_is_killed_removes_nothing() {
    let world = World::new("");
    let working = world.start(COMPLETE, &format!("{RECORDS}{WAIT}"), 12);
    kill_process(world.pid(), Signal::KILL).unwrap();
    let killed = run(&working.wait_with_output().unwrap(), 6);
    assert_eq!((&killed["status"], &killed["num_seen"]), (&"partial".into(), &12.into()), "{killed}");
    assert_eq!(killed["reason_code"], "command_failed");
    assert!(killed["message"].as_str().unwrap().contains("signal: 9"), "{killed}");
    assert_eq!(world.num_active(), "42");
}

#[test]
fn the_exit_code_of_a_producer_decides() {
    let world = World::new("");
    for (script, num, status, code) in [
        (format!("{RECORDS}exit 3"), 12, "partial command_failed", 6),
        ("exit 3".to_owned(), 0, "partial command_failed", 6),
        (format!("{RECORDS}exit 126"), 12, "failed command_failed", 1),
        (format!("{RECORDS}no-such-program"), 12, "failed command_failed", 1),
        (format!("{RECORDS}printf '{{\"id\": 4'"), 41, "partial truncated_input", 6),
    ] {
        let output = world.produce(COMPLETE, &script, num);
        assert_eq!((output.status.code(), world.last().as_str()), (Some(code), status), "{}", shown(&output));
        assert_eq!(world.num_active(), "42", "{script}");
    }
    let whole = run(&world.produce(COMPLETE, RECORDS, 40), 0);
    assert_eq!(whole["num_removed"], 2);
    let missing = world.command(&format!("{COMPLETE} -- no-such-program")).output().unwrap();
    assert_eq!(missing.status.code(), Some(1), "{}", shown(&missing));
    assert_eq!(world.last(), "failed command_not_started");
}

#[test]
fn a_pipe_whose_left_side_is_killed_is_noticed_by_its_missing_end_line() {
    let world = World::new(END);
    world.script(&format!("{RECORDS}{WAIT}"));
    let mut left = Command::new("sh");
    left.arg("producer.sh").current_dir(world.sandbox.path()).env("NUM", "12").stdout(Stdio::piped());
    let mut left = left.spawn().unwrap();
    let mut right = world.command(&format!("{COMPLETE} -"));
    let right = right.stdin(left.stdout.take().unwrap()).spawn().unwrap();
    kill_process(world.pid(), Signal::KILL).unwrap();
    let cut = run(&right.wait_with_output().unwrap(), 6);
    assert!(left.wait().unwrap().code().is_none(), "it was killed");
    assert_eq!((&cut["status"], &cut["reason_code"]), (&"partial".into(), &"end_line_missing".into()));
    assert_eq!((&cut["num_seen"], world.num_active().as_str()), (&12.into(), "42"));
}

#[test]
fn a_spider_with_errors_says_so_although_it_exits_with_0() {
    let world = World::new(END);
    let errors = END.replace("\"num_errors\":0", "\"num_errors\":1");
    let output = run(&world.produce(COMPLETE, &format!("{RECORDS}{errors}"), 12), 6);
    assert_eq!((&output["reason_code"], world.num_active().as_str()), (&"producer_errors".into(), "42"));
    let twice = world.produce(COMPLETE, &format!("{RECORDS}{END}{RECORDS}"), 12);
    assert_eq!((twice.status.code(), world.last().as_str()), (Some(1), "failed record_after_end"));
}

#[test]
fn stopping_persist_ends_its_producer_and_its_run() {
    let world = World::new("");
    for signal in [Signal::TERM, Signal::INT] {
        let working = world.start(COMPLETE, &format!("{RECORDS}{WAIT}"), 12);
        let producer = world.pid();
        kill_process(Pid::from_child(&working), signal).unwrap();
        let output = working.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", shown(&output));
        let deadline = Instant::now() + PATIENCE;
        while test_kill_process(producer).is_ok() {
            assert!(Instant::now() < deadline, "the producer goes on");
            thread::sleep(POLL);
        }
        assert_eq!((world.last().as_str(), world.num_active().as_str()), ("aborted interrupted", "42"));
    }
}

#[test]
fn a_scheduled_program_that_fails_is_partial() {
    let world = World::new("");
    world.script("echo '{\"id\": 1}'; exit 3");
    let config = "[sources.spider]\nkey = \"id\"\nschedule = \"every 1d\"\n\
                  command = { argv = [\"sh\", \"producer.sh\"] }\n";
    world.sandbox.configure(config);
    let drain = || world.command("work --drain --output json").output().unwrap();
    drain();
    world.db.execute("update forebay.source_schedules set next_due_at = now() - interval '1 second'");
    let output = drain();
    assert_eq!(output.status.code(), Some(6), "{}", shown(&output));
    let report: Value = serde_json::from_slice(crate::database::last_line(&output.stdout)).unwrap();
    assert_eq!(
        (&report["schedules"]["num_partial"], &report["schedules"]["num_failed"]),
        (&1.into(), &0.into())
    );
    assert_eq!(world.last(), "partial command_failed");
}

#[test]
fn the_source_shows_that_it_sends_end_lines() {
    for (end, expected) in [("", false), (END, true)] {
        let world = World::new(end);
        let shown = world.command("sources show courses --output json").output().unwrap();
        let source: Value = serde_json::from_slice(&shown.stdout).unwrap();
        assert_eq!(source["sends_end_line"], expected);
        let text = String::from_utf8(world.command("sources show courses").output().unwrap().stdout).unwrap();
        assert_eq!(text.contains("An input of it has had an end line"), expected, "{text}");
    }
}

#[test]
fn a_producer_gets_the_environment_without_the_databases() {
    let world = World::new("");
    let line = "echo \"{\\\"id\\\": \\\"$FOREBAY_SOURCE $FOREBAY_SCOPE_TERM $NUM <$DATABASE_URL$FOREBAY_DATABASE_URL>\\\"}\"";
    world.script(&format!("{line}\necho to standard error >&2"));
    let mut command = world.command("persist --source env --key id --scope term=spring -- sh producer.sh");
    let output = command.env("NUM", "7").env("DATABASE_URL", "postgres://hush@x/y").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    assert!(String::from_utf8_lossy(&output.stderr).contains("to standard error\n"), "{}", shown(&output));
    let key = "select record_key from forebay.\"references\" join forebay.sources using (source_id) where name = 'env'";
    assert_eq!(world.db.value(key), "env spring 7 <>");
}

#[test]
fn runs_that_look_like_mistakes_warn() {
    let world = World::new("");
    let warnings = |line: &str, script: &str, num| {
        let output = world.produce(line, script, num);
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(warnings(COMPLETE, RECORDS, 42), "");
    let incremental = warnings("persist --source courses", RECORDS, 42);
    assert!(incremental.contains("earlier runs of this scope were complete"), "{incremental}");
    let nothing = warnings("persist --source new --key id", "true", 0);
    assert!(nothing.contains("the first run of this source read no records"), "{nothing}");
    assert_eq!(warnings("persist --source new", "true", 0), "", "only the first run warns");
}
