//! `content watch` beside a generator that knows nothing of Forebay.

use std::{fs, process::Stdio};

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
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(3);
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
