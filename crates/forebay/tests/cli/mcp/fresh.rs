//! `ensure_data`: answers from memory and the ledger without a scrape, and from one scrape where allowed.

use std::process::Command;

use serde_json::{Value, json};

use super::{Chat, num_runs};
use crate::stored::Stored;

const CONFIG: &str = r#"
[sources.courses]
entity = "course"
key = ["id"]
complete = true
scopes = [{ semester = "spring" }, { semester = "autumn" }]

[sources.courses.command]
argv = ["cat", "courses.jsonl"]
"#;

/// Two courses of a scope, just scraped.
fn scraped() -> Stored {
    let stored = Stored::new();
    stored.write("forebay.toml", CONFIG);
    stored.write("courses.jsonl", "{\"id\": \"CSC-126\", \"title\": \"Beginning\"}\n{\"id\": \"HST-101\"}\n");
    stored.json("ensure course --scope semester=spring");
    stored
}

fn spring(more: &Value) -> Value {
    let mut arguments = json!({"entity": "course", "scope": {"semester": "spring"}});
    for (name, value) in more.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    arguments
}

#[test]
fn a_fresh_scope_is_answered_without_a_scrape() {
    let stored = scraped();
    let before = num_runs(&stored);
    for line in ["mcp", "mcp --allow-scrape"] {
        let chat = Chat::start(&stored, line);
        let first = chat.ask("ensure_data", spring(&json!({})));
        assert_eq!(
            (&first["ensured"]["answered_from"], &first["ensured"]["success"]),
            (&json!("ledger"), &json!(true)),
            "{first}"
        );
        let second = chat.ask("ensure_data", spring(&json!({})));
        assert_eq!(second["ensured"]["answered_from"], "memory");
        for answer in [&first, &second] {
            assert_eq!(
                (&answer["ensured"]["is_fresh"], &answer["ensured"]["num_records"]),
                (&json!(true), &json!(2))
            );
            let records = answer["records"]["items"].as_array().unwrap();
            assert_eq!((records.len(), &answer["records"]["next"]), (2, &json!(null)));
        }
        let (records, num_pages) = chat.pages("ensure_data", "/records", spring(&json!({"limit": 1})));
        assert_eq!(
            (records.as_slice(), num_pages),
            (first["records"]["items"].as_array().unwrap().as_slice(), 2)
        );
        chat.end();
    }
    assert_eq!(num_runs(&stored), before, "nothing was scraped");
}

#[test]
fn a_read_only_client_never_scrapes() {
    let stored = scraped();
    let before = num_runs(&stored);
    let chat = Chat::start(&stored, "mcp");
    let never = chat.ask("ensure_data", json!({"entity": "course", "scope": {"semester": "autumn"}}));
    assert_eq!(
        (&never["ensured"]["success"], &never["ensured"]["answered_from"]),
        (&json!(false), &json!("none"))
    );
    assert_eq!(
        (&never["ensured"]["error"]["code"], &never["records"]["items"]),
        (&json!("never_synced"), &json!([]))
    );
    let hint = |answer: &Value| answer["ensured"]["error"]["hint"].as_str().unwrap().to_owned();
    assert!(hint(&never).contains("you may not scrape"), "{never}");
    let invented = chat.ask("ensure_data", json!({"entity": "course", "scope": {"semester": "winter"}}));
    assert!(
        hint(&invented).contains("the known scopes are `semester=spring`, `semester=autumn`"),
        "{invented}"
    );
    assert_eq!(chat.error("ensure_data", spring(&json!({"force": true})))["code"], "scraping_not_allowed");
    assert_eq!(num_runs(&stored), before);

    let entries = chat.pages("freshness", "", json!({})).0;
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!((&entry["entity_type"], &entry["scope"]), (&json!("course"), &json!("semester=spring")));
    assert_eq!((&entry["freshness"], &entry["status"]), (&json!("fresh"), &json!("success")));
    // The other scope is declared but was never synced.
    let stale = chat.pages("freshness", "", json!({"stale_only": true, "limit": 1})).0;
    assert_eq!(stale.len(), 1, "{stale:?}");
    assert_eq!(
        (&stale[0]["scope"], &stale[0]["freshness"], &stale[0]["status"]),
        (&json!("semester=autumn"), &json!("never"), &json!(null))
    );
    assert_eq!(stale[0]["age_status"], json!(null), "there is no age to judge");
    assert_eq!(chat.error("freshness", json!({"entity": "event"}))["code"], "no_such_entity");
}

#[test]
fn a_client_that_may_scrape_scrapes_once() {
    let stored = scraped();
    let chat = Chat::start(&stored, "mcp --allow-scrape");
    let before = num_runs(&stored);
    let autumn = json!({"entity": "course", "scope": {"semester": "autumn"}});
    let found = chat.ask("ensure_data", autumn.clone());
    assert_eq!(
        (&found["ensured"]["answered_from"], &found["ensured"]["tried"][0]["status"]),
        (&json!("scrape"), &json!("complete")),
        "{found}"
    );
    assert_eq!(found["ensured"]["source"], "courses");
    assert_eq!(chat.ask("ensure_data", autumn)["ensured"]["answered_from"], "memory");
    assert_eq!(num_runs(&stored), before + 1);
    // `force` scrapes again; the next page does not.
    let forced = chat.ask("ensure_data", spring(&json!({"force": true, "limit": 1})));
    assert_eq!(forced["ensured"]["answered_from"], "scrape");
    assert_eq!(num_runs(&stored), before + 2);
    let next = json!({"force": true, "limit": 1, "cursor": forced["records"]["next"]});
    chat.ask("ensure_data", spring(&next));
    assert_eq!(num_runs(&stored), before + 2, "the rest of an answer is no new question");
    // Both are in the audit trail, the answer from memory is not.
    let trail = "string_agg(concat_ws(' ', actor_name, actor_role, skin, action, target, parameters ->> 'scope', \
         parameters ->> 'force'), '; ' order by action_id) from forebay.operator_actions";
    assert_eq!(
        stored.value(trail),
        "rmcp operator mcp scrape_requested course semester=autumn false; \
         rmcp operator mcp scrape_requested course semester=spring true"
    );
}

#[test]
fn a_source_that_cannot_be_scraped_is_an_error() {
    let stored = scraped();
    let chat = Chat::start(&stored, "mcp --allow-scrape");
    let error = chat.error("ensure_data", json!({"entity": "event"}));
    assert_eq!(
        (&error["code"], &error["hint"]),
        (&json!("no_such_entity"), &json!("the only entity type is `course`"))
    );
    stored.write("talk.jsonl", "{\"id\": \"T\"}\n");
    stored.json("persist talk.jsonl --source talks --entity talk --key id");
    let none = chat.ask("ensure_data", json!({"entity": "talk", "force": true}));
    assert_eq!(none["ensured"]["error"]["code"], "no_source", "{none}");
    std::fs::remove_file(stored.sandbox.path().join("courses.jsonl")).unwrap();
    let stale = chat.ask("ensure_data", spring(&json!({"force": true})));
    assert_eq!(
        (&stale["ensured"]["success"], &stale["ensured"]["answered_from"]),
        (&json!(true), &json!("ledger")),
        "{stale}"
    );
    let failed = &stale["ensured"];
    assert_ne!(failed["run_id"], failed["tried"][0]["run_id"], "{failed}");
    assert_eq!(failed["is_fresh"], true);
    assert!(failed["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{failed}");
    // What failed for one caller is not repeated to the next.
    let again = &chat.ask("ensure_data", spring(&json!({})))["ensured"];
    let kept = [&again["error"], &again["retry_after_seconds"], &again["tried"], &again["warnings"]];
    assert_eq!(kept, [&json!(null), &json!(null), &json!([]), &json!([])], "{again}");
    assert_eq!(stale["records"]["items"].as_array().unwrap().len(), 2, "the last good data is served");
    let failing = chat.pages("freshness", "", json!({"stale_only": true, "limit": 1})).0;
    let of = |scope: &str| failing.iter().find(|entry| entry["scope"] == scope).unwrap();
    let (autumn, spring) = (of("semester=autumn"), of("semester=spring"));
    assert_eq!((failing.len(), &autumn["freshness"]), (2, &json!("never")));
    assert_eq!((&spring["num_failures"], &spring["freshness"]), (&json!(1), &json!("fresh")));
}

#[test]
fn force_is_limited_and_scopes_are_those_declared() {
    let stored = scraped();
    let chat = Chat::start(&stored, "mcp --allow-scrape");
    let invented = json!({"entity": "course", "scope": {"semester": "winter"}});
    let before = num_runs(&stored);
    let answer = chat.ask("ensure_data", invented.clone());
    assert_eq!(answer["ensured"]["error"]["code"], "never_synced", "{answer}");
    assert!(answer["ensured"]["warnings"].to_string().contains("is not declared"), "{answer}");
    let mut forced = invented;
    forced["force"] = json!(true);
    let error = chat.error("ensure_data", forced);
    assert_eq!(error["code"], "scope_not_declared");
    assert!(error["hint"].as_str().unwrap().contains("`semester=spring`"), "{error}");
    assert_eq!(num_runs(&stored), before, "nothing was scraped");
    // Runs that nobody forced don't count, such as those of a schedule.
    for _ in 0..5 {
        stored.json("scrape courses");
    }
    assert_eq!(num_runs(&stored), before + 10);
    // Two scopes and five more forced runs are allowed, in all processes together.
    stored.json("ensure course --scope semester=spring --force");
    for _ in 0..6 {
        let answer = chat.ask("ensure_data", spring(&json!({"force": true})));
        assert_eq!(answer["ensured"]["answered_from"], "scrape", "{answer}");
    }
    chat.end();
    let chat = Chat::start(&stored, "mcp --allow-scrape");
    let error = chat.error("ensure_data", spring(&json!({"force": true})));
    assert_eq!(error["code"], "forced_too_often");
    assert!(error["hint"].as_str().unwrap().contains("possible again in"), "{error}");
    assert_eq!(chat.ask("ensure_data", spring(&json!({})))["ensured"]["success"], true);
}

#[test]
fn a_forced_scrape_needs_no_database() {
    let stored = scraped();
    let chat = Chat::start(&stored, "mcp --allow-scrape");
    let (server, name) = stored.url().rsplit_once('/').unwrap();
    let closed = Command::new("psql")
        .args([
            &format!("{server}/postgres"),
            "-Xqc",
            &format!("alter database \"{name}\" allow_connections false"),
        ])
        .args([
            "-c",
            &format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"),
        ])
        .output()
        .unwrap();
    assert!(closed.status.success(), "{}", crate::shown(&closed));
    let answer = chat.ask("ensure_data", spring(&json!({"force": true})));
    assert_eq!(answer["ensured"]["answered_from"], "scrape", "{answer}");
}
