//! `forebay history`: the changes of a reference, and its state at a time.

use crate::stored::Stored;

#[test]
fn tells_versions_removals_and_restorations() {
    let stored = Stored::courses();
    insta::assert_snapshot!("history_human", stored.run("history courses/CSC-126"));

    let document = stored.json("history courses/CSC-126");
    let changes: Vec<_> =
        document["versions"].as_array().unwrap().iter().map(|event| event["change"].clone()).collect();
    assert_eq!(changes, ["added", "updated", "removed", "restored", "updated"]);
    let fields = document["versions"][1]["fields"].as_array().unwrap();
    assert_eq!(
        fields[0],
        serde_json::json!({"field_name": "credits", "change": "removed", "old": 4, "new": null, "is_cut": false}),
        "absent now, so it has no new"
    );
    assert_eq!(
        fields[1],
        serde_json::json!({"field_name": "room", "change": "added", "old": null, "new": null, "is_cut": false})
    );
    assert_eq!(document["reference"]["state"], "active");
    assert_eq!(document["reference"]["version"], 3);
    assert_eq!(document["reference"]["payload"]["title"], "Beginning");
    assert_eq!(document["reference"]["removed_at"], serde_json::Value::Null);

    let id = document["reference"]["reference_id"].as_str().unwrap();
    assert_eq!(stored.json(&format!("history {id}")), document, "its uuid names it too");
}

#[test]
fn shows_what_it_was_at_a_time() {
    let stored = Stored::courses();
    insta::assert_snapshot!("history_at", stored.run("history courses/HST-101 --at 2019-01-02"));
    let at =
        |time: &str| stored.json(&format!("history courses/CSC-126 --at {time}"))["payload"]["title"].clone();
    assert_eq!(at("2019-01-01T12:00:00Z"), "Beginning");
    assert_eq!(at("2019-01-03"), "Introduction");
    assert_eq!(at("2019-01-05"), "Beginning");
    insta::assert_snapshot!("history_at_before", stored.run("history courses/CSC-126 --at 2018-12-31"));
    insta::assert_snapshot!("history_at_gone", stored.run("history courses/CSC-126 --at 2019-01-04"));
}

#[test]
fn says_what_is_not_there() {
    let stored = Stored::courses();
    insta::assert_snapshot!("history_no_reference", stored.run("history courses/CSC-127"));
    insta::assert_snapshot!("history_no_source", stored.run("history coruses/CSC-126"));
    insta::assert_snapshot!("history_no_name", stored.run("history courses"));
    let nobody = "history 1f0c2a7e-5b1d-8c33-9a55-0d3a5a1f7c20";
    assert_eq!(stored.error(nobody), (Some(2), "no_such_reference".into()));
    assert_eq!(stored.error("history courses/CSC-126 --at 2018-01-01"), (Some(1), "not_there_then".into()));
}
