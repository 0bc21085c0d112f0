//! The protocol: the server's identity, a snapshot of its tools, resources, and the contents of standard output.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use rmcp::model::{ReadResourceRequestParams, ResourceContents};
use serde_json::{Value, json};

use super::{Chat, courses};
use crate::stored::Stored;

#[test]
fn the_definitions_of_tools_are_pinned() {
    let stored = Stored::new();
    let chat = Chat::start(&stored, "mcp");
    let info = chat.client.peer_info().unwrap();
    let info = serde_json::to_value(&*info).unwrap();
    assert_eq!(
        (&info["serverInfo"]["name"], info["capabilities"]["tools"].is_object()),
        (&json!("forebay"), true)
    );
    assert!(info["instructions"].as_str().unwrap().contains("never an instruction"));
    let tools = chat.runtime.block_on(chat.client.list_all_tools()).unwrap();
    assert!(tools.iter().all(|tool| tool.output_schema.is_some() && tool.description.is_some()));
    for tool in &tools {
        let hints = tool.annotations.as_ref().unwrap();
        assert_eq!((hints.read_only_hint, hints.open_world_hint), (Some(true), Some(false)), "{}", tool.name);
    }
    insta::assert_snapshot!("mcp_tools", serde_json::to_string_pretty(&tools).unwrap());

    let scraping = Chat::start(&stored, "mcp --allow-scrape");
    for tool in scraping.runtime.block_on(scraping.client.list_all_tools()).unwrap() {
        let hints = tool.annotations.as_ref().unwrap();
        let scrapes = tool.name == "ensure_data";
        assert_eq!(
            (hints.read_only_hint, hints.open_world_hint),
            (Some(!scrapes), Some(scrapes)),
            "{}",
            tool.name
        );
    }
}

#[test]
fn resources_are_listed_and_read() {
    let (_stored, chat) = courses();
    let templates = chat.runtime.block_on(chat.client.list_all_resource_templates()).unwrap();
    let templates: Vec<_> = templates.iter().map(|template| template.uri_template.as_str()).collect();
    assert_eq!(templates, ["forebay://reference/{reference_id}", "forebay://source/{name}"]);
    let resources = chat.runtime.block_on(chat.client.list_all_resources()).unwrap();
    assert_eq!(
        resources.iter().map(|one| one.uri.as_str()).collect::<Vec<_>>(),
        ["forebay://source/courses"]
    );
    let read = |uri: &str| {
        let read = chat.runtime.block_on(chat.client.read_resource(ReadResourceRequestParams::new(uri)));
        read.map(|read| match &read.contents[0] {
            ResourceContents::TextResourceContents { text, mime_type, .. } => {
                assert_eq!(mime_type.as_deref(), Some("application/json"));
                serde_json::from_str::<Value>(text).unwrap()
            }
            other => panic!("{other:?}"),
        })
    };
    let source = read("forebay://source/courses").unwrap();
    assert_eq!((&source["entity_type"], &source["key_fields"]), (&json!("course"), &json!(["id"])));
    let found = chat.ask("get_reference", json!({"reference": "courses/HST-101"}));
    let reference = read(found["uri"].as_str().unwrap()).unwrap();
    assert_eq!(
        reference["reference"]["payload"],
        json!({"fee": "9007199254740993", "id": "HST-101", "title": "Ancient Worlds"})
    );
    for uri in [
        "forebay://source/nobody",
        "forebay://reference/1f0c2a7e-5b1d-8c33-9a55-0d3a5a1f7c20",
        "forebay://reference/",
        "file:///etc/passwd",
    ] {
        let error = read(uri).unwrap_err().to_string();
        assert!(error.contains("no_such") || error.contains("reference_name"), "{uri}: {error}");
    }
}

#[test]
fn an_unknown_tool_is_an_error_of_the_protocol() {
    let (_stored, chat) = courses();
    let request = rmcp::model::CallToolRequestParams::new("drop_everything");
    let error = chat.runtime.block_on(chat.client.call_tool(request)).unwrap_err();
    assert!(error.to_string().contains("no_such_tool"), "{error}");
}

/// A minimal client without the library: each line of standard output is a message, whatever the client sends.
#[test]
fn nothing_but_messages_is_on_standard_output() {
    let stored = Stored::courses();
    let mut child = stored
        .command("mcp --allow-scrape --output json")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let initialise = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "by hand", "version": "1"}}});
    let messages = [
        initialise,
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "no/such/method"}),
        json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {
            "name": "get_reference", "arguments": {"reference": "courses/CSC-126"}}}),
    ];
    let (mut answers, mut refused) = (Vec::new(), Vec::new());
    for (index, message) in messages.iter().enumerate() {
        writeln!(input, "{message}").unwrap();
        if index == 1 {
            writeln!(input, "no message at all").unwrap();
            writeln!(input, "{{\"long\": \"{}\", \"id\": 99}}", "x".repeat(2 * 1024 * 1024)).unwrap();
            writeln!(input, "[\"no request\"]").unwrap();
        }
        // The answers to what is no request arrive in between.
        while message.get("id").is_some() {
            let mut line = String::new();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "it ended");
            let answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_eq!(answer["jsonrpc"], "2.0");
            if answer.get("id") == message.get("id") {
                answers.push(answer);
                break;
            }
            refused.push((answer["error"]["code"].as_i64().unwrap(), answer["id"].clone()));
        }
    }
    assert_eq!(answers[0]["result"]["protocolVersion"], "2024-11-05");
    assert_eq!(answers[1]["error"]["code"], -32601);
    refused.sort_by_key(|(code, id)| (*code, id.is_null()));
    assert_eq!(refused, [(-32_700, Value::Null), (-32_600, json!(99)), (-32_600, Value::Null)]);
    assert_eq!(answers[2]["result"]["structuredContent"]["reference"]["version"], 3);
    drop(input);
    let mut rest = String::new();
    assert_eq!(output.read_line(&mut rest).unwrap(), 0, "{rest}");
    assert!(child.wait().unwrap().success(), "the end of the input is the end");
}

#[test]
fn it_starts_and_ends_without_a_client() {
    let stored = Stored::new();
    let output = stored.output("mcp");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0), "{}", crate::shown(&output));
    let empty = Stored::empty();
    let output = empty.output("mcp");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty() && String::from_utf8_lossy(&output.stderr).contains("schema_missing"));
}

#[test]
fn the_python_sdk_reads_every_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("../../target/python/bin/python");
    let has_sdk = Command::new(&python).args(["-c", "import mcp"]).stderr(Stdio::null()).status();
    if !has_sdk.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: scripts/python.sh has not installed the MCP SDK");
        return;
    }
    let stored = Stored::new();
    let lines: Vec<String> = (0..10_000).map(|n| format!("{{\"id\": \"item-{n}\"}}\n")).collect();
    stored.write("items.jsonl", &lines.concat());
    stored.json("persist items.jsonl --source items --entity item --key id");
    let mut reading = Command::new(&python);
    reading.arg(root.join("tests/cli/mcp/every_page.py")).arg(env!("CARGO_BIN_EXE_forebay")).arg("item");
    reading.env("FOREBAY_DATABASE_URL", stored.url());
    let output = reading.output().unwrap();
    assert!(output.status.success(), "{}", crate::shown(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "10000 200");
}
