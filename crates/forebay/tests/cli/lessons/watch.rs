//! `content watch` beside a generator that knows nothing of Forebay.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::Stdio,
    thread,
    time::Duration,
};

use rustix::process::Signal;
use serde_json::Value;

use super::{Course, Running, until};
use crate::{database::database, json::schema_problems, shown};

const LESSONS: &str = "select count(*) from forebay.course_lessons";

#[test]
fn the_database_follows_a_generator_and_its_own_commands() {
    let db = database();
    let course = Course::new(&db.url, 2, 5);
    let running = Running::start(course.command("content watch course --output json"));
    until("the course is stored", || db.value("select count(*) from forebay.course_metadata") == "1");
    for (path, text) in course.expected() {
        course.write(&path, &text);
    }
    until("all lessons are stored", || db.value(LESSONS) == "10");
    // The folder is free for others between two looks, and they wait for their turn.
    let deadline = std::time::Instant::now() + Duration::from_secs(3);
    while std::time::Instant::now() < deadline {
        course.write("lessons/1.1-part-1.md", &format!("{}\n{deadline:?}\n", super::text(1, 1)));
        let (exit, synced) = course.json("content sync course");
        assert_eq!(exit, 0, "{synced:#}");
    }
    course.assert_clean();
    running.signal(Signal::INT);
    let output = running.output();
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in &events {
        assert_eq!(schema_problems("content watch", event), Vec::<String>::new(), "{event}");
    }
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names[..2], ["synced", "ready"], "{text}");
    assert_eq!(names.last(), Some(&"stopped"));
    let added = events.iter().filter_map(|event| event["sync"]["actions"].as_array()).flatten();
    assert_eq!(added.filter(|action| action["action"] == "add").count(), 17, "{text}");
}

#[test]
fn a_folder_that_is_emptied_ends_the_command_and_keeps_the_database() {
    let db = database();
    let course = Course::new(&db.url, 2, 5);
    for (path, text) in course.expected() {
        course.write(&path, &text);
    }
    let running = Running::start(course.command("content watch course"));
    until("all lessons are stored", || db.value(LESSONS) == "10");
    fs::rename(course.folder().join("lessons"), course.sandbox.path().join("aside")).unwrap();
    let output = running.output();
    let text = shown(&output);
    assert!(text.starts_with("exit code: 1") && text.contains("error[too_many_gone]"), "{text}");
    assert!(text.contains("hint: "), "{text}");
    assert_eq!(db.value(LESSONS), "10");
    let missing = course.command("content watch nowhere").stdin(Stdio::null()).output().unwrap();
    assert!(shown(&missing).starts_with("exit code: 2"), "{}", shown(&missing));
}

#[test]
fn what_happens_is_said() {
    let db = database();
    let course = Course::new(&db.url, 1, 3);
    course.sandbox.configure("[content]\nlock_timeout = \"200ms\"\n");
    // Another process has opened the course.
    let mut holder = course.command("content serve-stdio");
    let mut holder = holder.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let open =
        "{\"id\": 1, \"method\": \"open\", \"params\": {\"folder\": \"course\", \"persist\": \"off\"}}\n";
    holder.stdin.as_mut().unwrap().write_all(open.as_bytes()).unwrap();
    BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut String::new()).unwrap();
    let running = Running::start(course.command("content watch course"));
    // Each look waits ten seconds for the folder.
    thread::sleep(Duration::from_secs(12));
    assert_eq!(db.value("select count(*) from forebay.course_metadata"), "0");
    drop(holder.stdin.take());
    holder.wait().unwrap();
    until("the course is stored", || db.value("select count(*) from forebay.course_metadata") == "1");

    // Another session has locked a table.
    let late = course.folder().join("lessons/1.9-late.md");
    let writer = thread::spawn(move || {
        thread::sleep(Duration::from_secs(1));
        fs::create_dir_all(late.parent().unwrap()).unwrap();
        fs::write(late, "---\nlesson_id: late\n---\n# Late\n").unwrap();
    });
    db.execute(
        "begin; lock table forebay.course_lessons in access exclusive mode; select pg_sleep(4); commit",
    );
    writer.join().unwrap();
    until("the lesson is stored", || db.value(LESSONS) == "1");
    running.signal(Signal::INT);
    let output = running.output();
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for part in [
        "waiting: another process is working on the folder",
        "watching; Ctrl-C stops",
        "the comparison is tried again (database_timeout)",
        "add     lessons/1.9-late.md",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn with_persistence_off_only_a_folder_that_disappears_is_reported() {
    let course = Course::new("postgresql://nobody@127.0.0.1:1/none", 1, 1);
    let running = Running::start(course.command("content watch course --persist off --rescan-every 200ms"));
    thread::sleep(Duration::from_secs(1));
    fs::rename(course.folder(), course.sandbox.path().join("aside")).unwrap();
    let output = running.output();
    let text = shown(&output);
    assert!(text.starts_with("exit code: 2") && text.contains("content_folder_missing"), "{text}");
    assert!(text.contains("persistence is off, so the database is not written"), "{text}");
}

#[test]
fn an_error_is_the_last_line() {
    let db = database();
    let course = Course::new(&db.url, 1, 1);
    let running = Running::start(course.command("content watch course --output json --rescan-every 200ms"));
    until("the course is stored", || db.value("select count(*) from forebay.course_metadata") == "1");
    fs::rename(course.folder(), course.sandbox.path().join("aside")).unwrap();
    let output = running.output();
    let last: Value =
        serde_json::from_str(String::from_utf8_lossy(&output.stdout).lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["error"]["code"]), (&"error".into(), &"content_folder_missing".into()));
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
}

#[test]
fn it_ends_when_nobody_reads_its_events() {
    let db = database();
    let course = Course::new(&db.url, 1, 1);
    let mut command = course.command("content watch course --output json");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut events = BufReader::new(child.stdout.take().unwrap());
    events.read_line(&mut String::new()).unwrap();
    drop(events);
    let mut number = 0;
    until("it ends", || {
        number += 1;
        course.write("lessons/1.1-a.md", &format!("---\nlesson_id: a\n---\n# Text {number}\n"));
        thread::sleep(Duration::from_millis(300));
        child.try_wait().unwrap().is_some()
    });
}
