//! Starts real programs, reads their output, and ends them.

use std::{
    io::Read,
    path::Path,
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use serde_json::json;

use super::*;
use crate::{Block, Reader, kinds::tests::settings};

fn shell(script: &str) -> Command {
    settings(json!({"argv": ["sh", "-c", script]}))
}

fn start(command: &Command) -> (Result<Output, Error>, Receiver<LogLine>) {
    let scope = Scope::parse(["semester=Spring 2026"]).unwrap();
    let context = RunContext { source: "courses", run_id: 7, scope: &scope };
    let (sender, lines) = channel();
    let log = Box::new(move |line| sender.send(line).unwrap());
    (command.start(&context, log), lines)
}

/// Everything that a program printed, the result of reading it, and its log.
fn run(command: &Command) -> (String, Result<(), Error>, Vec<LogLine>) {
    let (output, lines) = start(command);
    let mut output = output.unwrap();
    let mut text = Vec::new();
    let ended = output.read_to_end(&mut text).map(|_| ()).map_err(|error| error.downcast::<Error>().unwrap());
    // The log ends when no process can write to it any more.
    (String::from_utf8(text).unwrap(), ended, lines.iter().collect())
}

fn is_alive(pid: &str) -> bool {
    // A killed process that was not reaped yet is a zombie (Z), which counts as ended.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    Path::new(&format!("/proc/{pid}")).exists() && !stat.contains(") Z")
}

/// Waits until a process has ended.
fn gone(pid: &str) {
    let deadline = Instant::now() + Duration::from_mins(2);
    while is_alive(pid) {
        assert!(Instant::now() < deadline, "the process {pid} is still running");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_spider_is_read_like_a_file() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/command/spider.sh");
    // PATH stands in for a secret, because every test has it. It must not appear in the log.
    let spider: Command = settings(json!({"argv": ["sh", path], "env": {"TOKEN": {"env": "PATH"}}}));
    spider.check().unwrap();
    let (output, lines) = start(&spider);
    let mut reader = Reader::open(Box::new(output.unwrap()), &spider.read_options()).unwrap();
    let mut block = Block::default();
    let mut records = Vec::new();
    while reader.next_block(&mut block).unwrap() {
        records
            .extend(block.records.iter().map(|span| String::from_utf8(block.text(span).to_vec()).unwrap()));
    }
    assert_eq!(records, [r#"{"id": 1, "semester": "Spring 2026", "run": "7"}"#, r#"{"id": 2}"#]);
    assert_eq!(reader.ending().truncated, None);
    let lines: Vec<LogLine> = lines.iter().collect();
    let opened = "2026-01-02 03:04:05 [courses] INFO: Spider opened for courses in Spring 2026";
    assert_eq!(lines[0], LogLine { level: LogLevel::Info, message: opened.into() });
    assert_eq!(lines[1], LogLine { level: LogLevel::Error, message: "[courses] ERROR: token is ***".into() });
}

/// Cargo sets these for every test.
const INHERITED: &str = "CARGO_PKG_NAME=forebay-sources\n";
const SECRET: &str = "CARGO_PKG_DESCRIPTION";

#[test]
fn a_program_inherits_variables_that_are_no_secrets() {
    environment::keep_from_programs([SECRET.to_owned()]);
    let mut command = shell("env");
    command.env.insert("GIVEN".into(), EnvValue::Plain("x".into()));
    let (text, ended, _) = run(&command);
    ended.unwrap();
    for line in ["GIVEN=x\n", "FOREBAY_SCOPE_SEMESTER=Spring 2026\n", INHERITED] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains(SECRET), "{text}");
    let named = settings(json!({"argv": ["sh", "-c", "env"], "env": {SECRET: {"env": SECRET}}}));
    assert!(run(&named).0.contains(SECRET), "what the declaration names is passed on");
}

#[test]
fn only_exit_code_0_completes_the_output() {
    let (text, ended, lines) = run(&shell("echo '{}'; echo one >&2; echo two >&2; exit 3"));
    let error = ended.unwrap_err();
    assert_eq!((text.as_str(), error.code()), ("{}\n", "command_failed"));
    assert_eq!(error.to_string(), "the program \"sh\" ended with exit status: 3; it wrote: one | two");
    assert_eq!(lines.len(), 2);
    let (_, ended, _) = run(&shell("kill -9 $$"));
    assert!(ended.unwrap_err().to_string().contains("signal: 9"));

    // Read as records, a failed program is a truncated input.
    let command = shell("echo '{\"id\":1}'; exit 1");
    let mut reader = Reader::open(Box::new(start(&command).0.unwrap()), &command.read_options()).unwrap();
    let mut block = Block::default();
    assert!(reader.next_block(&mut block).unwrap());
    assert_eq!(reader.next_block(&mut block).unwrap_err().code(), "command_failed");
    assert!(reader.ending().truncated.is_some());
}

#[test]
fn codes_126_and_127_mean_that_the_program_did_not_run() {
    for (script, is_early) in [
        ("exit 1", true),
        ("exit 125", true),
        ("exit 126", false),
        ("no-such-program-here", false),
        ("kill $$", true),
    ] {
        let (_, ended, _) = run(&shell(script));
        assert_eq!(ended.unwrap_err().ends_input_early(), is_early, "{script}");
    }
}

#[test]
fn a_program_of_the_command_line_gets_the_same_environment() {
    environment::keep_from_programs([SECRET.to_owned()]);
    let scope = Scope::parse(["semester=Spring 2026"]).unwrap();
    let context = RunContext { source: "courses", run_id: 7, scope: &scope };
    let program = |argv: &[&str]| Program { argv: argv.iter().map(|&text| text.to_owned()).collect() };
    let mut output = program(&["env"]).start(&context).unwrap();
    let mut text = String::new();
    output.read_to_string(&mut text).unwrap();
    for line in ["FOREBAY_SOURCE=courses\n", "FOREBAY_SCOPE_SEMESTER=Spring 2026\n", INHERITED] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains(SECRET), "{text}");
    let code = |argv: &[&str]| program(argv).start(&context).unwrap_err().code();
    assert_eq!(code(&[]), "invalid_source_setting");
    assert_eq!(code(&["no-such-program-here"]), "command_not_started");
}

#[test]
fn a_timeout_kills_the_program_and_its_children() {
    let mut command = shell("sleep 1000 & echo $!; wait");
    // Long enough for the program to print its line on a loaded machine.
    command.timeout = Period::from_secs(10);
    let (text, ended, _) = run(&command);
    let error = ended.unwrap_err();
    assert_eq!(error.code(), "command_timeout");
    gone(text.trim());
}

#[test]
fn dropping_or_stopping_the_output_kills_the_whole_group() {
    let first_line = |output: &mut Output| {
        let mut line = Vec::new();
        let mut byte = [0];
        while output.read(&mut byte).unwrap() == 1 && byte[0] != b'\n' {
            line.push(byte[0]);
        }
        String::from_utf8(line).unwrap()
    };
    let command = shell("sleep 1000 & echo $!; yes '{}'");
    let mut output = start(&command).0.unwrap();
    let child = first_line(&mut output);
    assert!(is_alive(&child));
    drop(output);
    gone(&child);

    let mut output = start(&shell("sleep 1000 & echo $!; wait")).0.unwrap();
    let child = first_line(&mut output);
    let stopper = output.stopper();
    let stopping = std::thread::spawn(move || stopper.stop());
    let error = output.read_to_end(&mut Vec::new()).unwrap_err().downcast::<Error>().unwrap();
    assert_eq!(error.code(), "command_failed");
    stopping.join().unwrap();
    gone(&child);
    // Stopping again must do nothing: the process id may have been reused.
    output.stopper().stop();
    assert!(output.read(&mut [0]).is_err());
}

#[test]
fn child_processes_left_behind_do_not_block_the_reader() {
    // A child process keeps the pipe open after the program has exited.
    let (text, ended, _) = run(&shell("sleep 1000 & echo $!"));
    ended.unwrap();
    gone(text.trim());
}

#[test]
fn a_program_that_cannot_start_is_an_error() {
    let code = |command: &Command| start(command).0.unwrap_err().code();
    assert_eq!(code(&settings(json!({"argv": ["no-such-program-here"]}))), "command_not_started");
    assert_eq!(code(&settings(json!({"argv": ["sh"], "cwd": "/no/such/folder"}))), "command_not_started");
    assert_eq!(code(&settings(json!({"argv": []}))), "invalid_source_setting");
    assert_eq!(code(&settings(json!({"argv": ["a\u{0}"]}))), "invalid_source_setting");
    assert_eq!(code(&settings(json!({"argv": ["sh"], "env": {"A=B": "x"}}))), "invalid_source_setting");
    let unset = json!({"argv": ["sh"], "env": {"A": {"env": "FOREBAY_TEST_UNSET"}}});
    assert_eq!(code(&settings(unset)), "secret_missing");
    assert!(serde_json::from_value::<Command>(json!({"argv": "sh -c true"})).is_err());
}
