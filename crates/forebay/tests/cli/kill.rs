//! Kills the program with SIGKILL at random moments, while it persists and while it drains the queue: the same command
//! run once more always ends like an undisturbed one.
//!
//! `FOREBAY_KILLS=100` kills more often than the default of two dozen. `FOREBAY_KILL_SEED` selects other moments.

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

const NUM_RECORDS: usize = 2_000;
/// The minimum number of days; more kills need more days.
const MIN_DAYS: usize = 3;
/// Maximum number of kills in a row per command.
const MAX_KILLS: u64 = 3;

/// A table that follows the source; the built-in pipeline indexes its records as documents.
const PIPELINE: &str = "\
[pipelines.copies]
source = \"kept\"
handler = \"table\"
table = \"public.copies\"
columns = { title = \"title\", note = \"note\" }
";

/// Must be the same however often the program was killed. The run that wrote a row may differ.
const SAME: [(&str, &str); 5] = [
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
        from forebay.handoffs",
    ),
    ("rows of the user's table", "select * from public.copies"),
    (
        "documents",
        "select c.reference_id, c.pipeline_id, d.payload_hash, d.title, d.num_chunks, c.ordinal, c.content
        from forebay.documents as d join forebay.document_chunks as c using (reference_id, pipeline_id)",
    ),
];

/// Must stay empty however often the program was killed.
const EMPTY: [(&str, &str); 4] = [
    ("staged changes", "scrape_run_changes"),
    ("open hand-offs", "ingestion_handoffs"),
    ("attempts that failed", "ingestion_attempts"),
    ("failed hand-offs", "ingestion_outcomes where state not in ('succeeded', 'superseded')"),
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

/// The commands of a day.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Persist,
    Drain,
}

impl Step {
    const ALL: [Self; 2] = [Self::Persist, Self::Drain];
}

/// A database, and the commands that persist and ingest the history.
struct Replay {
    sandbox: Sandbox,
    db: TestDb,
    guards: &'static str,
}

impl Replay {
    fn new(guards: &'static str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.configure(PIPELINE);
        Self { sandbox, db: database(), guards }
    }

    /// A command of a day; writes the input that it reads.
    fn line(&self, day: usize, step: Step) -> String {
        if step == Step::Drain {
            return "work --drain".to_owned();
        }
        let file = write_records(&self.sandbox, "records.jsonl", records(day));
        // The days span several months, whose partitions do not exist yet.
        let observed_at =
            Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * (i64::try_from(day).unwrap() + 29));
        // What the guards learn depends on the number of runs, and a run that is killed after its commit is run again.
        // On some days a sixth of the records go, which the guards might then hold.
        format!(
            "persist {file} --source kept --key id --complete --guards {} --max-removed 0.5 --observed-at {observed_at}",
            self.guards
        )
    }

    /// Runs a command, which must succeed. Returns its duration without the input's creation.
    fn succeed(&self, day: usize, step: Step) -> Duration {
        let line = self.line(day, step);
        let started = Instant::now();
        let output = self.db.run(&self.sandbox, &line);
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
        started.elapsed()
    }

    /// Runs a command and kills it after a while. Returns whether it was still running.
    fn kill(&self, day: usize, step: Step, after: Duration) -> bool {
        let mut command = self.sandbox.command(&self.line(day, step));
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

/// When and how often commands are killed.
struct Killer {
    dice: Dice,
    /// Kills to come.
    num_left: u64,
    num_killed: [u64; 2],
    /// For each step, the share of the measured duration in which a kill comes. It shrinks when a process ended before
    /// its kill, because the machine was busier while it was measured.
    reach: [f64; 2],
}

impl Killer {
    /// Runs and kills a command whose undisturbed run took `typical`.
    fn kill(&mut self, replay: &Replay, day: usize, step: Step, typical: Duration) {
        let reach = &mut self.reach[step as usize];
        for _ in 0..MAX_KILLS.min(self.num_left) {
            let latest = typical.mul_f64(*reach).as_micros();
            let after = Duration::from_micros(self.dice.below(u64::try_from(latest).unwrap()));
            if !replay.kill(day, step, after) {
                *reach *= 0.7;
                break;
            }
            self.num_killed[step as usize] += 1;
            self.num_left -= 1;
        }
    }
}

/// Persists and ingests the history day by day, once undisturbed and once with kills before each success.
#[expect(clippy::print_stdout, reason = "long runs report their progress")]
fn killed_and_run_again(guards: &'static str) {
    let setting = |name: &str, default| {
        env::var(name).map_or(default, |text| text.parse::<u64>().expect("a number in the environment"))
    };
    let num_kills = setting("FOREBAY_KILLS", 24);
    let seed = setting("FOREBAY_KILL_SEED", 1);
    println!("guards {guards}: {num_kills} kills, FOREBAY_KILL_SEED={seed}");
    let (undisturbed, replay) = (Replay::new(guards), Replay::new(guards));
    let dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut killer = Killer { dice, num_left: num_kills, num_killed: [0; 2], reach: [1.0; 2] };
    let mut day = 0;
    while killer.num_left > 0 || day < MIN_DAYS {
        for step in Step::ALL {
            let typical = undisturbed.succeed(day, step);
            killer.kill(&replay, day, step, typical);
            replay.succeed(day, step);
        }
        day += 1;
        let num_left = killer.num_left;
        assert!(
            day < 9 + 3 * usize::try_from(num_kills).unwrap(),
            "{num_left} of {num_kills} were not alive to be killed"
        );
    }

    let [num_persisting, num_draining] = killer.num_killed;
    println!(
        "guards {guards}, seed {seed}: {num_persisting} killed while they persisted, {num_draining} while they drained, in \
         {day} days; {} runs closed as aborted, {} complete; {} hand-offs settled",
        replay.count("scrape_runs where status = 'aborted'"),
        replay.count("scrape_runs where status = 'complete'"),
        replay.count("ingestion_outcomes"),
    );
    if num_kills >= 6 {
        assert!(killer.num_killed.iter().all(|number| *number > 0), "{:?}", killer.num_killed);
    }
    for (what, query) in SAME {
        let (expected, found) = (undisturbed.table(query), replay.table(query));
        let differing = expected.iter().zip(&found).find(|(expected, found)| expected != found);
        assert_eq!(found.len(), expected.len(), "{what}; first difference: {differing:?}");
        assert_eq!(differing, None, "{what}");
        assert!(found.len() >= 1_000, "{what}: {} rows prove little", found.len());
    }
    for (what, rows) in EMPTY {
        assert_eq!(replay.count(rows), 0, "{what}");
    }
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
