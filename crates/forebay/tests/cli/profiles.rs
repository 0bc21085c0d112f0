//! `forebay db profile`: the names that existing code expects, beside those that are taken.

use serde_json::json;

use crate::stored::Stored;

#[test]
fn profiles_are_created_listed_and_dropped() {
    let stored = Stored::courses();
    let created = stored.json("db profile create freshness --schema app --scope-columns semester");
    assert_eq!(created["relations"], json!(["sync_metadata"]));
    assert_eq!(created["scope_columns"], json!(["semester"]));
    assert!(
        stored
            .run("db profile create events --schema app")
            .contains("profile events in schema app: event_revisions, ")
    );
    assert_eq!(stored.json("db profile list")["items"].as_array().unwrap().len(), 2);
    let refused = stored.run("db profile create freshness --schema app --scope-columns term");
    assert!(refused.contains("error[profile_refused]") && refused.contains("drop the profile"), "{refused}");
    let refused = stored.run("db profile create freshness --schema app --scope-columns id");
    assert!(refused.contains("error[name_refused]") && refused.contains("semester,university"), "{refused}");
    assert_eq!(stored.error("db profile create events --schema forebay"), (Some(2), "usage".into()));
    assert_eq!(
        stored.error("db profile create events --schema app --scope-columns term"),
        (Some(2), "option_unused".into())
    );
    let api = stored.json("db profile create api");
    assert_eq!(
        (&api["schema"], &api["relations"]),
        (&json!("forebay_api"), &json!(["references", "revisions", "runs", "freshness", "sources"]))
    );
    stored.execute("update forebay.sources set is_published = true");
    assert_eq!(stored.value("(select count(*) from forebay_api.\"references\")::text"), "2");
    assert_eq!(stored.json("db profile drop api")["schema"], "forebay_api");
    assert_eq!(stored.error("db profile create events"), (Some(2), "usage".into()));
    assert_eq!(stored.error("db profile create api --scope-columns term"), (Some(2), "option_unused".into()));
    assert_eq!(stored.json("db profile drop freshness --schema app")["profile"], "freshness");
    assert_eq!(stored.error("db profile drop freshness --schema app"), (Some(2), "no_such_profile".into()));
    stored.run("db down --to 0 --yes");
    stored.run("db up");
    assert_eq!(stored.json("db profile list")["items"], json!([]));
}
