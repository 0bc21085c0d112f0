//! Kills the program with SIGKILL at random moments: the same command run once more always ends like an undisturbed
//! one.
//!
//! `FOREBAY_KILLS=100` kills more often than the default of a dozen. `FOREBAY_KILL_SEED` selects other moments.

use std::{
    env,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
    shown,
};

const NUM_RECORDS: usize = 4_000;
/// The minimum number of days; more kills need more days.
const MIN_DAYS: usize = 3;
/// Maximum number of kills in a row per day.
const KILLS_A_DAY: u64 = 5;

/// Must be the same however often the program was killed. The run that wrote a row may differ.
const SAME: [(&str, &str); 4] = [
    (
        "references",
        "select reference_id, version, version_hash, payload, changed_at, removed_at, observed_at, first_seen_at,
            entity_type, scope, record_key, lineage from forebay.\"references\"",
    ),
    (
        "revisions",
        "select reference_id, changed_at, version, change, field_name, old_value, new_value
        from forebay.reference_revisions",
    ),
    (
        "hand-offs",
        "select reference_id, pipeline_id, state, reason_code, payload_hash, version, change, generation
        from forebay.ingestion_handoffs",
    ),
    (
        "jobs",
        "select pipeline_id, reference_id, payload_hash, generation, change, attempt, receipt, next_payload_hash
        from forebay.ingestion_jobs",
    ),
];

/// The source's records on a day: each day some are removed, some added and some changed, and some of each are as they
/// were two days before.
fn records(day: usize) -> impl Iterator<Item = Value> {
    let shift = [0, 300, 150][day % 3];
    (shift..shift + NUM_RECORDS).filter(move |key| !(key + day).is_multiple_of(50)).map(move |key| {
        let title = match day % 4 {
            1 if key % 7 == 0 => format!("Changed {key}"),
            3 if key % 14 == 0 => format!("Changed again {key}"),
            _ => format!("Record {key}"),
        };
        json!({ "id": format!("R-{key:05}"), "title": title, "note": "n".repeat(key % 90) })
    })
}

/// A random number generator with a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound.max(1)
    }
}

/// A database, and the commands that persist the history.
struct Replay {
    sandbox: Sandbox,
    db: TestDb,
    guards: &'static str,
}

impl Replay {
    fn new(guards: &'static str) -> Self {
        Self { sandbox: Sandbox::new(), db: database(), guards }
    }

    /// Writes a day's input, and returns its command.
    fn line(&self, day: usize) -> String {
        let file = write_records(&self.sandbox, "records.jsonl", records(day));
        // The days span several months, whose partitions do not exist yet.
        let observed_at =
            Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * (i64::try_from(day).unwrap() + 29));
        format!(
            "persist {file} --source kept --key id --complete --guards {} --observed-at {observed_at}",
            self.guards
        )
    }

    /// Runs a day's command, which must succeed. Returns its duration without the input's creation.
    fn succeed(&self, day: usize) -> Duration {
        let line = self.line(day);
        let started = Instant::now();
        let output = self.db.run(&self.sandbox, &line);
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
        started.elapsed()
    }

    /// Runs a day's command and kills it after a while. Returns whether it was still running.
    fn kill(&self, day: usize, after: Duration) -> bool {
        let mut command = self.sandbox.command(&self.line(day));
        command.env("FOREBAY_DATABASE_URL", &self.db.url).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        thread::sleep(after);
        // SIGKILL; it fails only if the process has ended.
        let _ended = child.kill();
        child.wait().unwrap().code().is_none()
    }

    /// The rows of a table that must not differ, in order.
    fn table(&self, query: &str) -> Vec<String> {
        let query = format!("select t::text from ({query}) as t order by 1");
        self.db.rows(&query).into_iter().map(|mut row| row.remove(0)).collect()
    }

    fn count(&self, what: &str) -> u64 {
        self.db.value(&format!("select count(*) from forebay.{what}")).parse().unwrap()
    }
}

/// Persists the history day by day, once undisturbed and once with kills before each success.
#[expect(clippy::print_stdout, reason = "long runs report their progress")]
fn killed_and_run_again(guards: &'static str) {
    let setting = |name: &str, default| {
        env::var(name).map_or(default, |text| text.parse::<u64>().expect("a number in the environment"))
    };
    let num_kills = setting("FOREBAY_KILLS", 12);
    let seed = setting("FOREBAY_KILL_SEED", 1);
    let (undisturbed, replay) = (Replay::new(guards), Replay::new(guards));
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (mut day, mut num_killed) = (0, 0);
    // The share of the measured duration in which a kill comes. It shrinks when a process ended before its kill, because
    // the machine was busier while it was measured.
    let mut reach = 1.0;
    while num_killed < num_kills || day < MIN_DAYS {
        let typical = undisturbed.succeed(day);
        for _ in 0..KILLS_A_DAY.min(num_kills - num_killed) {
            let latest = typical.mul_f64(reach).as_micros();
            let after = Duration::from_micros(dice.below(u64::try_from(latest).unwrap()));
            if !replay.kill(day, after) {
                reach *= 0.7;
                break;
            }
            num_killed += 1;
        }
        replay.succeed(day);
        day += 1;
        assert!(
            day < 9 + 3 * usize::try_from(num_kills).unwrap(),
            "only {num_killed} were alive to be killed"
        );
    }

    println!(
        "guards {guards}, seed {seed}: {num_killed} killed in {day} days; {} runs closed as aborted, {} complete",
        replay.count("scrape_runs where status = 'aborted'"),
        replay.count("scrape_runs where status = 'complete'")
    );
    for (what, query) in SAME {
        let (expected, found) = (undisturbed.table(query), replay.table(query));
        let differing = expected.iter().zip(&found).find(|(expected, found)| expected != found);
        assert_eq!(found.len(), expected.len(), "{what}; first difference: {differing:?}");
        assert_eq!(differing, None, "{what}");
        assert!(found.len() >= 1_000, "{what}: {} rows prove little", found.len());
    }
    assert_eq!(replay.count("scrape_run_changes"), 0, "nothing stays staged");
    assert_eq!(replay.count("scrape_runs where status not in ('complete', 'aborted')"), 0);
    assert_eq!(undisturbed.count("scrape_runs where status = 'complete'"), day as u64);
}

#[test]
fn straight_runs_end_where_undisturbed_ones_do() {
    killed_and_run_again("off");
}

#[test]
fn staged_runs_end_where_undisturbed_ones_do() {
    killed_and_run_again("on");
}
