//! Runs the library example as a reader would.

use std::{path::PathBuf, process::Command};

/// Where `cargo test` puts examples: beside the folder of this test.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples/library")
}

fn run(folder: &std::path::Path) -> String {
    let output =
        Command::new(program()).arg(folder).output().expect("`cargo test` builds examples/library.rs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn it_persists_ensures_and_works_and_a_second_run_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert_eq!(
        run(&data),
        "persisted courses: 2 added, 0 updated\n1 events, from scrape\ndocuments: 3 delivered\n"
    );
    assert_eq!(
        run(&data),
        "persisted courses: 0 added, 0 updated\n1 events, from ledger\ndocuments: 0 delivered\n"
    );
}
