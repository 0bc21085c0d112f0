//! Escapes and direction marks in the text of sites: no terminal interprets them, and JSON escapes them.

use std::{
    fs,
    io::Write,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use crate::{
    Sandbox,
    content::write_course,
    database::{TestDb, database, write_records},
    shown,
};

/// Clears the screen, sets its title, and changes colour and direction. It is one word on a command line.
const DISGUISED: &str = "\u{1b}[2J\u{1b}]0;x\u{7}a\u{9b}31m\u{202e}b\u{2066}c\u{200f}d\u{61c}e\u{200e}f";
/// The part of it that remains when it is printed, in either form.
const PRINTED: &str = "31m";

/// The first character of a text that a terminal would interpret.
fn disguise(text: &str) -> Option<char> {
    text.chars().find(|c| {
        (c.is_control() && *c != '\n' && *c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
    })
}

/// Standard output, after a check of both outputs.
fn checked(line: &str, output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    for printed in [text(&output.stdout), text(&output.stderr)] {
        assert_eq!(disguise(&printed), None, "{line}: {printed:?}");
    }
    text(&output.stdout)
}

#[test]
fn text_of_sites_is_shown_without_controls_and_escaped_in_json() {
    let (sandbox, db) = (Sandbox::new(), database());
    let record = json!({ "id": DISGUISED, "title": format!("t {DISGUISED}"), DISGUISED: 1 });
    fs::write(sandbox.path().join("records.jsonl"), record.to_string()).unwrap();
    fs::write(
        sandbox.path().join("forebay.toml"),
        "[sources.s]\nkey = \"id\"\nscopes = [{ part = \"a31m\\u202eb\" }]\n[sources.s.command]\nargv = [\"/bin/cat\", \"records.jsonl\"]\nformat = \"jsonl\"\n",
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
            // Hand-offs have no text of the site.
            let stdout = checked(&line, &output);
            assert!(stdout.contains(PRINTED) || line == "handoffs list", "{line}: {stdout}");
        }
    }
    let (_, history): (i32, Value) = db.json(&sandbox, &format!("history {id}"));
    assert_eq!(history["reference"]["record_key"], DISGUISED, "JSON keeps the value: {history}");
}

/// A value of a scope, which no control character can be in.
const PART: &str = "a31m\u{202e}b";

/// Commands that print text of sites, after [`hostile`]; `{}` is the hostile key.
const LINES: &[&str] = &[
    "doctor",
    "runs diff 4",
    "runs reject 4 --dry-run",
    "runs release 4 --dry-run",
    "persist few.jsonl --source s --scope part={PART} --complete --dry-run",
    "sources test s",
    "sources show s",
    "scrape s --dry-run",
    "scrape s",
    "ensure record --scope part={PART} --force",
    "ensure record --scope part={PART}",
    "freshness",
    "runs list",
    "runs show 1",
    "runs show 5",
    "runs revert 1 --dry-run",
    "handoffs list --state failed",
    "handoffs show s/{}",
    "show s/{}",
    "show s/{}none",
    "list --source s",
    "changes --source s",
    "history s/{}",
    "history s/{} --at 2100-01-01",
    "search words",
    "export --source s",
    "content curriculum check course",
    "content show course",
    "content list",
    "content diff course 2019-01-01 --text",
    "content search borrowing",
];

/// Commands that print no text of sites now.
const PLAIN: &[&str] = &[
    "stats",
    "sources list",
    "handoffs counts",
    "handoffs verify",
    "content brief course",
    "content lessons course",
    "content sync course",
    "content verify course",
];

/// A source, pipelines, runs and a course with hostile keys, names of fields, values, lines and messages.
fn hostile() -> (Sandbox, TestDb) {
    let (sandbox, db) = (Sandbox::new(), database());
    let record = |number: usize| {
        let id = if number == 0 { DISGUISED.to_owned() } else { format!("{DISGUISED}{number}") };
        json!({ "id": id, "title": format!("words {DISGUISED} {number}"), DISGUISED: number })
    };
    write_records(&sandbox, "s.jsonl", (0..40).map(record));
    write_records(&sandbox, "few.jsonl", (0..5).map(record));
    let torn = format!("{}\n{DISGUISED}\n{}\n", record(0), record(1));
    fs::write(sandbox.path().join("torn.jsonl"), torn).unwrap();
    fs::write(sandbox.path().join("fail.sh"), format!("echo '{DISGUISED}' >&2; exit 1\n")).unwrap();
    let config = "[sources.s]\nkey = \"id\"\nscopes = [{ part = \"a31m\\u202eb\" }]\n[sources.s.command]\nargv = [\"/bin/cat\", \"s.jsonl\"]\n\
         [pipelines.index]\nsource = \"s\"\nhandler = \"documents\"\n\
         [pipelines.broken]\nsource = \"s\"\nhandler = \"exec\"\ncommand = [\"/bin/sh\", \"fail.sh\"]\n\
         retry = { transient = { max_failures = 1 } }\n";
    sandbox.configure(config);
    write_course(sandbox.path(), "course");
    for file in ["COURSE-BRIEF.md", "curriculum.yaml", "lessons/1.1-borrowing.md"] {
        let path = sandbox.path().join("course").join(file);
        let text = fs::read_to_string(&path).unwrap();
        let text = text.replace("title: Borrowing", "title: \"Borrowing \\e[31m \\u202e\"");
        fs::write(path, text.replace("Rust from the start", &format!("Rust {PART}"))).unwrap();
    }
    for (exit, line) in [
        (0, "persist s.jsonl --source s --key id --scope part={PART} --complete"),
        (3, "persist few.jsonl --source s --key id --scope part={PART} --complete"),
        (6, "persist torn.jsonl --source torn --key id"),
        (0, "content sync course"),
        (1, "work --drain"),
    ] {
        for form in ["human", "json"] {
            let output = db.run(&sandbox, &format!("{} --output {form}", line.replace("{PART}", PART)));
            // The first one has left nothing to do for the second one.
            let exit = if line.starts_with("work") && form == "json" { 0 } else { exit };
            assert_eq!(output.status.code(), Some(exit), "{line}: {}", shown(&output));
            checked(line, &output);
        }
    }
    (sandbox, db)
}

#[test]
fn every_command_escapes_text_of_sites() {
    let (sandbox, db) = hostile();
    let mut found = Vec::new();
    for line in LINES.iter().chain(PLAIN) {
        for form in ["human", "json"] {
            let mut command = sandbox.command("");
            command.args(line.split(' ').map(|word| word.replace("{}", DISGUISED).replace("{PART}", PART)));
            command.args(["--output", form]).env("FOREBAY_DATABASE_URL", &db.url);
            let output = command.output().unwrap();
            let stdout = checked(line, &output);
            if LINES.contains(line)
                && !stdout.contains(PRINTED)
                && !String::from_utf8_lossy(&output.stderr).contains(PRINTED)
            {
                found.push(format!("{line} ({form}): {}", shown(&output)));
            }
            if form == "json" {
                serde_json::from_str::<Value>(&stdout).unwrap_or_else(|error| panic!("{line}: {error}"));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

#[test]
fn exported_records_are_escaped_and_keep_their_values() {
    let (sandbox, db) = (Sandbox::new(), database());
    let record = json!({ "id": DISGUISED, "title": format!("t {DISGUISED}"), DISGUISED: 1 });
    write_records(&sandbox, "s.jsonl", [record.clone()]);
    assert!(db.run(&sandbox, "persist s.jsonl --source s --key id").status.success());
    let lines = checked("export", &db.run(&sandbox, "export --source s"));
    assert!(lines.contains("\\u009b31m\\u202e"), "{lines}");
    assert_eq!(serde_json::from_str::<Value>(&lines).unwrap(), record);
    let array = checked("export", &db.run(&sandbox, "export --source s --output json"));
    assert_eq!(serde_json::from_str::<Value>(&array).unwrap(), json!([record]));
}

#[test]
fn answers_to_ai_tools_are_escaped_and_keep_their_values() {
    let (sandbox, db) = hostile();
    let mut command = sandbox.command("mcp");
    command
        .env("FOREBAY_DATABASE_URL", &db.url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let id = db.value("select reference_id from forebay.\"references\" order by record_key limit 1");
    let mut input = child.stdin.take().unwrap();
    let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": { "name": "test", "version": "1" } });
    writeln!(input, "{}", json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello }))
        .unwrap();
    writeln!(input, "{}", json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).unwrap();
    let calls = [
        ("search", json!({ "query": "words" })),
        ("get_reference", json!({ "reference": id })),
        ("get_history", json!({ "reference": id })),
        ("list_changes", json!({})),
        ("freshness", json!({})),
        ("run_status", json!({ "run_id": 2 })),
        ("ensure_data", json!({ "entity": "record", "scope": { "part": PART } })),
        ("get_reference", json!({ "reference": format!("s/{DISGUISED}none") })),
    ];
    for (number, (tool, arguments)) in calls.iter().enumerate() {
        let params = json!({ "name": tool, "arguments": arguments });
        let call = json!({ "jsonrpc": "2.0", "id": number + 1, "method": "tools/call", "params": params });
        writeln!(input, "{call}").unwrap();
    }
    let params = json!({ "uri": format!("forebay://reference/{id}") });
    let read = json!({ "jsonrpc": "2.0", "id": 90, "method": "resources/read", "params": params });
    writeln!(input, "{read}").unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let text = checked("mcp", &output);
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), calls.len() + 2, "{text}");
    let of = |id: usize| answers.iter().find(|answer| answer["id"] == id).unwrap();
    for (number, (tool, _)) in calls.iter().enumerate() {
        let result = &of(number + 1)["result"];
        let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{tool}: {result}"));
        assert_eq!(disguise(text), None, "{tool}: {text:?}");
        let document: Value = serde_json::from_str(text).unwrap();
        if result["isError"] != true {
            assert_eq!(document, result["structuredContent"], "{tool}");
        }
    }
    assert_eq!(of(2)["result"]["structuredContent"]["reference"]["record_key"], DISGUISED);
    let resource = of(90)["result"]["contents"][0]["text"].as_str().unwrap();
    assert_eq!(disguise(resource), None, "{resource:?}");
    assert!(resource.contains(PRINTED), "{resource}");
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
