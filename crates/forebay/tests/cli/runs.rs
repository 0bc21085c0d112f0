//! Runs that a guard holds, and the operator's decisions about them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
};

const ACTIVE: &str = "select count(*) from forebay.\"references\" where removed_at is null";
const REMOVED: &str = "select count(*) from forebay.\"references\" where removed_at is not null";

fn course(number: usize) -> Value {
    json!({ "id": format!("C-{number:03}"), "title": format!("Course {number}"), "room": format!("R{number}") })
}

/// Persists a file as a complete run of the source `courses`. Returns its exit code and its part of the document.
fn persist(db: &TestDb, sandbox: &Sandbox, file: &str, more: &str) -> (i32, Value) {
    let line = format!("persist {file} --source courses --key id --complete {more}");
    let (exit, mut document) = db.json(sandbox, &line);
    (exit, document["runs"][0].take())
}

/// A database with forty courses.
fn forty_courses(sandbox: &Sandbox) -> TestDb {
    let db = database();
    let file = write_records(sandbox, "all.jsonl", (0..40).map(course));
    let (exit, run) = persist(&db, sandbox, file, "");
    assert_eq!((exit, &run["num_added"]), (0, &json!(40)));
    db
}

/// The same, with a held run that would remove thirty-five of them. Returns its id.
fn held_removal(db: &TestDb, sandbox: &Sandbox) -> i64 {
    let file = write_records(sandbox, "few.jsonl", (0..5).map(course));
    let (exit, run) = persist(db, sandbox, file, "");
    assert_eq!((exit, &run["status"]), (3, &json!("held")), "{run}");
    assert_eq!(db.value(ACTIVE), "40");
    run["run_id"].as_i64().unwrap()
}

#[test]
fn a_held_removal_is_applied_when_released() {
    let sandbox = Sandbox::new();
    let db = forty_courses(&sandbox);
    let run = held_removal(&db, &sandbox);

    let (exit, shown) = db.json(&sandbox, &format!("runs show {run}"));
    assert_eq!((exit, &shown["run"]["status"]), (0, &json!("held")));
    assert_eq!(shown["held"]["num_removed"], 35);
    assert_eq!(shown["run"]["num_withheld"], 35);
    let (_, text) = db.text(&sandbox, &format!("runs show {run}"));
    for part in ["would remove", "max_removed_share", "title", &format!("forebay runs release {run}")] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let (_, listed) = db.json(&sandbox, "runs list --status held");
    assert_eq!(listed["items"][0]["run_id"], run);

    let (exit, released) = db.json(&sandbox, &format!("runs release {run}"));
    assert_eq!((exit, &released["run"]["status"]), (0, &json!("complete")));
    assert_eq!(
        (&released["run"]["reason_code"], &released["run"]["num_removed"]),
        (&json!("released"), &json!(35))
    );
    assert_eq!((db.value(ACTIVE), db.value(REMOVED)), ("5".to_owned(), "35".to_owned()));
    assert_eq!(db.value("select count(*) from forebay.scrape_run_changes"), "0");

    let (exit, again) = db.json(&sandbox, &format!("runs release {run}"));
    assert_eq!((exit, &again["error"]["code"]), (2, &json!("run_not_held")));
}

#[test]
fn a_held_removal_is_dropped_when_rejected() {
    let sandbox = Sandbox::new();
    let db = forty_courses(&sandbox);
    let run = held_removal(&db, &sandbox);
    let (exit, rejected) = db.json(&sandbox, &format!("runs reject {run}"));
    assert_eq!((exit, &rejected["run"]["status"]), (0, &json!("aborted")));
    assert_eq!(rejected["run"]["reason_code"], "rejected");
    assert_eq!((db.value(ACTIVE), db.value(REMOVED)), ("40".to_owned(), "0".to_owned()));
    assert_eq!(db.value("select count(*) from forebay.scrape_run_changes"), "0");
}

#[test]
fn an_empty_complete_run_is_held() {
    let sandbox = Sandbox::new();
    let db = forty_courses(&sandbox);
    let file = write_records(&sandbox, "none.jsonl", []);
    let (exit, run) = persist(&db, &sandbox, file, "");
    assert_eq!(
        (exit, &run["status"], &run["reason_code"]),
        (3, &json!("held"), &json!("empty_run")),
        "{run}"
    );
    assert_eq!(db.value(ACTIVE), "40");
}

#[test]
fn a_run_whose_field_lost_its_values_is_held() {
    let sandbox = Sandbox::new();
    let db = forty_courses(&sandbox);
    let without_title =
        |number| json!({ "id": format!("C-{number:03}"), "title": "", "room": format!("R{number}") });
    let file = write_records(&sandbox, "bare.jsonl", (0..40).map(without_title));
    let (exit, run) = persist(&db, &sandbox, file, "");
    assert_eq!((exit, &run["reason_code"]), (3, &json!("coverage_drop")), "{run}");
    assert_eq!(db.value("select count(*) from forebay.\"references\" where payload ->> 'title' = ''"), "0");
}

#[test]
fn a_later_good_run_makes_a_held_one_obsolete() {
    let sandbox = Sandbox::new();
    let db = forty_courses(&sandbox);
    let held = held_removal(&db, &sandbox);
    let file = write_records(&sandbox, "next.jsonl", (0..41).map(course));
    let (exit, run) = persist(&db, &sandbox, file, "");
    assert_eq!((exit, &run["num_added"]), (0, &json!(1)), "{run}");

    let (exit, refused) = db.json(&sandbox, &format!("runs release {held}"));
    assert_eq!((exit, &refused["error"]["code"]), (2, &json!("run_not_held")));
    assert_eq!(db.value(ACTIVE), "41");
    let (_, shown) = db.json(&sandbox, &format!("runs show {held}"));
    assert_eq!((&shown["run"]["status"], &shown["held"]), (&json!("aborted"), &Value::Null));
    let (_, text) = db.text(&sandbox, &format!("runs show {held}"));
    assert!(!text.contains("Choices"), "{text}");
}

#[test]
fn a_run_shows_what_it_rejected() {
    let sandbox = Sandbox::new();
    let db = database();
    let line = |number: usize| {
        if number == 3 { "{\"id\": \u{1b}[31m".to_owned() } else { course(number).to_string() }
    };
    let text: Vec<String> = (0..40).map(line).collect();
    std::fs::write(sandbox.path().join("torn.jsonl"), text.join("\n")).unwrap();
    let (exit, run) = persist(&db, &sandbox, "torn.jsonl", "");
    assert_eq!((exit, &run["status"]), (6, &json!("partial")), "{run}");
    let (_, shown) = db.json(&sandbox, "runs show 1");
    let rejected = shown["rejected"].as_array().unwrap();
    assert_eq!((rejected.len(), &rejected[0]["line"]), (1, &json!(4)));
    assert_eq!(rejected[0]["reason_code"], "invalid_json");
    let (_, text) = db.text(&sandbox, "runs show 1");
    assert!(text.contains("Rejected records: 1") && text.contains("invalid_json"), "{text}");
    assert!(!text.contains('\u{1b}'), "the input steers the terminal: {text:?}");
}

#[test]
fn unknown_runs_and_sources_are_errors() {
    let sandbox = Sandbox::new();
    let db = database();
    for command in ["show", "release", "reject", "rekey"] {
        let (exit, error) = db.json(&sandbox, &format!("runs {command} 77"));
        assert_eq!((exit, &error["error"]["code"]), (2, &json!("no_such_run")), "{command}");
        assert!(error["error"]["hint"].as_str().unwrap().contains("forebay runs list"));
    }
    let (_, error) = db.json(&sandbox, "runs list --source nowhere");
    assert_eq!(error["error"]["code"], "no_such_source");
    assert_eq!(db.text(&sandbox, "runs list"), (0, "no runs\n".to_owned()));
}

#[test]
fn a_mass_removal_is_not_applied_as_a_rekey() {
    let sandbox = Sandbox::new();
    let db = forty_courses(&sandbox);
    let run = held_removal(&db, &sandbox);
    let (exit, refused) = db.json(&sandbox, &format!("runs rekey {run}"));
    assert_eq!((exit, &refused["error"]["code"]), (1, &json!("not_a_rekey")));
    let (_, shown) = db.json(&sandbox, &format!("runs show {run}"));
    assert_eq!(shown["run"]["status"], "held");
}

/// A real source with real history: in its third snapshot all 405 ids lose a prefix.
#[test]
fn a_rekey_of_a_real_source_keeps_every_reference() {
    let Some(folder) = real_scrapes("kerndoelen") else { return };
    let sandbox = Sandbox::new();
    let db = database();
    let snapshot = |number: usize| {
        let prefix = format!("{number:04}_");
        let mut files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let file =
            files.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&prefix)).unwrap();
        let time = file.file_stem().unwrap().to_str().unwrap()[5..].to_owned();
        let (exit, mut document) = db.json(
            &sandbox,
            &format!(
                "persist {} --source kerndoelen --key id --complete --observed-at {time}",
                file.display()
            ),
        );
        (exit, document["runs"][0].take())
    };
    let ids = "select reference_id::text from forebay.\"references\" order by reference_id";
    let keys = "select record_key from forebay.\"references\" where removed_at is null order by reference_id";

    for number in [0, 1] {
        let (exit, run) = snapshot(number);
        assert_eq!((exit, &run["status"], &run["num_seen"]), (0, &json!("complete"), &json!(405)), "{run}");
    }
    let (ids_before, keys_before) = (db.rows(ids), db.rows(keys));
    assert_eq!(ids_before.len(), 405);

    let mut last_held = 0;
    for _ in 0..2 {
        let (exit, run) = snapshot(2);
        assert_eq!(
            (exit, &run["status"], &run["reason_code"]),
            (3, &json!("held"), &json!("rekey_suspected"))
        );
        assert!(run["run_id"].as_i64().unwrap() > last_held);
        last_held = run["run_id"].as_i64().unwrap();
        assert_eq!(db.rows(keys), keys_before);
    }
    let (_, text) = db.text(&sandbox, &format!("runs show {last_held}"));
    assert!(text.contains(&format!("forebay runs rekey {last_held}")), "{text}");

    let (exit, rekeyed) = db.json(&sandbox, &format!("rekey {last_held}"));
    assert_eq!((exit, &rekeyed["num_rekeyed"]), (0, &json!(405)), "{rekeyed}");
    assert_eq!((&rekeyed["run"]["num_added"], &rekeyed["run"]["num_removed"]), (&json!(0), &json!(0)));
    assert_eq!(db.rows(ids), ids_before);
    let keys_after = db.rows(keys);
    assert!(keys_before.iter().zip(&keys_after).all(|(old, new)| old != new));
    for number in [0, 200, 404] {
        for key in [&keys_before[number][0], &keys_after[number][0]] {
            let (exit, shown) = db.json(&sandbox, &format!("handoffs show kerndoelen/{key}"));
            assert_eq!(
                (exit, &shown["reference"]["reference_id"]),
                (0, &json!(ids_before[number][0])),
                "{key}"
            );
        }
    }

    let (exit, replay) = snapshot(2);
    assert_eq!((exit, &replay["num_unchanged"]), (0, &json!(405)), "{replay}");
    for count in ["num_added", "num_updated", "num_removed", "num_restored", "num_handoffs"] {
        assert_eq!(replay[count], 0, "{count}");
    }
}

/// The folder of real scrapes, which is not part of the repository. Prints a note if it is missing.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn real_scrapes(source: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(source);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: there are no real scrapes in {}", folder.display());
    None
}
