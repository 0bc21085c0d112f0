//! Operations on hand-offs: retrying by cause, holding, and verifying that nothing was lost.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use forebay_domain::handoff::ReasonCode;
use forebay_engine::work::FAILURE_CODES;
use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
};

/// Three courses for a table, which rejects one.
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
    db.json(sandbox, "work --drain");
    db
}

fn state_of(db: &TestDb, key: &str) -> String {
    db.value(&format!(
        "select state from forebay.handoff_status where pipeline = 'rooms' and record_key = '{key}'"
    ))
}

/// An executable in the sandbox.
fn script(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn failures_are_retried_by_cause() {
    let sandbox = Sandbox::new();
    let db = three_courses(&sandbox);
    let line = "handoffs retry --pipeline rooms --reason-code value_rejected --since 2h";
    insta::assert_snapshot!("retry_dry_run", crate::shown(&db.run(&sandbox, &format!("{line} --dry-run"))));
    assert_eq!(state_of(&db, "b/2"), "failed");
    let (exit, done) = db.json(&sandbox, line);
    assert_eq!((exit, &done["num_done"], &done["is_dry_run"]), (0, &json!(1), &json!(false)));
    assert_eq!(
        done["done"],
        json!([{ "pipeline": "rooms", "state": "failed", "reason_code": "permanent",
            "failure_code": "value_rejected", "num_handoffs": 1 }])
    );
    assert_eq!(state_of(&db, "b/2"), "pending");
    let (exit, again) = db.json(&sandbox, "handoffs retry --reference courses/b/2 --pipeline rooms");
    assert_eq!(
        (exit, &again["refused"]),
        (
            1,
            &json!([{ "reason_code": "already_pending", "num_handoffs": 1,
                "message": "the hand-off is already waiting for a worker" }])
        )
    );
}

#[test]
fn waiting_hand_offs_are_held_and_released() {
    let sandbox = Sandbox::new();
    let db = three_courses(&sandbox);
    let filters = "--pipeline rooms --reference courses/a --reference courses/c";
    for (operation, state, count) in [
        ("retry", "pending", 2),
        ("snooze --not-before 2h", "pending", 2),
        ("hold", "held", 2),
        ("hold", "held", 0),
        ("release", "pending", 2),
        ("cancel --limit 1", "cancelled", 1),
    ] {
        let (_, done) = db.json(&sandbox, &format!("handoffs {operation} {filters}"));
        assert_eq!(done["num_done"], count, "{operation}: {done}");
        let of_state = db.value(&format!(
            "select count(*) from forebay.handoff_status where pipeline = 'rooms' and state = '{state}'"
        ));
        assert_eq!(of_state, count.max(if state == "held" { 2 } else { 0 }).to_string(), "{operation}");
    }
    insta::assert_snapshot!(
        "all_refused",
        crate::shown(&db.run(&sandbox, &format!("handoffs release {filters}")))
    );
}

#[test]
fn references_are_handed_off_on_demand() {
    let sandbox = Sandbox::new();
    let db = three_courses(&sandbox);
    let open = "select string_agg(r.record_key || ' ' || h.reason_code || ' ' || h.generation || ' ' || \
             (h.not_before > now() + interval '1 hour'), ', ' order by r.record_key) \
         from forebay.ingestion_handoffs as h join forebay.\"references\" as r using (reference_id) \
         join forebay.pipelines as p using (pipeline_id) where p.name = 'rooms'";
    let before = db.value("select count(*) from forebay.handoffs");
    let (exit, done) = db.json(&sandbox, "handoffs enqueue courses/a courses/c --pipeline rooms");
    assert_eq!((exit, &done["num_handoffs"], &done["due_at"]), (0, &json!(2), &json!(null)), "{done}");
    let (exit, text) = db.text(&sandbox, "handoffs enqueue courses/c --pipeline rooms --at 2h");
    assert_eq!(exit, 0);
    assert!(text.starts_with("enqueued: 1 for rooms, due "), "{text}");
    let found = db.value(open);
    assert!(found.contains("a requested 2 false") && found.contains("c requested 3 true"), "{found}");
    assert_eq!(db.value("select count(*) from forebay.handoffs"), before, "no content is handed off twice");
    for (line, code) in [
        ("handoffs enqueue courses/a --pipeline roms", "no_such_pipeline"),
        ("handoffs enqueue courses/x --pipeline rooms", "no_such_reference"),
    ] {
        let (exit, error) = db.json(&sandbox, line);
        assert_eq!((exit, &error["error"]["code"]), (2, &json!(code)), "{line}");
    }
}

#[test]
fn a_filter_is_demanded_and_checked() {
    let sandbox = Sandbox::new();
    let db = three_courses(&sandbox);
    insta::assert_snapshot!("no_filter", crate::shown(&db.run(&sandbox, "handoffs cancel")));
    for (line, code) in [
        ("handoffs retry --limit 5 --dry-run", "no_filter"),
        ("handoffs hold --pipeline x", "no_such_pipeline"),
        ("handoffs release --source x", "no_such_source"),
        ("handoffs cancel --reference courses/x", "no_such_reference"),
        ("handoffs list --source x", "no_such_source"),
        ("handoffs list --reason-code x", "no_such_code"),
        ("handoffs list --failure-code permanent", "no_such_code"),
    ] {
        let (exit, error) = db.json(&sandbox, line);
        assert_eq!((exit, &error["error"]["code"]), (2, &json!(code)), "{line}");
    }
    for (line, message, meant) in [
        ("--reason-code pernament", "there is no reason code \"pernament\"", "permanent"),
        ("--reason-code value_rejcted", "there is no reason code \"value_rejcted\"", "value_rejected"),
        ("--failure-code value_rejcted", "no hand-off has ever failed with the code", "value_rejected"),
    ] {
        let (_, error) = db.json(&sandbox, &format!("handoffs list {line}"));
        assert!(error["error"]["message"].as_str().unwrap().contains(message), "{error}");
        assert_eq!(error["error"]["hint"], json!(format!("did you mean `{meant}`?")));
    }
    insta::assert_snapshot!("bad_since", sandbox.run("handoffs retry --since soon"));
}

#[test]
fn lists_are_filtered_by_cause_source_and_time() {
    let sandbox = Sandbox::new();
    let db = three_courses(&sandbox);
    let count = |line: &str| {
        let (_, found) = db.json(&sandbox, &format!("handoffs list {line}"));
        found["items"].as_array().unwrap().len()
    };
    assert_eq!(count("--reason-code value_rejected"), 1);
    assert_eq!(count("--reason-code permanent --source courses --since 1h"), 1);
    assert_eq!(count("--since 2100-01-01"), 0);
    let (_, counts) = db.json(&sandbox, "handoffs counts --pipeline rooms");
    let codes = counts["items"].as_array().unwrap();
    assert!(codes.iter().any(|count| count["failure_code"] == "value_rejected"), "{counts}");
}

#[test]
fn missing_references_are_named_and_repaired() {
    let sandbox = Sandbox::new();
    let db = three_courses(&sandbox);
    let (exit, whole) = db.json(&sandbox, "handoffs verify");
    assert_eq!((exit, whole["pipelines"].as_array().unwrap().len()), (0, 2), "{whole}");
    db.execute(
        "delete from forebay.ingestion_outcomes where reference_id = forebay.reference_id('courses', 'a')",
    );
    insta::assert_snapshot!(
        "verify_missing",
        crate::shown(&db.run(&sandbox, "handoffs verify --pipeline rooms"))
    );
    let (exit, repaired) = db.json(&sandbox, "handoffs verify --pipeline rooms --repair");
    assert_eq!((exit, &repaired["pipelines"][0]["num_repaired"]), (0, &json!(1)));
    assert_eq!(state_of(&db, "a"), "pending");
}

#[test]
fn targets_are_asked_what_they_hold() {
    let sandbox = Sandbox::new();
    let db = three_courses(&sandbox);
    let (exit, whole) = db.json(&sandbox, "handoffs verify");
    assert_eq!(exit, 0, "{whole}");
    // The ingested rows are deleted, and an unknown row is added.
    db.execute(
        "delete from public.rooms where reference_id = forebay.reference_id('courses', 'a');
        insert into public.rooms (reference_id) values (forebay.reference_id('courses', 'z'));
        delete from forebay.documents where reference_id = forebay.reference_id('courses', 'c')",
    );
    let (exit, found) = db.json(&sandbox, "handoffs verify");
    let [documents, rooms] = found["pipelines"].as_array().unwrap().as_slice() else { panic!("{found}") };
    assert_eq!(exit, 1);
    assert_eq!(documents["target"], json!({"is_gone": false, "num_absent": 1, "num_extra": 0}));
    assert_eq!(rooms["target"], json!({"is_gone": false, "num_absent": 1, "num_extra": 1}));
    assert_eq!(
        (&rooms["wrong"][0]["record_key"], &rooms["wrong"][0]["problem"]),
        (&json!("a"), &json!("absent"))
    );
    let (exit, _) = db.json(&sandbox, "handoffs verify --pipeline documents --repair");
    assert_eq!(exit, 0);
    let (exit, _) = db.json(&sandbox, "handoffs verify --pipeline rooms --repair");
    assert_eq!(exit, 1, "what was never a reference cannot be handed off");
    db.json(&sandbox, "work --drain");
    let (_, again) = db.json(&sandbox, "handoffs verify");
    assert_eq!(again["pipelines"][0]["target"]["num_absent"], 0, "{again}");
    assert_eq!(again["pipelines"][1]["target"]["num_absent"], 0, "{again}");
}

#[test]
fn a_command_tells_what_it_holds() {
    let sandbox = Sandbox::new();
    let db = three_courses(&sandbox);
    let id = |key: &str| db.value(&format!("select forebay.reference_id('courses', '{key}')"));
    // PATH is empty in the tests.
    script(sandbox.path(), "ids", &format!("#!/bin/sh\necho {}\necho\necho {}\n", id("a"), id("gone")));
    let line = "handoffs verify --pipeline rooms --output json --command -- ./ids";
    let output = db.run(&sandbox, line);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        found["pipelines"][0]["target"],
        json!({"is_gone": false, "num_absent": 1, "num_extra": 1}),
        "{found}"
    );

    script(sandbox.path(), "broken", "#!/bin/sh\nexit 3\n");
    script(sandbox.path(), "chatty", "#!/bin/sh\necho hello\n");
    for (program, code) in
        [("./broken", "command_failed"), ("./chatty", "command_failed"), ("./none", "command_failed")]
    {
        let line = format!("handoffs verify --pipeline rooms --repair --output json --command -- {program}");
        let output = db.run(&sandbox, &line);
        let error: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(error["error"]["code"], code, "{program}");
    }
    assert_eq!(state_of(&db, "c"), "succeeded", "a list that is not whole repairs nothing");
}

#[test]
fn the_command_gets_no_secret_that_the_configuration_names() {
    let sandbox = Sandbox::new();
    let db = three_courses(&sandbox);
    let source = "\n[sources.tokens]\nkey = \"id\"\n[sources.tokens.command]\nargv = [\"true\"]\nformat = \"json\"\n\
                  env = { TOKEN = { env = \"A_TOKEN\" } }\n";
    let file = sandbox.path().join("forebay.toml");
    fs::write(&file, fs::read_to_string(&file).unwrap() + source).unwrap();
    script(sandbox.path(), "ids", "#!/bin/sh\necho \"<$A_TOKEN>\" > seen\n");
    // The database is not the configuration's, so the file is not needed to find it.
    let line = format!("--database-url {} handoffs verify --pipeline rooms --command -- ./ids", db.url);
    let output = sandbox.command(&line).env("A_TOKEN", "hush").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", crate::shown(&output));
    assert_eq!(fs::read_to_string(sandbox.path().join("seen")).unwrap(), "<>\n");
}

#[test]
fn the_runbook_has_an_entry_for_every_reason() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/operate-handoffs.md");
    let guide = fs::read_to_string(path).unwrap();
    for reason in ReasonCode::ALL {
        let heading = format!("\n### `{reason}`\n");
        assert!(guide.contains(&heading), "the runbook has no entry for {reason}");
    }
}

#[test]
fn the_runbook_lists_the_failure_codes_of_every_handler() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/operate-handoffs.md");
    let guide = fs::read_to_string(path).unwrap();
    let (_, table) = guide.split_once("## Failure codes").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" |"));
    let listed: Vec<String> =
        rows.flat_map(|(codes, _)| codes.split(", ")).map(|code| code.replace('`', "")).collect();
    assert_eq!(listed, FAILURE_CODES);
}

/// Follows `next` from page to page: the pages' items.
fn pages(db: &TestDb, sandbox: &Sandbox, line: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut after = String::new();
    loop {
        let (exit, page) = db.json(sandbox, &format!("{line}{after}"));
        assert_eq!(exit, 0, "{page}");
        pages.push(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { return pages };
        after = format!(" --after {next}");
    }
}

#[test]
fn hand_offs_and_runs_are_listed_page_by_page() {
    let sandbox = Sandbox::new();
    let db = three_courses(&sandbox);
    for title in ["Logic", "Sets"] {
        let file = write_records(&sandbox, "more.jsonl", [json!({ "id": "a", "title": title })]);
        assert!(db.run(&sandbox, &format!("persist {file} --source courses --key id")).status.success());
    }
    for (line, num_items) in [("handoffs list", 10), ("runs list", 3)] {
        let (_, whole) = db.json(&sandbox, line);
        let whole = whole["items"].as_array().unwrap();
        assert_eq!(whole.len(), num_items, "{whole:?}");
        let by_two = pages(&db, &sandbox, &format!("{line} --limit 2"));
        assert!(by_two.iter().rev().skip(1).all(|page| page.len() == 2), "{by_two:?}");
        assert_eq!(&by_two.concat(), whole);
        let (exit, wrong) = db.json(&sandbox, &format!("{line} --after zz"));
        assert_eq!((exit, &wrong["error"]["code"]), (2, &json!("cursor_invalid")));
    }
}
