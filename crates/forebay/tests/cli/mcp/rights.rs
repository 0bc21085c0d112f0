//! The database role in the guide, a member of `forebay_reader`: every tool and every command that reads works with it.

use serde_json::json;

use super::Chat;
use crate::stored::Stored;

/// The statements of the guide, with this role name.
fn guide(role: &str) -> String {
    let guide = include_str!("../../../../../docs/guides/ask-from-ai-tools.md");
    let (_, statements) = guide.split_once("```sql\n").unwrap();
    let (statements, _) = statements.split_once("```").unwrap();
    assert!(statements.contains("in role forebay_reader"));
    statements.replace("assistant", role)
}

#[test]
fn the_role_of_the_guide_can_read_and_nothing_else() {
    let stored = Stored::courses();
    stored.json("work --drain");
    let role = format!("reader_{}", std::process::id());
    stored.execute(&guide(&role));
    let url = stored.url().replace("://forebay@", &format!("://{role}@"));
    let as_reader = |line: &str| {
        let mut command = stored.command(line);
        command.env("FOREBAY_DATABASE_URL", &url);
        command
    };
    let chat = Chat::with(as_reader("mcp"));
    let reference = json!({"reference": "courses/CSC-126", "at": "2019-01-02"});
    for (tool, arguments) in [
        ("ensure_data", json!({"entity": "course"})),
        ("search", json!({"query": "ancient"})),
        ("get_reference", reference),
        ("get_history", json!({"reference": "courses/CSC-126"})),
        ("list_changes", json!({"since": "2019-01-01"})),
        ("freshness", json!({"stale_only": true})),
        ("run_status", json!({"run_id": 1})),
    ] {
        chat.ask(tool, arguments);
    }
    chat.runtime.block_on(chat.client.list_all_resources()).unwrap();
    chat.end();
    for (line, expected) in [
        ("search ancient", "HST-101"),
        ("history courses/CSC-126", "Introduction"),
        ("history courses/CSC-126 --at 2019-01-02", "Beginning"),
        ("list --source courses", "HST-101"),
        ("changes --since 2019-01-01", "CSC-126"),
        ("stats", "revisions"),
        ("freshness", "course"),
        ("runs list", "courses"),
        ("runs show 2", "complete"),
        ("runs logs 2", ""),
        ("handoffs counts", "succeeded"),
        ("handoffs list --state succeeded", "documents"),
        ("sources show courses", "course"),
        ("pipelines list", "documents"),
        ("workers list", ""),
        ("export --source courses", "HST-101"),
    ] {
        let output = as_reader(line).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains(expected), "{line}: {}", crate::shown(&output));
    }
    let persist = "persist day.jsonl --source courses --key id";
    assert!(!as_reader(persist).output().unwrap().status.success(), "it can write nothing");
    for table in ["\"references\"", "sync_metadata", "scrape_runs"] {
        for right in ["insert", "update", "delete"] {
            let has = format!("has_table_privilege('{role}', 'forebay.{table}', '{right}')");
            assert_eq!(stored.value(&has), "false", "{right} on {table}");
        }
    }
    stored.execute(&format!("drop owned by {role}; drop role {role}"));
}
