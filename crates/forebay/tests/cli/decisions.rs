//! Decisions about runs from the command line: what is shown before, what is refused, and what is advised after some.

use std::{fs, ops::Range, path::Path};

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
};

struct World {
    sandbox: Sandbox,
    db: TestDb,
}

impl World {
    fn new() -> Self {
        Self { sandbox: Sandbox::new(), db: database() }
    }

    /// Persists records as a complete run. Returns the exit code and the run.
    fn persist(&self, records: impl IntoIterator<Item = Value>) -> (i32, Value) {
        write_records(&self.sandbox, "day.jsonl", records);
        let line = "persist day.jsonl --source courses --key id --complete";
        let (exit, mut document) = self.db.json(&self.sandbox, line);
        (exit, document["runs"][0].take())
    }

    fn json(&self, line: &str) -> (i32, Value) {
        self.db.json(&self.sandbox, line)
    }

    fn num_active(&self) -> String {
        self.db.value("select count(*) from forebay.\"references\" where removed_at is null")
    }
}

fn records(numbers: Range<usize>, title: &str) -> impl Iterator<Item = Value> {
    numbers.map(move |number| json!({ "id": format!("C-{number:03}"), "title": format!("{title} {number}") }))
}

#[test]
fn a_rolling_window_is_judged_afresh_each_day() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases/rolling_window_latch");
    let world = World::new();
    let mut runs = Vec::new();
    for day in ["day1", "day2", "day3"] {
        let Ok(text) = fs::read_to_string(folder.join(format!("{day}.jsonl"))) else {
            println!("SKIPPED: there is no case in {}", folder.display());
            return;
        };
        let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        runs.push(world.persist(records));
    }
    let of = |day: usize| {
        let (exit, run) = &runs[day];
        let number = |name: &str| run[name].as_u64().unwrap();
        (*exit, number("num_added"), number("num_removed"), number("num_withheld"))
    };
    assert_eq!(of(0), (0, 10, 0, 0));
    // The additions are applied, and the removals wait.
    assert_eq!(of(1), (3, 8, 0, 8));
    // The next day is not compared with the first one: its own two removals are applied.
    assert_eq!(of(2), (3, 2, 2, 8));
    let message = runs[2].1["message"].as_str().unwrap();
    assert!(message.contains("8 references missing in 2 runs in a row since"), "{message}");

    let run_id = &runs[2].1["run_id"];
    assert_eq!(world.json(&format!("runs release {run_id}")).0, 0);
    for day in 4..=20 {
        let first = 5 + 2 * day;
        let (exit, run) = world.persist((first..first + 10).map(|id| json!({ "id": id })));
        assert_eq!((exit, &run["num_removed"]), (0, &json!(2)), "{run}");
    }
    // By now it is known that the list shows only its newest records.
    let (_, doctor) = world.json("doctor");
    let checks = doctor["checks"].as_array().unwrap();
    let advice = checks.iter().find(|check| check["code"] == "never_remove").unwrap();
    assert_eq!(advice["subject"], "courses");
    assert!(advice["message"].as_str().unwrap().contains("`removals = \"never\"`"), "{advice}");
}

#[test]
fn a_decision_is_shown_before_it_is_made() {
    let world = World::new();
    assert_eq!(world.persist(records(0..40, "Old")).0, 0);
    let (exit, run) = world.persist(records(0..5, "Old").chain(records(5..8, "New")));
    assert_eq!((exit, &run["num_updated"]), (3, &json!(3)), "{run}");
    let run_id = run["run_id"].as_i64().unwrap();

    let (_, text) = world.db.text(&world.sandbox, &format!("runs diff {run_id} --limit 2"));
    assert!(
        text.starts_with("run 2 of courses: would remove 32 of 40 active references (80.0 %)\n"),
        "{text}"
    );
    assert!(text.contains("\nremoved   C-"), "{text}");
    let (_, first) = world.json(&format!("runs diff {run_id} --limit 30"));
    let next = first["changes"]["next"].as_str().unwrap();
    let (_, second) = world.json(&format!("runs diff {run_id} --limit 30 --after {next}"));
    assert_eq!(second["changes"]["items"].as_array().unwrap().len(), 2);
    assert_eq!(second["changes"]["next"], Value::Null);
    assert_eq!(first["effects"]["removed_share"], 0.8);

    for decision in ["release", "reject"] {
        let (exit, planned) = world.json(&format!("runs {decision} {run_id} --dry-run"));
        let said = world.db.run(&world.sandbox, &format!("runs {decision} {run_id} --dry-run")).stderr;
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("would remove 32 of 40 active references"), "{said}");
        assert_eq!((exit, &planned["is_dry_run"]), (0, &json!(true)), "{planned}");
        assert_eq!(
            (&planned["effects"]["num_removed"], &planned["run"]["status"]),
            (&json!(32), &json!("held"))
        );
    }
    assert_eq!(world.num_active(), "40");
    let output = world.db.run(&world.sandbox, &format!("runs release {run_id}"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("releasing run 2 of courses: removes 32 of 40 active references"), "{said}");
    assert_eq!(world.num_active(), "8");

    let (exit, planned) = world.json(&format!("runs revert {run_id} --dry-run"));
    assert_eq!((exit, &planned["effects"]["num_restored"], &planned["num_kept"]), (0, &json!(32), &json!(0)));
    let (exit, reverted) = world.json(&format!("runs revert {run_id}"));
    assert_eq!(
        (exit, &reverted["run"]["num_restored"], &reverted["run"]["num_updated"]),
        (0, &json!(32), &json!(3))
    );
    assert_eq!(world.num_active(), "40");
    let (_, shown) = world.json(&format!("runs show {run_id}"));
    assert_eq!(shown["run"]["reverted_by"], reverted["run"]["run_id"]);
    let (exit, again) = world.json(&format!("runs revert {run_id}"));
    assert_eq!((exit, &again["error"]["code"]), (2, &json!("run_already_reverted")));
}

#[test]
fn a_run_that_is_out_of_date_is_not_released() {
    let world = World::new();
    assert_eq!(world.persist(records(0..40, "Old")).0, 0);
    let (_, run) = world.persist(records(0..5, "Old"));
    let run_id = run["run_id"].as_i64().unwrap();
    write_records(&world.sandbox, "more.jsonl", records(40..41, "Old"));
    assert_eq!(world.json("persist more.jsonl --source courses --key id").0, 0);
    let (exit, planned) = world.json(&format!("runs release {run_id} --dry-run"));
    assert_eq!(
        (exit, &planned["effects"]["num_removed"]),
        (0, &json!(35)),
        "an incremental run decides nothing"
    );
    let (_, newer) = world.persist(records(0..6, "Old").chain(records(40..41, "Old")));
    let (exit, refused) = world.json(&format!("runs release {run_id}"));
    assert_eq!((exit, &refused["error"]["code"]), (2, &json!("run_not_held")), "{refused}");
    assert_eq!(world.num_active(), "41");
    assert_eq!(world.json(&format!("runs reject {}", newer["run_id"])).0, 0);
}

#[test]
fn after_two_re_keys_following_is_suggested() {
    let world = World::new();
    let keyed = |prefix: &'static str| {
        (0..20).map(
            move |number| json!({ "id": format!("{prefix}{number}"), "title": format!("Course {number}") }),
        )
    };
    assert_eq!(world.persist(keyed("a")).0, 0);
    for prefix in ["b", "c"] {
        let (exit, run) = world.persist(keyed(prefix));
        assert_eq!((exit, &run["reason_code"]), (3, &json!("rekey_suspected")), "{run}");
        let (exit, planned) = world.json(&format!("runs rekey {} --dry-run", run["run_id"]));
        assert_eq!((exit, &planned["num_rekeyed"]), (0, &json!(20)), "{planned}");
        assert_eq!(world.json(&format!("runs rekey {}", run["run_id"])).0, 0);
    }
    write_records(&world.sandbox, "day.jsonl", keyed("c"));
    let output = world.db.run(&world.sandbox, "persist day.jsonl --source courses --key id --complete");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("`rekey = \"follow\"`"), "{said}");
    let (_, doctor) = world.json("doctor");
    let is_follow = |check: &&Value| check["code"] == "follow_rekeys";
    assert!(doctor["checks"].as_array().unwrap().iter().any(|check| is_follow(&check)), "{doctor:#}");
}
