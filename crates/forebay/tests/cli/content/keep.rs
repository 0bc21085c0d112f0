//! `content sync --keep`: a person decides which side wins.

use std::fs;

use serde_json::json;

use super::attention::{conflict, edit_copy, in_database};
use crate::{content::synced, stored::Stored};

fn text(stage: &Stored, path: &str) -> String {
    fs::read_to_string(stage.sandbox.path().join("rust-basics").join(path)).unwrap()
}

#[test]
fn the_folder_wins() {
    let stage = conflict();
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
