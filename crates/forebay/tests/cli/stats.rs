//! `forebay stats` and `forebay sources`: counts of stored data.

use crate::stored::Stored;

#[test]
fn stats_count_everything() {
    let stored = Stored::courses();
    insta::assert_snapshot!("stats_human", stored.run("stats"));
    insta::assert_snapshot!("stats_json", stored.run("stats --source courses --output json"));
    insta::assert_snapshot!("stats_no_source", stored.run("stats --source course"));
}

#[test]
fn nothing_is_counted_as_nothing() {
    let stored = Stored::new();
    insta::assert_snapshot!("stats_nothing", stored.run("stats"));
    insta::assert_snapshot!("sources_none", stored.run("sources list"));
    insta::assert_snapshot!("sources_show_none", stored.run("sources show courses"));
}

#[test]
fn sources_are_listed_and_shown() {
    let stored = Stored::courses();
    stored.write("spring.jsonl", r#"{"id": 1}"#);
    stored.json("persist spring.jsonl --source events --key id,/id --scope semester=Spring");
    insta::assert_snapshot!("sources_list", stored.run("sources list"));
    insta::assert_snapshot!("sources_show", stored.run("sources show events"));

    let document = stored.json("sources list");
    assert_eq!(document["items"][0]["source"], "courses");
    assert_eq!(document["items"][0]["num_active"], 2);
    assert_eq!(document["items"][1]["key_fields"], serde_json::json!(["id", "/id"]));
    let shown = stored.json("sources show courses");
    assert_eq!(shown["latest_runs"].as_array().unwrap().len(), 4);
    assert_eq!(shown["policy"]["on_duplicate"], "first");
    assert_eq!(shown["scopes"], serde_json::json!([{"scope": "", "num_active": 2, "num_removed": 0}]));
}
