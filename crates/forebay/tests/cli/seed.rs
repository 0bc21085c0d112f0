//! `forebay db seed`: made-up data, seen by the commands that show states.

use serde_json::Value;

use crate::stored::Stored;

/// The values of a field of the items of a page, sorted and without repetitions.
fn words(page: &Value, field: &str) -> Vec<String> {
    let items = page["items"].as_array().unwrap_or_else(|| panic!("no items: {page}"));
    let mut words: Vec<String> =
        items.iter().filter_map(|item| item[field].as_str()).map(str::to_owned).collect();
    words.sort();
    words.dedup();
    words
}

#[test]
fn commands_show_every_state() {
    let stored = Stored::new();
    let seeded = stored.json("db seed");
    assert_eq!(seeded["is_new"], true);
    let is_none = |counts: &Value| counts.as_object().unwrap().values().any(|count| count == 0);
    assert!(!is_none(&seeded["runs"]) && !is_none(&seeded["handoffs"]), "{seeded}");

    let runs = words(&stored.json("runs list --limit 100"), "status");
    assert_eq!(runs, ["aborted", "complete", "failed", "held", "partial", "running"]);
    let handoffs = words(&stored.json("handoffs counts"), "state");
    let states = ["active", "cancelled", "failed", "held", "pending", "retrying", "succeeded", "superseded"];
    assert_eq!(handoffs, states);
    let ledger = stored.json("freshness");
    let freshness = words(&ledger, "freshness");
    for word in ["expired", "fresh", "never"] {
        assert!(freshness.iter().any(|found| found == word), "{word} is not in {freshness:?}");
    }
    assert_eq!(words(&ledger, "status"), ["failed", "in_progress", "success"]);
    assert_eq!(stored.json("db seed")["is_new"], false);
}

#[test]
fn a_database_with_other_data_is_refused() {
    let stored = Stored::courses();
    insta::assert_snapshot!("db_seed_refused", stored.run("db seed"));
    assert_eq!(stored.error("db seed"), (Some(2), "database_not_empty".into()));
    assert_eq!(stored.json("sources list")["items"].as_array().unwrap().len(), 1);
    let before = stored.json("stats --source courses");
    assert_eq!(stored.json("db seed --yes")["is_new"], true);
    assert_eq!(stored.json("stats --source courses"), before);
}
