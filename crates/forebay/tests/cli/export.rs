//! `forebay export`: prints records, line by line or as one document.

use std::process::Stdio;

use crate::{shown, stored::Stored};

const HISTORY_COURSE: &str = r#"{"fee":9007199254740993,"id":"HST-101","title":"Ancient Worlds"}"#;

#[test]
fn prints_canonical_lines_in_the_order_of_keys() {
    let stored = Stored::courses();
    let lines = |line: &str| String::from_utf8(stored.output(line).stdout).unwrap();
    let now = format!("{{\"credits\":4,\"id\":\"CSC-126\",\"title\":\"Beginning\"}}\n{HISTORY_COURSE}\n");
    assert_eq!(lines("export --source courses"), now);
    assert_eq!(lines("export"), now, "without a source it is all of them");
    let then = format!("{{\"id\":\"CSC-126\",\"room\":null,\"title\":\"Introduction\"}}\n{HISTORY_COURSE}\n");
    assert_eq!(lines("export --source courses --at 2019-01-03"), then);
    assert_eq!(lines("export --at 2019-01-04"), format!("{HISTORY_COURSE}\n"));
    assert_eq!(lines("export --at 2018-01-01"), "");
}

#[test]
fn prints_one_document_with_json() {
    let stored = Stored::courses();
    let array = stored.json("export --at 2019-01-02");
    assert_eq!(array.as_array().unwrap().len(), 2);
    assert_eq!(stored.json("export --at 2018-01-01"), serde_json::json!([]));
    assert_eq!(stored.error("export --source course"), (Some(2), "no_such_source".into()));
}

#[test]
fn an_export_can_be_persisted_again() {
    let stored = Stored::courses();
    stored.write("again.jsonl", &String::from_utf8(stored.output("export").stdout).unwrap());
    let report = stored.json("persist again.jsonl --source courses --complete");
    assert_eq!(report["runs"][0]["num_unchanged"], 2);
    assert_eq!(report["runs"][0]["num_handoffs"], 0);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let stored = Stored::new();
    let text = "lorem ipsum ".repeat(100);
    let records: Vec<_> = (0..2_000).map(|id| format!("{{\"id\":{id},\"text\":\"{text}\"}}")).collect();
    stored.write("many.jsonl", &records.join("\n"));
    stored.json("persist many.jsonl --source many --key id");
    for line in ["export", "export --output json"] {
        let mut child = stored.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line}");
    }
}
