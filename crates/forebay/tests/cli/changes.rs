//! `show`, `list` and `changes`: one reference, those of a source, and what changed as a stream that can be resumed.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    process::Stdio,
    thread,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
};

fn persist(db: &TestDb, sandbox: &Sandbox, source: &str, records: impl IntoIterator<Item = Value>) -> i32 {
    let name = format!("{source}.jsonl");
    let file = write_records(sandbox, &name, records);
    let line = format!("persist {file} --source {source} --key id --entity thing --complete");
    db.json(sandbox, &line).0
}

/// The changes after a cursor, in pages of `limit`, as `(key, change, version)`, and where to continue.
fn changes(
    db: &TestDb,
    sandbox: &Sandbox,
    mut since: Option<String>,
    options: &str,
) -> (Vec<(String, String, i64)>, String) {
    let mut found = Vec::new();
    loop {
        let start = since.map_or_else(String::new, |since| format!("--since {since}"));
        let (exit, page) = db.json(sandbox, &format!("changes {start} {options}"));
        assert_eq!(exit, 0, "{page}");
        for event in page["items"].as_array().unwrap() {
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            found.push((text("record_key"), text("change"), event["version"].as_i64().unwrap()));
        }
        let next = page["next"].as_str().unwrap().to_owned();
        if page["is_last"] == true {
            return (found, next);
        }
        since = Some(next);
    }
}

fn brief(changes: &[(&str, &str, i64)]) -> BTreeSet<(String, String, i64)> {
    changes.iter().map(|(key, change, version)| ((*key).to_owned(), (*change).to_owned(), *version)).collect()
}

#[test]
fn changes_are_read_once_whatever_the_size_of_a_page() {
    let (sandbox, db) = (Sandbox::new(), database());
    let record = |id: &str, title: &str| json!({ "id": id, "title": title });
    persist(&db, &sandbox, "things", [record("a", "1"), record("b", "1"), record("c", "1")]);
    let (first, cursor) = changes(&db, &sandbox, None, "");
    assert_eq!(
        first.into_iter().collect::<BTreeSet<_>>(),
        brief(&[("a", "added", 1), ("b", "added", 1), ("c", "added", 1)])
    );
    persist(&db, &sandbox, "things", [record("a", "2"), record("b", "1"), record("c", "1")]);
    persist(&db, &sandbox, "things", [record("a", "2"), record("b", "1")]);
    persist(&db, &sandbox, "things", [record("a", "2"), record("b", "1")]);
    persist(&db, &sandbox, "others", [record("x", "1")]);
    let expected = [("a", "updated", 2), ("c", "removed", 1), ("x", "added", 1)]
        .map(|(key, change, version)| (key.to_owned(), change.to_owned(), version));
    for limit in [1, 2, 50] {
        let (found, _) = changes(&db, &sandbox, Some(cursor.clone()), &format!("--limit {limit}"));
        assert_eq!(found, expected, "pages of {limit}");
    }
    // The addition of a reference that was removed since is part of the stream, too.
    let (all, end) = changes(&db, &sandbox, None, "--limit 1");
    assert_eq!(all.len(), 6, "{all:?}");
    assert_eq!(changes(&db, &sandbox, Some(end), "").0, []);
    assert_eq!(changes(&db, &sandbox, None, "--source others --limit 1").0.len(), 1);
    assert_eq!(changes(&db, &sandbox, Some("1h".to_owned()), "").0.len(), 6);
    assert_eq!(changes(&db, &sandbox, Some("2100-01-01".to_owned()), "").0, []);
}

#[test]
fn a_cursor_of_another_database_is_refused() {
    let (sandbox, db) = (Sandbox::new(), database());
    persist(&db, &sandbox, "things", [json!({ "id": "a" })]);
    let (_, cursor) = changes(&db, &sandbox, None, "");
    let other = database();
    let (exit, error) = other.json(&sandbox, &format!("changes --since {cursor}"));
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("cursor_invalid")));
    assert_eq!(db.run(&sandbox, "changes --since yesterday").status.code(), Some(2));
}

#[test]
fn what_a_run_withheld_comes_when_it_is_released() {
    let (sandbox, db) = (Sandbox::new(), database());
    let record = |n: usize, title: &str| json!({ "id": format!("k{n:02}"), "title": title });
    persist(&db, &sandbox, "things", (0..40).map(|n| record(n, "1")));
    let (_, cursor) = changes(&db, &sandbox, None, "");
    // Held because of its removals; the update is applied at once.
    let exit = persist(&db, &sandbox, "things", (0..5).map(|n| record(n, if n == 0 { "2" } else { "1" })));
    assert_eq!(exit, 3);
    let (applied, after) = changes(&db, &sandbox, Some(cursor.clone()), "--limit 1");
    assert_eq!(applied, [("k00".to_owned(), "updated".to_owned(), 2)]);
    assert_eq!(db.json(&sandbox, "runs release latest").0, 0);
    let (released, _) = changes(&db, &sandbox, Some(after), "--limit 3");
    assert_eq!(released.len(), 35);
    assert!(released.iter().all(|(_, change, _)| change == "removed"), "{released:?}");
    let (late, _) = changes(&db, &sandbox, Some(cursor), "--limit 4");
    assert_eq!(late.len(), 36, "a reader that comes late gets each change once");
    assert_eq!(late.iter().collect::<BTreeSet<_>>().len(), 36);
}

/// Runs of many sources end at the same time while a reader follows them.
#[test]
fn a_reader_of_concurrent_runs_misses_nothing_and_reads_nothing_twice() {
    const SOURCES: usize = 6;
    const DAYS: usize = 5;
    let db = database();
    let (url, reader_box) = (db.url.clone(), Sandbox::new());
    let mut writers = Vec::new();
    for source in 0..SOURCES {
        let url = url.clone();
        writers.push(thread::spawn(move || {
            let sandbox = Sandbox::new();
            for day in 0..DAYS {
                let records = (0..4 + day)
                    .map(|n| json!({ "id": format!("s{source}-{n}"), "day": if n == 0 { day } else { 0 } }));
                let file = write_records(&sandbox, "day.jsonl", records);
                let line = format!("persist {file} --source s{source} --key id --entity thing");
                let output = sandbox.command(&line).env("FOREBAY_DATABASE_URL", &url).output().unwrap();
                assert!(output.status.success(), "{}", crate::shown(&output));
            }
        }));
    }
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let has_ended = writers.iter().all(thread::JoinHandle::is_finished);
        let (more, next) = changes(&db, &reader_box, cursor, "--limit 3");
        found.extend(more);
        cursor = Some(next);
        if has_ended {
            break;
        }
    }
    for writer in writers {
        writer.join().unwrap();
    }
    // Each day after the first adds one key and changes another.
    assert_eq!(found.len(), SOURCES * (4 + (DAYS - 1) * 2));
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len(), "nothing twice");
}

#[test]
fn a_follower_prints_changes_as_they_come() {
    let (sandbox, db) = (Sandbox::new(), database());
    persist(&db, &sandbox, "things", [json!({ "id": "before" })]);
    let mut command = sandbox.command("changes --follow --output json");
    command.env("FOREBAY_DATABASE_URL", &db.url).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut follower = command.spawn().unwrap();
    db.wait_for_query("run_ends");
    persist(&db, &sandbox, "things", [json!({ "id": "before" }), json!({ "id": "after" })]);
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let event: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!((&event["record_key"], &event["change"]), (&json!("after"), &json!("added")));
    kill_process(Pid::from_child(&follower), Signal::INT).unwrap();
    assert_eq!(lines.map(Result::unwrap).collect::<Vec<_>>(), [] as [String; 0]);
    let output = follower.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", crate::shown(&output));
    let cursor = event["cursor"].as_str().unwrap();
    assert_eq!(changes(&db, &sandbox, Some(cursor.to_owned()), "").0, []);
}

#[test]
fn references_are_listed_and_shown() {
    let (sandbox, db) = (Sandbox::new(), database());
    let records = (0..5)
        .map(|n| json!({ "id": format!("k{n}"), "room": if n < 3 { "B12" } else { "C1" }, "seats": n }));
    persist(&db, &sandbox, "things", records);
    let keys = |line: &str| -> Vec<String> {
        let (mut keys, mut after) = (BTreeSet::new(), String::new());
        loop {
            let (exit, page) = db.json(&sandbox, &format!("{line} {after}"));
            assert_eq!(exit, 0, "{page}");
            keys.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["record_key"].as_str().unwrap().to_owned()),
            );
            match page["next"].as_str() {
                Some(next) => after = format!("--after {next}"),
                None => return keys.into_iter().collect(),
            }
        }
    };
    assert_eq!(keys("list --source things --limit 2"), ["k0", "k1", "k2", "k3", "k4"]);
    assert_eq!(keys("list --source things --where room=B12 --limit 1"), ["k0", "k1", "k2"]);
    assert_eq!(keys("list --source things --where room=B12 --where seats=1"), ["k1"]);
    assert_eq!(keys("list --source things --where room=none"), [] as [&str; 0]);
    for (field, hint) in [
        ("rom", "did you mean `room`?"),
        ("/room/floor", "the fields are `id`, `room`, `seats`"),
        ("nothing", "the fields are `id`, `room`, `seats`"),
    ] {
        let (exit, document) = db.json(&sandbox, &format!("list --source things --where {field}=1"));
        let error = &document["error"];
        assert_eq!(
            (exit, &error["code"], &error["hint"]),
            (2, &json!("no_such_field"), &json!(hint)),
            "{error}"
        );
    }
    assert_eq!(keys("list --source things --removed"), [] as [&str; 0]);
    let (exit, error) = db.json(&sandbox, "list --source thigns");
    assert_eq!((exit, &error["error"]["hint"]), (2, &json!("did you mean `things`?")));
    let (exit, error) = db.json(&sandbox, "list --source things --scope a=b");
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("no_such_scope")));

    let (exit, shown) = db.json(&sandbox, "show things/k1");
    assert_eq!((exit, &shown["payload"]), (0, &json!({ "id": "k1", "room": "B12", "seats": 1 })));
    let id = shown["reference_id"].as_str().unwrap().to_owned();
    assert_eq!(db.json(&sandbox, &format!("show {id}")).1["record_key"], "k1");
    let (_, text) = db.text(&sandbox, "show things/k1");
    assert!(text.contains("active") && text.contains("\"room\": \"B12\""), "{text}");
    assert_eq!(db.json(&sandbox, "show things/k9").1["error"]["code"], "no_such_reference");
}

#[test]
fn a_configured_entity_type_without_records_has_no_changes() {
    let (sandbox, db) = (Sandbox::new(), database());
    let config = "[sources.courses]\nkey = \"id\"\nentity = \"course\"\n[sources.courses.command]\nargv = [\"true\"]\n";
    sandbox.configure(config);
    let (exit, found) = db.json(&sandbox, "changes --entity course");
    assert_eq!((exit, &found["items"]), (0, &json!([])), "{found}");
    let (exit, error) = db.json(&sandbox, "changes --entity cuorse");
    assert_eq!((exit, &error["error"]["hint"]), (2, &json!("did you mean `course`?")), "{error}");
}
