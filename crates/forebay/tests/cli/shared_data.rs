//! Replays real scrapes with real history. The data belongs to others and is not part of the project; without it, these
//! tests print that they are skipped and pass.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::stored::Stored;

/// A folder of snapshots: its source's key, and the facts in its README.
struct Source {
    name: &'static str,
    key: &'static str,
    num_keys: u64,
    num_versions: u64,
}

const CONFERENCES: Source =
    Source { name: "conferences", key: "name,startDate", num_keys: 137, num_versions: 193 };
const KERNDOELEN: Source = Source { name: "kerndoelen", key: "id", num_keys: 883, num_versions: 1972 };

/// The contents of one scrape.
struct Snapshot {
    file: PathBuf,
    time: String,
}

impl Source {
    /// The snapshots in order; `None` if the data is missing.
    #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
    fn snapshots(&self) -> Option<Vec<Snapshot>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(self.name);
        let Ok(entries) = fs::read_dir(&folder) else {
            println!("skipped: there are no snapshots in {}", folder.display());
            return None;
        };
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
        files.sort();
        let snapshot = |file: PathBuf| {
            let time = file.file_stem().unwrap().to_str().unwrap().split_once('_').unwrap().1.to_owned();
            Snapshot { file, time }
        };
        Some(files.into_iter().map(snapshot).collect())
    }

    fn persist(&self, stored: &Stored, snapshot: &Snapshot) -> Value {
        let (file, time) = (snapshot.file.display(), &snapshot.time);
        let report = stored.json(&format!(
            "persist {file} --source {} --key {} --complete --guards off --observed-at {time}",
            self.name, self.key
        ));
        assert_eq!(report["runs"][0]["status"], "complete", "{report}");
        report["runs"][0].clone()
    }

    fn replay(&self) {
        let Some(snapshots) = self.snapshots() else { return };
        let stored = Stored::new();
        for snapshot in &snapshots {
            self.persist(&stored, snapshot);
        }
        let stats = stored.json(&format!("stats --source {}", self.name));
        let count = |what: &str| stats["references"][what].as_u64().unwrap();
        assert_eq!(count("active") + count("removed"), self.num_keys);
        assert_eq!(stats["versions"], self.num_versions);

        let last = snapshots.last().unwrap();
        let again = self.persist(&stored, last);
        assert_eq!(again["num_unchanged"], again["num_seen"], "{again}");
        for nothing in ["num_added", "num_updated", "num_removed", "num_restored", "num_handoffs"] {
            assert_eq!(again[nothing], 0, "{nothing} of {again}");
        }
        let mut stats_again = stored.json(&format!("stats --source {}", self.name));
        assert_eq!(stats_again["runs"]["complete"], snapshots.len() + 1);
        stats_again["runs"] = stats["runs"].clone();
        assert_eq!(stats_again, stats, "the replay is one more run and nothing else");

        for snapshot in &snapshots {
            let line = format!("export --source {} --at {}", self.name, snapshot.time);
            let exported = String::from_utf8(stored.output(&line).stdout).unwrap();
            let scraped = fs::read_to_string(&snapshot.file).unwrap();
            assert_eq!(objects(&exported), objects(&scraped), "{line}");
        }
    }
}

/// The lines as a set of JSON objects. `Value` writes its keys in order.
fn objects(lines: &str) -> BTreeSet<String> {
    let parse = |line: &str| serde_json::from_str::<Value>(line).unwrap().to_string();
    lines.lines().filter(|line| !line.trim().is_empty()).map(parse).collect()
}

#[test]
fn conferences() {
    CONFERENCES.replay();
}

#[test]
fn kerndoelen() {
    KERNDOELEN.replay();
}

#[test]
fn a_lost_prefix_is_held_as_a_rekey() {
    let Some(snapshots) = KERNDOELEN.snapshots() else { return };
    let stored = Stored::new();
    for snapshot in &snapshots[..2] {
        KERNDOELEN.persist(&stored, snapshot);
    }
    let (file, time) = (snapshots[2].file.display(), &snapshots[2].time);
    let line = format!("persist {file} --source kerndoelen --key id --complete --observed-at {time}");
    let output = stored.output(&format!("{line} --output json"));
    assert_eq!(output.status.code(), Some(3));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let run = &report["runs"][0];
    assert_eq!(
        (&run["reason_code"], &run["num_withheld"]),
        (&json!("rekey_suspected"), &json!(405)),
        "{report}"
    );
    let stats = stored.json("stats");
    assert_eq!(stats["references"], json!({"active": 405, "removed": 0}));
    assert_eq!(stats["runs"]["held"], 1);
}
