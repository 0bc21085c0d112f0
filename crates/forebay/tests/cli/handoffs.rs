//! Hand-offs for operators: counts, lists, and the history of one reference.

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
};

/// Three courses, persisted for a pipeline `rooms` whose table rejects one of them.
fn three_courses(sandbox: &Sandbox) -> TestDb {
    let config = "[pipelines.rooms]\nsource = \"courses\"\nhandler = \"table\"\ntable = \"public.rooms\"\n\
                  columns = { seats = { field = \"seats\", type = \"int\" } }\n";
    sandbox.configure(config);
    let db = database();
    let seats = |(id, seats): (&str, Value)| json!({ "id": id, "seats": seats });
    let records = [("a", json!(20)), ("b/2", json!("many")), ("c", json!(30))].map(seats);
    let file = write_records(sandbox, "courses.jsonl", records);
    let output = db.run(sandbox, &format!("persist {file} --source courses --key id"));
    assert!(output.status.success(), "{}", crate::shown(&output));
    db
}

fn count_of(document: &Value, pipeline: &str, state: &str) -> u64 {
    let counts = document["items"].as_array().unwrap().iter();
    let alike = counts.filter(|count| count["pipeline"] == pipeline && count["state"] == state);
    alike.map(|count| count["num_handoffs"].as_u64().unwrap()).sum()
}

#[test]
fn counts_follow_the_work() {
    let sandbox = Sandbox::new();
    let db = three_courses(&sandbox);
    let (exit, before) = db.json(&sandbox, "handoffs counts");
    assert_eq!(
        (exit, count_of(&before, "rooms", "pending"), count_of(&before, "documents", "pending")),
        (0, 3, 3)
    );
    assert!(before["items"][0]["oldest_age_seconds"].as_u64().unwrap() < 3600);

    let (exit, work) = db.json(&sandbox, "work --drain --pipeline rooms");
    assert_eq!(exit, 1, "one hand-off failed: {work}");
    let (_, after) = db.json(&sandbox, "handoffs counts --pipeline rooms");
    assert_eq!((count_of(&after, "rooms", "succeeded"), count_of(&after, "rooms", "failed")), (2, 1));
    assert_eq!(count_of(&after, "documents", "pending"), 0, "only the pipeline asked for is counted");
    let (_, text) = db.text(&sandbox, "handoffs counts --pipeline rooms");
    assert!(text.contains("permanent") && text.contains("succeeded"), "{text}");
}

#[test]
fn lists_are_filtered() {
    let sandbox = Sandbox::new();
    let db = three_courses(&sandbox);
    db.json(&sandbox, "work --drain --pipeline rooms");
    let (_, all) = db.json(&sandbox, "handoffs list");
    assert_eq!(all["items"].as_array().unwrap().len(), 6);
    let (_, few) = db.json(&sandbox, "handoffs list --limit 2");
    assert_eq!(few["items"].as_array().unwrap().len(), 2);
    // People get the command for the next page, beside the table.
    let output = db.run(&sandbox, "handoffs list --limit 2");
    let note = String::from_utf8(output.stderr).unwrap();
    let after = note.trim().strip_prefix("there are more; for the next page, add ").unwrap();
    assert_eq!(after, format!("--after {}", few["next"].as_str().unwrap()));
    let (_, rest) = db.json(&sandbox, &format!("handoffs list {after}"));
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (4, &Value::Null));
    let output = db.run(&sandbox, &format!("handoffs list {after}"));
    // The last page has no next one; one of its hand-offs failed.
    let note = String::from_utf8(output.stderr).unwrap();
    assert_eq!(note, "to retry those that failed: forebay handoffs retry --state failed\n");
    let (_, failed) = db.json(&sandbox, "handoffs list --pipeline rooms --state failed");
    let failed = failed["items"].as_array().unwrap();
    assert_eq!((failed.len(), &failed[0]["record_key"]), (1, &json!("b/2")));
    assert!(failed[0]["failure_message"].as_str().unwrap().contains("seats"), "{failed:?}");
    assert_eq!(db.text(&sandbox, "handoffs list --state cancelled"), (0, "no hand-offs\n".to_owned()));
}

#[test]
fn a_reference_shows_its_hand_offs_to_every_pipeline() {
    let sandbox = Sandbox::new();
    let db = three_courses(&sandbox);
    db.json(&sandbox, "work --drain --pipeline rooms");
    let (exit, shown) = db.json(&sandbox, "handoffs show courses/b/2");
    assert_eq!((exit, &shown["reference"]["record_key"]), (0, &json!("b/2")));
    let id = shown["reference"]["reference_id"].as_str().unwrap();
    assert_eq!(id, db.value("select forebay.reference_id('courses', 'b/2')"));

    let [documents, rooms] = shown["pipelines"].as_array().unwrap().as_slice() else { panic!("{shown}") };
    assert_eq!(
        (&documents["handoffs"][0]["state"], &documents["job"]["num_attempts"]),
        (&json!("pending"), &json!(0))
    );
    assert_eq!((&rooms["handoffs"][0]["state"], &rooms["job"]), (&json!("failed"), &Value::Null));
    assert_eq!(rooms["attempts"][0]["failure_code"], "value_rejected");
    assert_eq!(rooms["attempts"][0]["failure_class"], "permanent");

    let (_, by_id) = db.json(&sandbox, &format!("handoffs show {id} --pipeline rooms"));
    assert_eq!(by_id["pipelines"].as_array().unwrap().len(), 1);
    let (_, text) = db.text(&sandbox, &format!("handoffs show {id}"));
    for part in ["courses/b/2", "Pipeline rooms", "value_rejected", "job: due from "] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn unknown_names_are_errors() {
    let sandbox = Sandbox::new();
    let db = three_courses(&sandbox);
    for (line, code) in [
        ("handoffs show courses/x", "no_such_reference"),
        ("handoffs show curses/a", "no_such_source"),
        ("handoffs show nonsense", "reference_name"),
        ("handoffs list --pipeline x", "no_such_pipeline"),
        ("handoffs counts --pipeline x", "no_such_pipeline"),
        ("handoffs show courses/a --pipeline x", "no_such_pipeline"),
    ] {
        let (exit, error) = db.json(&sandbox, line);
        assert_eq!(error["error"]["code"], code, "{line}");
        assert_ne!(exit, 0, "{line}");
    }
}
