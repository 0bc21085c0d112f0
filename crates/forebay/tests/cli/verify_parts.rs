//! `forebay handoffs verify` in parts.

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{database, write_records},
};

#[test]
fn parts_add_up_to_the_whole() {
    let sandbox = Sandbox::new();
    let db = database();
    let records = (0..7).map(|n| json!({ "id": n, "title": format!("Course {n}") }));
    let file = write_records(&sandbox, "courses.jsonl", records);
    db.run(&sandbox, &format!("persist {file} --source courses --key id"));
    db.run(&sandbox, "work --drain");
    // One is lost in Forebay's records, another one in the target.
    let second = "(select reference_id from forebay.\"references\" order by reference_id offset 1 limit 1)";
    db.execute(&format!("delete from forebay.ingestion_outcomes where reference_id = {second}"));
    let last = "(select reference_id from forebay.\"references\" order by reference_id desc limit 1)";
    db.execute(&format!("delete from forebay.documents where reference_id = {last}"));

    let (mut from, mut succeeded, mut problems) = (String::new(), 0, Vec::new());
    for part in 1.. {
        let (_, found) = db.json(&sandbox, &format!("handoffs verify --limit 3{from}"));
        let documents = &found["pipelines"][0];
        succeeded += documents["counts"]["succeeded"].as_u64().unwrap_or_default();
        let wrong = documents["wrong"].as_array().unwrap();
        problems.extend(wrong.iter().map(|one| (part, one["problem"].clone())));
        let Some(next) = found["next"].as_str() else {
            assert_eq!((part, &found["next"]), (3, &Value::Null));
            break;
        };
        from = format!(" --from {next}");
    }
    assert_eq!(succeeded, 6);
    assert_eq!(problems, [(1, json!("missing")), (3, json!("absent"))]);
    let (exit, text) = db.text(&sandbox, "handoffs verify --limit 3");
    assert!(exit == 1 && text.contains("continue with --from "), "{text}");
}
