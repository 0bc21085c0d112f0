//! Log lines go to standard error and never mix with the document on standard output.

use serde_json::Value;

use crate::{Sandbox, stored::Stored};

#[test]
fn log_lines_leave_the_document_alone() {
    let stored = Stored::new();
    stored.write("courses.jsonl", "{\"id\": 1}\n{\"id\": 2}");
    let output = stored
        .command("persist courses.jsonl --source courses --key id --log-level debug --output json")
        .output()
        .unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["runs"][0]["num_added"], 2);
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("run{") && log.contains("source="), "{log}");

    let output = stored
        .command("persist courses.jsonl --source courses --log-level debug --log-format json --output json")
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!lines.is_empty(), "{log}");
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()), "{log}");
}

#[test]
fn an_unknown_level_is_wrong_usage() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!("bad_log_level", sandbox.run("stats --log-level loud"));
    insta::assert_snapshot!("bad_log_level_json", sandbox.run("stats --log-level loud --output json"));
}
