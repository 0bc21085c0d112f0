//! Runs a shell script as a tap: with its files, and again from its state.

use forebay_domain::scope::Scope;
use serde_json::json;

use super::*;
use crate::{Block, Reader, kinds::tests::settings};

const TAP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/singer/tap.sh");

/// The records of a run, and its last state.
fn run(tap: &Singer, state: Option<&str>) -> (Vec<String>, Option<String>) {
    let scope = Scope::default();
    let context = RunContext { source: "numbers", run_id: 1, scope: &scope };
    let output = tap.start(&context, state, Box::new(drop)).unwrap();
    let mut reader = Reader::open(Box::new(output), &tap.read_options(&["id".to_owned()])).unwrap();
    let mut block = Block::default();
    let mut records = Vec::new();
    while reader.next_block(&mut block).unwrap() {
        records
            .extend(block.records.iter().map(|span| String::from_utf8(block.text(span).to_vec()).unwrap()));
    }
    let ending = reader.ending();
    assert_eq!((ending.truncated, ending.is_complete), (None, Some(false)));
    assert_eq!(ending.notes, Vec::<String>::new());
    (records, ending.state)
}

#[test]
fn a_tap_continues_from_its_state() {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let tap: Singer = settings(json!({"command": ["sh", TAP], "config": config}));
    tap.check().unwrap();
    let (records, state) = run(&tap, None);
    assert_eq!(records, [r#"{"id":1}"#, r#"{"id":2}"#]);
    assert_eq!(state.as_deref(), Some(r#"{"last":2}"#));
    let (records, state) = run(&tap, state.as_deref());
    assert_eq!(records, [r#"{"id":3}"#, r#"{"id":4}"#]);
    let anew: Singer = settings(json!({"command": ["sh", TAP], "state": "none"}));
    assert_eq!(run(&anew, state.as_deref()).0, [r#"{"id":1}"#, r#"{"id":2}"#]);
}

#[test]
fn the_state_file_is_removed_after_the_run() {
    use std::os::unix::fs::PermissionsExt;
    let tap: Singer = settings(json!({"command": ["sh", "-c", "echo \"$2\"; read never", "tap"]}));
    let scope = Scope::default();
    let context = RunContext { source: "numbers", run_id: 1, scope: &scope };
    let mut output = tap.start(&context, Some("{}"), Box::new(drop)).unwrap();
    let mut text = String::new();
    output.read_to_string(&mut text).unwrap_err();
    let path = std::path::Path::new(text.trim());
    assert_eq!(std::fs::read_to_string(path).unwrap(), "{}");
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    drop(output);
    assert!(!path.exists());
}

#[test]
fn contradicting_settings_are_refused() {
    for command in [json!([]), json!(["tap", "--state", "x"]), json!(["tap", "--config", "x"])] {
        let tap: Singer = settings(json!({"command": command}));
        assert_eq!(tap.check().unwrap_err().code(), "invalid_source_setting");
    }
    let tap: Singer = settings(json!({"command": ["sh"], "config": "/no/such/file.json"}));
    let scope = Scope::default();
    let context = RunContext { source: "numbers", run_id: 1, scope: &scope };
    let error = tap.start(&context, None, Box::new(drop)).unwrap_err();
    assert_eq!(error.code(), "command_not_started");
    assert!(error.to_string().contains("/no/such/file.json"));
}
