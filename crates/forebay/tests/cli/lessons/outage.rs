//! The database stops in the middle, and comes back.

use rustix::process::Signal;
use serde_json::Value;

use super::{Course, Running, answer, until};
use crate::{server::Server, shown};

#[test]
fn generation_completes_and_a_sync_repairs_the_database() {
    let server = Server::start();
    let course = Course::new(&server.url, 5, 12);
    assert_eq!(course.json("db up").0, 0);
    let mut command = course.generate("--jobs 2");
    command.env("DELAY", "0.05");
    let running = Running::start(command);
    until("some lessons are there", || course.lessons().len() >= 8);
    server.stop();
    let output = running.output();
    let (exit, report) = answer(&output);
    assert_eq!((exit, &report["num_generated"]), (0, &60.into()), "{}", shown(&output));
    assert!(report["database"]["error"]["code"].is_string(), "{report:#}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("warning: ") && stderr.contains("forebay content sync course"), "{stderr}");
    assert_eq!(course.lessons(), course.expected());

    server.restart();
    let (exit, verified) = course.json("content verify course");
    assert_eq!(exit, 1);
    let differences = verified["differences"].as_array().unwrap();
    assert!(differences.iter().all(|one| one["difference"] == "missing_in_database"), "{verified:#}");
    let num_equal = verified["num_equal"].as_u64().unwrap();
    assert_eq!(num_equal + differences.len() as u64, 67, "{verified:#}");
    assert!(differences.len() >= 40, "the database stopped too late: {num_equal}");
    let (exit, synced) = course.json("content sync course");
    assert_eq!((exit, synced["actions"].as_array().unwrap().len()), (0, differences.len()), "{synced:#}");
    course.assert_clean();
}

#[test]
fn watching_goes_on_and_catches_up() {
    let server = Server::start();
    let course = Course::new(&server.url, 1, 3);
    assert_eq!(course.json("db up").0, 0);
    let running = Running::start(course.command("content watch course --rescan-every 1s --output json"));
    until("the course is stored", || course.json("content verify course").0 == 0);
    server.stop();
    course.write("lessons/1.1-new.md", "---\nlesson_id: N\n---\n# New\n");
    // The event of the outage cannot be seen from here; it is in the output below.
    std::thread::sleep(std::time::Duration::from_secs(3));
    server.restart();
    until("the lesson is stored", || course.json("content verify course").0 == 0);
    running.signal(Signal::TERM);
    let output = running.output();
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!(count("database_unreachable"), count("database_reachable"), "{text}");
    assert!(count("database_unreachable") >= 1, "{text}");
    assert_eq!(events.last().unwrap()["event"], "stopped");
}

#[test]
fn an_outage_is_said_once_and_so_is_its_end() {
    let server = Server::start();
    let course = Course::new(&server.url, 1, 3);
    assert_eq!(course.json("db up").0, 0);
    let running = Running::start(course.command("content watch course --rescan-every 1s"));
    until("the course is stored", || course.json("content verify course").0 == 0);
    server.stop();
    std::thread::sleep(std::time::Duration::from_secs(4));
    server.restart();
    course.write("lessons/1.1-new.md", "---\nlesson_id: N\n---\n# New\n");
    until("the lesson is stored", || course.json("content verify course").0 == 0);
    running.signal(Signal::TERM);
    let text = shown(&running.output());
    let said = |part: &str| text.matches(part).count();
    assert_eq!(said("the database cannot be reached, and is tried again ("), 1, "{text}");
    assert_eq!(said("the database is back"), 1, "{text}");
}
