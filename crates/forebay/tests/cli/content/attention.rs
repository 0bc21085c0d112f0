//! What every command does about differences that need a person: conflicts, files that cannot be stored, held runs.

use std::fs;

use super::{edit, stage, synced};
use crate::{shown, stored::Stored};

/// Every command that writes a course, on one whose files have no faults.
const COMMANDS: [&str; 9] = [
    "content brief rust-basics",
    "content research rust-basics",
    "content curriculum approve rust-basics --by Ada",
    "content lesson rust-basics lessons/1.2-mover.md",
    "content lessons rust-basics",
    "content lessons rust-basics --from lesson.jsonl",
    "content validate rust-basics 1.2",
    "content voice rust-basics --score 0.5",
    "content generate rust-basics --command /bin/false",
];

/// A course in which both sides have changed a lesson.
pub(super) fn conflict() -> Stored {
    let stage = synced();
    in_database(&stage, |stage| edit_copy(stage, "lessons/1.1-borrowing.md", "lends", "rents"));
    edit(&stage, "lessons/1.1-borrowing.md", "lends", "gives");
    stage
}

/// Changes the database by way of another copy of the folder.
pub(super) fn in_database(stage: &Stored, change: impl FnOnce(&Stored)) {
    stage.json("content restore rust-basics copy");
    change(stage);
    stage.json("content sync copy --course rust-basics");
}

pub(super) fn edit_copy(stage: &Stored, path: &str, from: &str, to: &str) {
    let path = stage.sandbox.path().join("copy").join(path);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

/// The exit codes of all commands, and their output.
fn exits(stage: &Stored) -> Vec<(&'static str, Option<i32>, String)> {
    stage
        .write("lesson.jsonl", "{\"module\": 1, \"lesson\": 7, \"slug\": \"new\", \"text\": \"# New\\n\"}\n");
    COMMANDS
        .iter()
        .map(|line| {
            let output = stage.output(line);
            (*line, output.status.code(), shown(&output))
        })
        .collect()
}

#[test]
fn a_conflict_ends_every_command_with_1_and_is_named() {
    let stage = conflict();
    for (line, exit, text) in exits(&stage) {
        assert_eq!(exit, Some(1), "{line}: {text}");
        assert!(text.contains("lessons/1.1-borrowing.md: both_changed"), "{line}: {text}");
        assert!(text.contains("content sync DIR --keep folder"), "{line}: {text}");
    }
    insta::assert_snapshot!("content_lesson_conflict", stage.run(COMMANDS[3]));
    insta::assert_snapshot!("content_sync_conflict", stage.run("content sync rust-basics"));
    // In shadow mode, differences are only reported.
    for line in COMMANDS {
        let output = stage.command(line).env("CREATOR_OS_DB_PERSIST", "false").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}: {}", shown(&output));
    }
    let shadow = stage.output("content brief rust-basics --persist shadow");
    assert_eq!(shadow.status.code(), Some(0), "{}", shown(&shadow));
}

#[test]
fn a_file_that_cannot_be_stored_ends_every_command_with_1_and_is_named() {
    let stage = synced();
    fs::write(stage.sandbox.path().join("rust-basics/lessons/2.1-tipos.md"), b"# Caf\xe9\n").unwrap();
    for (line, exit, text) in exits(&stage) {
        assert_eq!(exit, Some(1), "{line}: {text}");
        assert_eq!(text.matches("error[not_utf8] lessons/2.1-tipos.md:1").count(), 1, "{line}: {text}");
    }
}

#[test]
fn a_held_run_ends_every_command_with_3() {
    let stage = stage();
    let path = |path: String| stage.sandbox.path().join("rust-basics").join(path);
    for number in 10..20 {
        let text = format!("---\nlesson_id: L{number}\n---\n\n# Lesson {number}\n");
        fs::write(path(format!("lessons/2.{number}-part.md")), text).unwrap();
    }
    stage.json("content sync rust-basics");
    // They are no lessons any more, so their references would be removed.
    for number in 10..20 {
        fs::rename(path(format!("lessons/2.{number}-part.md")), path(format!("resources/{number}.md")))
            .unwrap();
    }
    for lesson in ["1.1-borrowing", "2.1-tipos", "2.2-vida"] {
        fs::rename(path(format!("lessons/{lesson}.md")), path(format!("resources/{lesson}.md"))).unwrap();
    }
    for (line, exit, text) in exits(&stage) {
        // They are missing, so this one would fail to generate them.
        if line.contains("generate") {
            continue;
        }
        assert_eq!(exit, Some(3), "{line}: {text}");
        assert!(text.contains("held"), "{line}: {text}");
    }
    insta::assert_snapshot!("content_brief_held", stage.run(COMMANDS[0]));
    assert_eq!(stage.output("content sync rust-basics").status.code(), Some(3));
}

#[test]
fn a_dry_run_writes_nothing() {
    let stage = stage();
    let before =
        stage.value("(select count(*) from forebay.sources) + (select count(*) from forebay.content_pieces)");
    let document = stage.json("content sync rust-basics --dry-run");
    assert_eq!(document["actions"].as_array().unwrap().len(), 12, "{document:#}");
    let after =
        stage.value("(select count(*) from forebay.sources) + (select count(*) from forebay.content_pieces)");
    assert_eq!((before.as_str(), after.as_str()), ("0", "0"));
    assert!(!stage.sandbox.path().join("rust-basics/.forebay").exists());
}

#[test]
fn one_connection_is_enough_for_every_command() {
    let stage = stage();
    stage.write("forebay.toml", "[content]\npool_size = 1\n");
    for line in ["content sync rust-basics", "content verify rust-basics", "content restore rust-basics copy"]
        .into_iter()
        .chain(COMMANDS.into_iter().filter(|line| !line.contains("--from")))
        .chain(["content sync rust-basics", "content show rust-basics", "content tag rust-basics v1"])
        .chain(["content diff rust-basics", "content search valor", "content list"])
    {
        let output = stage.output(line);
        assert_eq!(output.status.code(), Some(0), "{line}: {}", shown(&output));
    }
}
