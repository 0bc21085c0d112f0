//! `forebay content`: courses in folders, with a real database.

mod attention;
mod course;
mod keep;
mod stages;
mod tables;
mod versions;

use std::fs;

pub(crate) use course::write_course;

use crate::{json::schema_problems, shown, stored::Stored};

/// A sandbox with a course in the folder `rust-basics`, and a database.
fn stage() -> Stored {
    let stored = Stored::new();
    write_course(stored.sandbox.path(), "rust-basics");
    stored
}

/// The same after a sync.
fn synced() -> Stored {
    let stage = stage();
    stage.json("content sync rust-basics");
    stage
}

/// Replaces a part of a file of the course, which must be there.
fn edit(stage: &Stored, path: &str, from: &str, to: &str) {
    let path = stage.sandbox.path().join("rust-basics").join(path);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn remove(stage: &Stored, path: &str) {
    fs::remove_file(stage.sandbox.path().join("rust-basics").join(path)).unwrap();
}

#[test]
fn a_folder_is_synced_verified_and_restored() {
    let stage = stage();
    insta::assert_snapshot!("content_list_none", stage.run("content list"));
    insta::assert_snapshot!("content_verify_unknown", stage.run("content verify rust-basics"));
    insta::assert_snapshot!("content_sync_dry_run", stage.run("content sync rust-basics --dry-run"));
    insta::assert_snapshot!("content_sync", stage.run("content sync rust-basics"));
    insta::assert_snapshot!("content_sync_again", stage.run("content sync rust-basics"));
    insta::assert_snapshot!("content_verify", stage.run("content verify rust-basics"));
    insta::assert_snapshot!("content_list", stage.run("content list"));
    insta::assert_snapshot!("content_restore", stage.run("content restore rust-basics copy"));
    let read =
        |folder: &str| fs::read(stage.sandbox.path().join(folder).join("lessons/1.2-mover.md")).unwrap();
    assert_eq!(read("copy"), read("rust-basics"));

    // A copy whose course went on elsewhere.
    let moved = stage.sandbox.path().join("rust-basics/lessons");
    fs::rename(moved.join("1.2-mover.md"), moved.join("1.2-mover-e-copiar.md")).unwrap();
    stage.json("content sync rust-basics");
    fs::write(stage.sandbox.path().join("copy/resources/mine.txt"), "Mine\n").unwrap();
    insta::assert_snapshot!("content_restore_moved", stage.run("content restore rust-basics copy"));
    fs::rename(moved.join("1.2-mover-e-copiar.md"), moved.join("1.2-mover.md")).unwrap();
    stage.json("content sync rust-basics");

    edit(&stage, "lessons/1.1-borrowing.md", "lends", "gives");
    remove(&stage, "lessons/2.2-vida.md");
    insta::assert_snapshot!("content_verify_different", stage.run("content verify rust-basics"));
    insta::assert_snapshot!("content_restore_kept", stage.run("content restore rust-basics rust-basics"));
    insta::assert_snapshot!("content_sync_changed", stage.run("content sync rust-basics"));
}

#[test]
fn trouble_with_a_folder_is_named() {
    let stage = synced();
    insta::assert_snapshot!("content_sync_no_folder", stage.run("content sync nowhere"));
    insta::assert_snapshot!("content_sync_no_slug", stage.run("content sync / --dry-run"));
    insta::assert_snapshot!("content_bad_slug", stage.run("content restore Rust_Basics! copy"));
    insta::assert_snapshot!("content_bad_layout", stage.run("content sync rust-basics --layout moodle"));
    fs::write(stage.sandbox.path().join("rust-basics/lessons/1.1-borrowing.md"), b"# Caf\xe9\n").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", stage.sandbox.path().join("rust-basics/notes.md")).unwrap();
    insta::assert_snapshot!("content_sync_not_utf8", stage.run("content sync rust-basics"));
    for lesson in ["1.1-borrowing", "1.2-mover", "2.1-tipos"] {
        remove(&stage, &format!("lessons/{lesson}.md"));
    }
    insta::assert_snapshot!("content_sync_refused", stage.run("content sync rust-basics"));
}

#[test]
fn generating_nothing_prints_what_its_schema_says() {
    let stage = stage();
    // Every lesson exists, so the program is not started. What follows --command belongs to the program.
    let output = stage.output("content generate rust-basics --output json --command /bin/false");
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    let document = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema_problems("content generate", &document), [""; 0]);
}
