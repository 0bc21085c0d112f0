//! `/mcp` of a real server, asked by the official Python SDK in both generations of the protocol.

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
    thread,
    time::Instant,
};

use serde_json::{Value, json};

use super::num_runs;
use crate::{
    parts::part,
    serve::Serving,
    shown,
    site::{PATIENCE, POLL},
    stored::Stored,
};

/// The generation with a handshake, and the newest one, which has none.
const GENERATIONS: [&str; 2] = ["legacy", "auto"];

/// What the transport asks for.
const TYPES: &str = "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n";

const CONFIG: &str = r#"
[sources.plays]
entity = "play"
key = ["id"]
complete = true

[sources.plays.command]
argv = ["cat", "plays.jsonl"]

[sources.slow]
entity = "slow"
key = ["id"]

[sources.slow.command]
argv = ["sh", "-c", "touch begun; sleep 600"]
"#;

fn stage() -> Stored {
    let stored = Stored::courses();
    stored.write("forebay.toml", CONFIG);
    stored.write("plays.jsonl", "{\"id\": \"p1\", \"title\": \"Medea\"}\n{\"id\": \"p2\"}\n");
    stored
}

fn serve(stored: &Stored, options: &str) -> Serving {
    Serving::start_with(&stored.sandbox, options, &[("FOREBAY_DATABASE_URL", stored.url())])
}

fn token(stored: &Stored, options: &str) -> String {
    stored.json(&format!("tokens create {options}"))["secret"].as_str().unwrap().to_owned()
}

/// What the SDK got; `None`: it is not installed.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn talk(server: &Serving, token: &str, mode: &str, calls: &Value, resources: &Value) -> Option<Value> {
    let python = part("mcp/bin/python");
    if !python.exists() {
        eprintln!("skipped: scripts/parts.sh installs the SDK of the Model Context Protocol");
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/mcp/talk.py");
    let asked = json!({
        "url": server.url("/mcp"), "token": token, "mode": mode, "calls": calls, "resources": resources,
    });
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn a_viewer_reads_and_an_operator_scrapes() {
    let stored = stage();
    let (viewer, operator) = (token(&stored, "--role viewer"), token(&stored, "--role operator --name bot"));
    let server = serve(&stored, "--allow-scrape");
    let before = num_runs(&stored);
    for mode in GENERATIONS {
        let calls = json!([
            ["get_reference", {"reference": "courses/CSC-126", "at": "2019-01-02"}],
            ["get_history", {"reference": "courses/CSC-126"}],
            ["list_changes", {"since": "2019-01-01"}],
            ["search", {"query": "ancient"}],
            ["freshness", {}],
            ["run_status", {"run_id": 1}],
            ["ensure_data", {"entity": "play"}],
            ["ensure_data", {"entity": "play", "force": true}],
            ["get_reference", {"reference": "courses/CSC-999"}],
        ]);
        let Some(said) = talk(&server, &viewer, mode, &calls, &json!(["forebay://source/courses"])) else {
            return;
        };
        let version = said["version"].as_str().unwrap();
        assert_eq!(
            (version == "2026-07-28", &said["server"]),
            (mode != "legacy", &json!("forebay")),
            "{said}"
        );
        let tools = said["tools"].as_object().unwrap();
        assert_eq!(
            (tools.len(), tools.values().all(|is_read_only| *is_read_only == true)),
            (7, true),
            "{said}"
        );
        let answers = said["answers"].as_array().unwrap();
        assert_eq!(answers[0]["answer"]["reference"]["payload"]["title"], "Beginning");
        let errors: Vec<bool> = answers.iter().map(|each| each["is_error"] == true).collect();
        assert_eq!(errors, [false, false, false, false, false, false, false, true, true], "{said}");
        let stale = &answers[6]["answer"];
        assert_eq!(
            (&stale["ensured"]["success"], &stale["ensured"]["error"]["code"]),
            (&json!(false), &json!("never_synced"))
        );
        let refused = &answers[7]["answer"]["error"];
        assert_eq!(refused["code"], "scraping_not_allowed");
        assert!(refused["hint"].as_str().unwrap().contains("operator"), "{refused}");
        assert_eq!(
            said["listed"],
            json!(["courses", "plays", "slow"].map(|name| format!("forebay://source/{name}")))
        );
        assert_eq!(said["resources"][0]["source"], "courses");
    }
    assert_eq!(num_runs(&stored), before, "a viewer scrapes nothing");
    for (mode, force) in GENERATIONS.into_iter().zip([false, true]) {
        let calls = json!([["ensure_data", {"entity": "play", "force": force}]]);
        let said = talk(&server, &operator, mode, &calls, &json!([])).unwrap();
        assert_eq!(said["tools"]["ensure_data"], false, "{said}");
        let answer = &said["answers"][0]["answer"];
        assert_eq!(
            (&answer["ensured"]["success"], answer["records"]["items"].as_array().unwrap().len()),
            (&json!(true), 2)
        );
    }
    assert_eq!(num_runs(&stored), before + 2);
    let trail = stored.json("actions --action scrape_requested");
    for action in trail["items"].as_array().unwrap() {
        assert_eq!(
            (&action["actor"], &action["skin"], &action["from"]),
            (&json!("bot"), &json!("mcp"), &json!("127.0.0.1"))
        );
    }
    assert_eq!(trail["items"].as_array().unwrap().len(), 2, "{trail}");
    server.stop();
}

#[test]
fn a_token_for_one_source_sees_no_other() {
    let stored = stage();
    stored.json("persist plays.jsonl --source plays --key id");
    let token = token(&stored, "--role viewer --source courses");
    let server = serve(&stored, "");
    let calls = json!([
        ["get_reference", {"reference": "courses/CSC-126"}],
        ["get_history", {"reference": "courses/CSC-126"}],
        ["list_changes", {"since": "2019-01-01", "source": "courses"}],
        ["search", {"query": "ancient", "source": "courses"}],
        ["run_status", {"run_id": 1}],
        // What it may not see isn't named either.
        ["search", {"query": "medea", "source": "courses", "entity": "plya"}],
        ["search", {"query": "medea", "source": "courses", "pipeline": "x"}],
        ["get_reference", {"reference": "plays/p1"}],
        ["get_reference", {"reference": "plays/nothing"}],
        ["get_history", {"reference": "plays/p1"}],
        ["list_changes", {"since": "2019-01-01"}],
        ["search", {"query": "medea"}],
        ["run_status", {"run_id": 5}],
        ["ensure_data", {"entity": "course"}],
        ["freshness", {}],
    ]);
    let Some(said) = talk(&server, &token, "auto", &calls, &json!([])) else { return };
    let codes: Vec<&Value> =
        said["answers"].as_array().unwrap().iter().map(|each| &each["answer"]["error"]["code"]).collect();
    for unknown in &said["answers"].as_array().unwrap()[5..7] {
        assert_eq!(unknown["answer"]["error"]["hint"], json!(null), "{said}");
    }
    let mut expected = vec![json!(null); 5];
    expected.extend([json!("no_such_entity"), json!("no_such_pipeline")]);
    expected.resize(codes.len(), json!("permission_missing"));
    assert_eq!(codes, expected.iter().collect::<Vec<_>>(), "{said}");
    assert_eq!(said["listed"], json!(["forebay://source/courses"]));
    server.stop();
}

#[test]
fn only_who_may_read_is_served() {
    let stored = stage();
    let ingest = token(&stored, "--role ingest --source courses");
    let server = serve(&stored, "");
    let message = r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}"#;
    let ask = |headers: &str| server.post_with("/mcp", &format!("{TYPES}{headers}"), message);
    let nobody = ask("");
    assert!(nobody.starts_with("HTTP/1.1 401 ") && nobody.contains("authentication_required"), "{nobody}");
    assert!(nobody.to_lowercase().contains("www-authenticate: bearer"), "{nobody}");
    let ingest = ask(&format!("Authorization: Bearer {ingest}\r\n"));
    assert!(ingest.starts_with("HTTP/1.1 403 ") && ingest.contains("permission_missing"), "{ingest}");
    let viewer = format!("Authorization: Bearer {}\r\n", token(&stored, "--role viewer"));
    let limited = format!("Authorization: Bearer {}\r\n", token(&stored, "--role viewer --source plays"));
    let read = |uri: &str| {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": uri}});
        server.post_with("/mcp", &format!("{TYPES}{limited}"), &message.to_string())
    };
    let reference_id = stored.value("(select reference_id::text from forebay.\"references\" limit 1)");
    for uri in ["forebay://source/courses", &format!("forebay://reference/{reference_id}")] {
        assert!(read(uri).contains("permission_missing"), "{}", read(uri));
    }
    let nul = r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "search", "arguments": {"query": "a\u0000b"}}}"#;
    let nul = server.post_with("/mcp", &format!("{TYPES}{viewer}"), nul);
    assert!(nul.contains("nul_character"), "{nul}");
    let other_site = ask(&format!("{viewer}Origin: https://evil.example\r\n"));
    assert!(other_site.starts_with("HTTP/1.1 403 ") && other_site.contains("cross_origin"), "{other_site}");
    let listed = ask(&viewer);
    assert!(listed.starts_with("HTTP/1.1 200 ") && listed.contains("get_reference"), "{listed}");
    server.stop();
}

#[test]
fn who_waits_for_a_scrape_is_answered_when_the_server_stops() {
    let stored = stage();
    let server = serve(&stored, "--allow-scrape");
    let message = r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "ensure_data", "arguments": {"entity": "slow"}}}"#;
    let mut waiting = server.send("POST /mcp", TYPES, message);
    let begun = stored.sandbox.path().join("begun");
    let deadline = Instant::now() + PATIENCE;
    while !begun.exists() {
        assert!(Instant::now() < deadline, "the scrape does not begin");
        thread::sleep(POLL);
    }
    let (code, log) = server.stop();
    assert_eq!(code, Some(130), "{log}");
    let mut text = String::new();
    waiting.read_to_string(&mut text).unwrap();
    assert!(text.contains("interrupted"), "{text}");
}
