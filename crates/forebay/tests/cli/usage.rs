//! Usage errors: printed on standard error, or as one JSON document, always with exit code 2.

use std::process::Stdio;

use crate::Sandbox;

#[test]
fn unknown_commands_and_options() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!("unknown_command", sandbox.run("persits"));
    insta::assert_snapshot!("unknown_option", sandbox.run("stats --sauce courses"));
    insta::assert_snapshot!("missing_argument", sandbox.run("persist courses.json"));
    insta::assert_snapshot!("no_command", sandbox.run("runs"));
}

#[test]
fn values_that_make_no_sense() {
    let sandbox = Sandbox::new();
    for (name, option) in [
        ("bad_scope", "--scope semester"),
        ("bad_time", "--observed-at yesterday"),
        ("bad_share", "--max-removed 1.5"),
        ("bad_pointer", "--records items"),
        ("bad_format", "--format xml"),
        ("bad_key", "--key id,,name"),
    ] {
        insta::assert_snapshot!(name, sandbox.run(&format!("persist x.json --source courses {option}")));
    }
}

#[test]
fn with_json_the_error_is_the_document() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!("usage_json", sandbox.run("persits --output json"));
    insta::assert_snapshot!("missing_argument_json", sandbox.run("persist x.json --output json"));
    insta::assert_snapshot!("no_command_json", sandbox.run("runs --output json"));
    insta::assert_snapshot!("usage_json_before", sandbox.run("--output=json stats --sauce courses"));
}

#[test]
fn global_options_work_before_and_after_the_command() {
    let sandbox = Sandbox::new();
    // Both find the same files.
    sandbox.run("init");
    let before = sandbox.run("--output json --config a.toml init");
    let after = sandbox.run("init --output json --config b.toml");
    assert_eq!(before.replace("a.toml", "b.toml"), after);
    assert!(sandbox.path().join("a.toml").exists() && sandbox.path().join("b.toml").exists());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let sandbox = Sandbox::new();
    for line in ["completions bash", "--output json completions zsh", "--help"] {
        let mut child = sandbox.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Closed before anything is read, so that the first write fails.
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line}");
    }
}
