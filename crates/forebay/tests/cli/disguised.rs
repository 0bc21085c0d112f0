//! Escapes and direction marks in the text of sites: no terminal interprets them, and JSON escapes them.

use std::fs;

use serde_json::{Value, json};

use crate::{Sandbox, database::database, shown};

#[test]
fn text_of_sites_is_shown_without_controls_and_escaped_in_json() {
    let (sandbox, db) = (Sandbox::new(), database());
    let disguised = "\u{1b}[2J\u{1b}]0;x\u{7}a\u{9b}31m\u{202e}b\u{2066}c\u{200f}d\u{61c}e\u{200e}f";
    let record = json!({ "id": disguised, "title": format!("t {disguised}"), disguised: 1 });
    fs::write(sandbox.path().join("records.jsonl"), record.to_string()).unwrap();
    fs::write(
        sandbox.path().join("forebay.toml"),
        "[sources.s]\nkey = \"id\"\n[sources.s.command]\nargv = [\"/bin/cat\", \"records.jsonl\"]\nformat = \"jsonl\"\n",
    )
    .unwrap();
    let persisted = db.run(&sandbox, "persist records.jsonl --source s --key id");
    assert_eq!(persisted.status.code(), Some(0), "{}", shown(&persisted));
    let id = db.value("select reference_id from forebay.\"references\"");
    for line in [
        format!("history {id}"),
        format!("show {id}"),
        "list --source s".to_owned(),
        "changes".to_owned(),
        "sources test s".to_owned(),
        "runs show 1".to_owned(),
        "handoffs list".to_owned(),
    ] {
        for output in ["human", "json"] {
            let output = db.run(&sandbox, &format!("{line} --output {output}"));
            assert!(output.status.success(), "{line}: {}", shown(&output));
            // The text after an escape shows that the value was printed. Hand-offs have no text of the site.
            let is_shown = String::from_utf8_lossy(&output.stdout).contains("31m");
            assert!(is_shown || line == "handoffs list", "{line}: {}", shown(&output));
            for text in [&output.stdout, &output.stderr] {
                let text = String::from_utf8_lossy(text);
                let bad = text.chars().find(|c| {
                    (c.is_control() && *c != '\n' && *c != '\t')
                        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
                });
                assert_eq!(bad, None, "{line}: {text:?}");
            }
        }
    }
    let (_, history): (i32, Value) = db.json(&sandbox, &format!("history {id}"));
    assert_eq!(history["reference"]["record_key"], disguised, "JSON keeps the value: {history}");
}

#[cfg(unix)]
#[test]
fn an_archive_is_not_written_through_a_symbolic_link() {
    let (sandbox, db) = (Sandbox::new(), database());
    fs::write(sandbox.path().join("victim"), "keep me").unwrap();
    std::os::unix::fs::symlink("victim", sandbox.path().join("pages.warc")).unwrap();
    fs::write(
        sandbox.path().join("forebay.toml"),
        "[sources.s]\nkey = \"id\"\n[sources.s.http_json]\nurl = \"http://127.0.0.1:9/\"\n",
    )
    .unwrap();
    let output = db.run(&sandbox, "scrape s --warc pages.warc");
    let text = shown(&output);
    assert!(text.contains("it is a symbolic link; name the file itself"), "{text}");
    assert_eq!(fs::read_to_string(sandbox.path().join("victim")).unwrap(), "keep me");
}
