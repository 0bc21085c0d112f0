//! `content sync --keep`: a person decides which side wins.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::attention::{conflict, edit_copy, in_database};
use crate::{content::synced, stored::Stored};

fn text(stage: &Stored, path: &str) -> String {
    fs::read_to_string(stage.sandbox.path().join("rust-basics").join(path)).unwrap()
}

#[test]
fn the_folder_wins() {
    let stage = conflict();
    // The decision is about the version that a sync has reported.
    assert_eq!(stage.run("content sync rust-basics").lines().next(), Some("exit code: 1"));
    insta::assert_snapshot!("content_keep_folder", stage.run("content sync rust-basics --keep folder"));
    assert_eq!(stage.run("content verify rust-basics").lines().next(), Some("exit code: 0"));
    let stored = "content like '%gives values%' from forebay.course_lessons where lesson_id = 'borrowing'";
    assert_eq!(stage.value(stored), "true");
}

#[test]
fn the_database_wins() {
    let stage = conflict();
    let preview = stage.json("content sync rust-basics --keep database --dry-run");
    assert_eq!((&preview["conflicts"], &preview["folder_changes"][0]["kept_as"]), (&json!([]), &json!(null)));
    assert!(text(&stage, "lessons/1.1-borrowing.md").contains("gives values"));
    // As a shell completes it.
    let decided = stage.json("content sync rust-basics rust-basics/lessons/1.1-borrowing.md --keep database");
    let change = &decided["folder_changes"][0];
    assert_eq!((&change["path"], &change["change"]), (&json!("lessons/1.1-borrowing.md"), &json!("written")));
    assert!(text(&stage, "lessons/1.1-borrowing.md").contains("rents values"));
    assert!(text(&stage, change["kept_as"].as_str().unwrap()).contains("gives values"));
    insta::assert_snapshot!("content_keep_nothing", stage.run("content sync rust-basics --keep database"));
    let again = "content sync rust-basics --keep folder lessons/1.1-borrowing.md";
    insta::assert_snapshot!("content_keep_no_conflict", stage.run(again));
    insta::assert_snapshot!(
        "content_keep_no_side",
        stage.run("content sync rust-basics lessons/1.1-borrowing.md")
    );
    assert_eq!(stage.error("content sync rust-basics --keep folder ../x"), (Some(2), "unsafe_path".into()));
}

#[test]
fn a_change_that_only_the_database_has_is_taken() {
    let stage = synced();
    in_database(&stage, |stage| {
        edit_copy(stage, "lessons/2.1-tipos.md", "Un tipo", "Cada tipo");
        fs::remove_file(stage.sandbox.path().join("copy/resources/notes.txt")).unwrap();
    });
    insta::assert_snapshot!("content_sync_database_changed", stage.run("content sync rust-basics"));
    insta::assert_snapshot!("content_keep_database", stage.run("content sync rust-basics --keep database"));
    assert!(text(&stage, "lessons/2.1-tipos.md").contains("Cada tipo"));
    let removed = stage.json("content sync rust-basics --keep database resources/notes.txt");
    assert_eq!(
        removed["folder_changes"],
        json!([{ "path": "resources/notes.txt", "change": "removed", "kept_as": null }])
    );
    assert!(!stage.sandbox.path().join("rust-basics/resources/notes.txt").exists());
}

/// All files of the course folder, also hidden ones, that contain a text.
fn files_with(stage: &Stored, marker: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![stage.sandbox.path().join("rust-basics")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read_to_string(&path).is_ok_and(|text| text.contains(marker)) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[test]
fn a_decision_that_is_killed_at_any_time_loses_nothing() {
    let stage = synced();
    let lesson = |folder: &str, marker: &str| {
        let path = stage.sandbox.path().join(folder).join("lessons/1.1-borrowing.md");
        fs::write(path, format!("---\nlesson_id: borrowing\n---\n\n# Borrowing\n\n{marker}\n")).unwrap();
    };
    let (mut typical, mut num_killed) = (Duration::from_millis(300), 0);
    for round in 0..12_u32 {
        let (ours, theirs) = (format!("ours {round}"), format!("theirs {round}"));
        in_database(&stage, |_| lesson("copy", &theirs));
        lesson("rust-basics", &ours);
        let mut command = stage.command("content sync rust-basics --keep database --quiet");
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        thread::sleep(typical * round / 12);
        // SIGKILL; it fails only if the process has ended.
        let _ended = child.kill();
        num_killed += u32::from(child.wait().unwrap().code().is_none());
        assert_ne!(files_with(&stage, &ours), [""; 0], "round {round}");
        let started = Instant::now();
        stage.json("content sync rust-basics --keep database");
        typical = started.elapsed();
        assert_ne!(files_with(&stage, &ours), [""; 0], "round {round}");
        assert!(text(&stage, "lessons/1.1-borrowing.md").contains(&theirs), "round {round}");
        stage.json("content verify rust-basics");
    }
    assert!(num_killed >= 4, "only {num_killed} were alive to be killed");
}
