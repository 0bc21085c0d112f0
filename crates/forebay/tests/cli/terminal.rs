//! Questions to a person at a terminal: decisions about runs are made only after the word `yes`.

use std::{ffi::OsStr, fs::File, io::Write, os::unix::ffi::OsStrExt, process::Output};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
    shown,
};

/// End of file, as a person types it.
const CONTROL_D: &str = "\x04";

struct World {
    sandbox: Sandbox,
    db: TestDb,
}

impl World {
    fn new() -> Self {
        Self { sandbox: Sandbox::new(), db: database() }
    }

    /// Runs a command whose standard input is a terminal, where a person types an answer.
    fn answer(&self, line: &str, typed: &str) -> Output {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap();
        let terminal =
            File::options().read(true).write(true).open(OsStr::from_bytes(name.to_bytes())).unwrap();
        let mut person = File::from(person);
        person.write_all(typed.as_bytes()).unwrap();
        let mut command = self.sandbox.command(line);
        command.env("FOREBAY_DATABASE_URL", &self.db.url).stdin(terminal).output().unwrap()
    }

    /// Persists records as a complete run, and returns its id.
    fn persist(&self, records: impl Iterator<Item = Value>, expected: i32) -> String {
        write_records(&self.sandbox, "day.jsonl", records);
        let (exit, document) =
            self.db.json(&self.sandbox, "persist day.jsonl --source courses --key id --complete");
        assert_eq!(exit, expected, "{document}");
        document["runs"][0]["run_id"].to_string()
    }

    /// Everything that a decision may change.
    fn state(&self) -> String {
        self.db.value(
            "select jsonb_build_array((select count(*) from forebay.scrape_runs), (select count(*) from forebay.scrape_run_changes), \
             (select jsonb_agg(record_key order by record_key) from forebay.\"references\" where removed_at is null))",
        )
    }
}

fn courses(prefix: &'static str, num: usize) -> impl Iterator<Item = Value> {
    (0..num).map(move |n| json!({ "id": format!("{prefix}{n:02}"), "title": format!("Course {n}") }))
}

#[test]
fn decisions_are_made_only_after_yes() {
    let world = World::new();
    world.persist(courses("a", 40), 0);
    // Each decision, and the run that it is about.
    let decide = |decision: &str, run_id: &str, announced: &str| {
        let before = world.state();
        let line = format!("runs {decision} {run_id}");
        for typed in ["no\n", "y\n", "\n", CONTROL_D] {
            let output = world.answer(&line, typed);
            let said = shown(&output);
            assert_eq!(output.status.code(), Some(1), "{typed:?} to {line}: {said}");
            assert!(said.contains(announced) && said.contains("Type yes to continue: "), "{said}");
            assert!(said.contains("not_confirmed"), "{said}");
            assert_eq!(world.state(), before, "{line}");
        }
        let output = world.answer(&line, "yes\n");
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
        assert_ne!(world.state(), before, "{line}");
    };
    let held = world.persist(courses("a", 10), 3);
    decide("reject", &held, "rejecting run");
    let held = world.persist(courses("a", 10), 3);
    decide("release", &held, "releasing run");
    decide("revert", &held, "reverting run");
    let held = world.persist(courses("b", 40), 3);
    decide("rekey", &held, "keep their ids under new keys");
}

#[test]
fn yes_and_dry_runs_are_not_asked() {
    let world = World::new();
    world.persist(courses("a", 40), 0);
    let held = world.persist(courses("a", 10), 3);
    for option in ["--dry-run", "--yes"] {
        let output = world.answer(&format!("runs release {held} {option}"), "");
        let said = shown(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(!said.contains("Type yes"), "{said}");
    }
}
