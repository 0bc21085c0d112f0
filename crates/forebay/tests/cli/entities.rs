//! Typed entities: from the declaration to views, checks and the JSON Schema.

use serde_json::{Value, json};

use crate::stored::Stored;

const CONFIG: &str = "
[sources.gigs]
key = [\"id\"]
entity = \"event\"

[entities.event]
preset = \"event\"
view = \"events\"

[entities.event.fields]
starts_at = { type = \"timestamp\", path = \"/when/start\", required = true, filter = true }
";

const GIGS: &str = r#"{"id": 1, "title": "Jazz", "when": {"start": "2026-02-01T20:00:00+01:00"}, "price": "12.50"}
{"id": 2, "title": "Rock", "when": {"start": "soon"}, "price": "free"}
{"id": 3, "when": {"start": "2026-03-01"}}"#;

/// A database, a configuration, and records of which one fits.
fn stored(more: &str) -> Stored {
    let stored = Stored::new();
    stored.sandbox.configure(&format!("{CONFIG}{more}"));
    stored.write("gigs.jsonl", GIGS);
    stored
}

#[test]
fn views_are_created_from_the_configuration() {
    let stored = stored("");
    let run = &stored.json("persist gigs.jsonl --source gigs --complete")["runs"][0];
    assert_eq!((&run["status"], &run["num_added"]), (&json!("complete"), &json!(3)));
    let drift: Vec<(&Value, &Value)> = run["drift"]
        .as_array()
        .unwrap()
        .iter()
        .map(|drift| (&drift["field_name"], &drift["change"]))
        .collect();
    assert_eq!(
        drift,
        [
            (&json!("price"), &json!("wrong_type")),
            (&json!("title"), &json!("missing")),
            (&json!("when"), &json!("wrong_type"))
        ]
    );
    let shown = stored.run("runs show 1");
    assert!(shown.contains("from their declaration") && shown.contains("wrong_type"), "{shown}");
    let again = stored.run("persist gigs.jsonl --source gigs --complete");
    assert!(
        again.contains("warning") && again.contains("price is not of type number in 1 record"),
        "{again}"
    );

    let created = stored.run("db entities create --schema app");
    assert!(created.contains("app      events, events_revisions"), "{created}");
    assert!(created.contains("event.price: 1 value not of its type, null in the view"), "{created}");
    assert!(created.contains("event.title: required, and missing in 1 reference"), "{created}");
    assert_eq!(stored.value("(select sum(price) from app.events)::text"), "12.50");
    assert_eq!(
        stored.value("(select record_key from app.events where starts_at < '2026-02-01 19:30Z')"),
        "1"
    );
    let listed = stored.json("db entities list");
    assert_eq!(listed["items"][0]["relations"], json!(["events", "events_revisions"]));
    assert_eq!(listed["items"][0]["fields"], Value::Null);
    assert_eq!(stored.error("db entities create venue --schema app"), (Some(2), "entity_undeclared".into()));
    stored.execute("create table public.events (id int)");
    assert_eq!(stored.error("db entities create --schema public").1, "entity_refused");
    let checks = stored.run("doctor --verbose");
    assert!(!checks.contains("entity_event_"), "indexes of entities are no surprise: {checks}");

    stored.json("db entities drop event --schema app");
    assert_eq!(stored.error("db entities drop event --schema app"), (Some(2), "no_such_entity_views".into()));
    stored.json("db entities create event --schema app");
    stored.json("db down --to 0 --yes");
    assert_eq!(stored.value("to_regclass('app.events') is null"), "true");
}

#[test]
fn records_that_do_not_fit_are_rejected_where_the_entity_says_so() {
    let stored = stored("");
    let config = CONFIG.replace("view = \"events\"", "view = \"events\"\non_wrong_type = \"reject\"");
    stored.sandbox.configure(&format!("{config}\n[sources.gigs.guards]\nmax_rejected = 1\n"));
    let dry = stored.output("persist gigs.jsonl --source gigs --complete --dry-run --output json");
    let dry: Value = serde_json::from_slice(&dry.stdout).unwrap();
    assert_eq!(dry["dry_runs"][0]["num_rejected"], 2, "{dry}");
    let output = stored.output("persist gigs.jsonl --source gigs --complete --output json");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let run = &report["runs"][0];
    assert_eq!((&run["num_added"], &run["num_rejected"]), (&json!(1), &json!(2)), "{report}");
    let rejected =
        "(select string_agg(line || ' ' || reason_code || ': ' || message || ' ' || left(raw_text, 9), '; '
        order by line) from forebay.rejected_records)";
    assert_eq!(
        stored.value(rejected),
        "2 wrong_type: the field price must be number; found string {\"id\": 2,; \
         3 missing_field: the required field title has no value {\"id\": 3,"
    );
    // The type of the records may be known only to the database.
    stored.sandbox.configure("[entities.event]\npreset = \"event\"\non_wrong_type = \"reject\"");
    let run = stored.output("persist gigs.jsonl --source gigs --max-rejected 1 --output json");
    let report: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(report["runs"][0]["num_rejected"], 3, "starts_at is at the top level now: {report}");
}

#[test]
fn the_json_schema_of_an_entity_needs_no_database() {
    let stored = stored("");
    let printed = stored.sandbox.command("db entities schema event").output().unwrap();
    let schema: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["properties"]["when"]["properties"]["start"]["format"], "date-time");
    let failed = stored.run("db entities schema evnt");
    assert!(
        failed.contains("error[entity_undeclared]") && failed.contains("did you mean `event`?"),
        "{failed}"
    );
}
