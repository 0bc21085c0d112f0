//! The database role in the guide: every tool works with read rights only.

use serde_json::json;

use super::Chat;
use crate::stored::Stored;

/// The statements of the guide, with this role name.
fn guide(role: &str) -> String {
    let guide = include_str!("../../../../../docs/guides/ask-from-ai-tools.md");
    let (_, statements) = guide.split_once("```sql\n").unwrap();
    let (statements, _) = statements.split_once("```").unwrap();
    assert!(statements.contains("forebay_reader"));
    statements.replace("forebay_reader", role)
}

#[test]
fn the_role_of_the_guide_can_read_and_nothing_else() {
    let stored = Stored::courses();
    stored.json("work --drain");
    let role = format!("reader_{}", std::process::id());
    stored.execute(&guide(&role));
    let mut command = stored.command("mcp");
    command.env("FOREBAY_DATABASE_URL", stored.url().replace("://forebay@", &format!("://{role}@")));
    let chat = Chat::with(command);
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
    for table in ["\"references\"", "sync_metadata", "scrape_runs"] {
        for right in ["insert", "update", "delete"] {
            let has = format!("has_table_privilege('{role}', 'forebay.{table}', '{right}')");
            assert_eq!(stored.value(&has), "false", "{right} on {table}");
        }
    }
    stored.execute(&format!("drop owned by {role}; drop role {role}"));
}
