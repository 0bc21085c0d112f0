//! Kills `generate`, `sync` and `watch` with SIGKILL at random moments: no file is ever torn, and a sync makes folder
//! and database equal.
//!
//! `FOREBAY_KILLS=200` kills more often than the default of a dozen. `FOREBAY_KILL_SEED` selects other moments.

use std::{
    collections::BTreeMap,
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{Course, leftovers, path, text, until};
use crate::database::{TestDb, database};

/// So many files may always be gone; more are for the guard.
const MAX_GONE: u64 = 5;

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

/// A course, and what its lessons must be.
struct Stage {
    course: Course,
    lessons: BTreeMap<String, String>,
    dice: Dice,
    round: u64,
}

impl Stage {
    /// Deletes some lessons, for a generator to make again. They are as the program makes them then.
    fn delete(&mut self) {
        for _ in 0..MAX_GONE {
            let (path, text) = self.lesson();
            let _gone = fs::remove_file(self.course.folder().join(&path));
            self.lessons.insert(path, text);
        }
    }

    /// Changes some lessons like an editor: as a whole, and in place.
    fn edit(&mut self) {
        for number in 0..8 {
            let (path, text) = self.lesson();
            let text = format!("{text}\nChanged in round {}, {number}.\n", self.round);
            let file = self.course.folder().join(&path);
            if number % 2 == 0 {
                let beside = file.with_extension("md~");
                fs::write(&beside, &text).unwrap();
                fs::rename(&beside, &file).unwrap();
            } else {
                fs::write(&file, &text).unwrap();
            }
            self.lessons.insert(path, text);
        }
    }

    fn lesson(&mut self) -> (String, String) {
        let module = 1 + u32::try_from(self.dice.below(u64::from(self.course.num_modules))).unwrap();
        let lesson = 1 + u32::try_from(self.dice.below(u64::from(self.course.num_lessons))).unwrap();
        (path(module, lesson), text(module, lesson))
    }

    /// Starts a command, lets `meanwhile` work, and kills the command after a random part of `longest`. Returns whether
    /// it was still running.
    fn kill(&mut self, mut command: Command, longest: Duration, meanwhile: impl FnOnce(&mut Self)) -> bool {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let micros = self.dice.below(u64::try_from(longest.as_micros()).unwrap());
        meanwhile(self);
        thread::sleep(Duration::from_micros(micros));
        // SIGKILL; it fails only if the process has ended.
        let _ended = child.kill();
        child.wait().unwrap().code().is_none()
    }

    /// Asserts that no file is torn. Those that were deleted and not generated again are absent.
    fn assert_whole(&self) {
        for (path, text) in self.course.lessons() {
            assert!(self.lessons.get(&path) == Some(&text), "round {}: {path} is torn", self.round);
        }
    }

    /// Syncs, and asserts that folder and database are equal then.
    fn repair(&self) -> Duration {
        let started = Instant::now();
        let (exit, document) = self.course.json("content sync course");
        let elapsed = started.elapsed();
        assert_eq!(exit, 0, "round {}: {document:#}", self.round);
        self.course.assert_clean();
        assert_eq!(leftovers(&self.course.folder()), Vec::<PathBuf>::new(), "round {}", self.round);
        elapsed
    }
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().expect("a number in the environment"))
}

#[test]
fn whatever_is_killed_a_sync_repairs() {
    let (num_kills, seed) = (number("FOREBAY_KILLS", 12), number("FOREBAY_KILL_SEED", 1));
    let db: TestDb = database();
    let course = Course::new(&db.url, 5, 12);
    let lessons = course.expected();
    let dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut stage = Stage { course, lessons, dice, round: 0 };
    let generate = |stage: &Stage| {
        let mut command = stage.course.generate("--jobs 2");
        command.env("DELAY", "0.02");
        command
    };
    // The first generation is killed at any time, too.
    let mut num_killed = [0_u64; 3];
    num_killed[0] += u64::from(stage.kill(generate(&stage), Duration::from_secs(3), |_| {}));
    stage.assert_whole();
    stage.repair();
    let output = generate(&stage).output().unwrap();
    assert!(output.status.success(), "{}", crate::shown(&output));
    stage.edit();
    let mut typical = stage.repair();
    while num_killed.iter().sum::<u64>() < num_kills {
        stage.round += 1;
        assert!(stage.round < 20 + 5 * num_kills, "only {num_killed:?} were alive to be killed");
        let which = usize::try_from(stage.round % 3).unwrap();
        let (command, longest) = match which {
            0 => {
                stage.delete();
                (generate(&stage), typical * 2)
            }
            1 => {
                stage.edit();
                (stage.course.command("content sync course"), typical)
            }
            _ => (stage.course.command("content watch course"), typical * 2),
        };
        let before: Vec<String> = stage.course.lessons().into_keys().collect();
        let was_alive = stage.kill(command, longest, |stage| {
            if which == 2 {
                // Somebody writes while it is watched.
                stage.edit();
            }
        });
        num_killed[which] += u64::from(was_alive);
        stage.assert_whole();
        let found = stage.course.lessons();
        let is_gone = |path: &&String| !found.contains_key(*path);
        assert_eq!(before.iter().find(is_gone), None, "round {}: a lesson is gone", stage.round);
        typical = stage.repair();
    }
    // What is missing is generated, and then all is there and equal.
    let output = generate(&stage).output().unwrap();
    assert!(output.status.success(), "{}", crate::shown(&output));
    stage.assert_whole();
    assert_eq!(stage.course.lessons().len(), stage.lessons.len());
    stage.course.assert_clean();
    until("no run is left open", || {
        db.value("select count(*) from forebay.scrape_runs where status = 'running'") == "0"
    });
    let [generated, synced, watched] = num_killed;
    println!(
        "seed {seed}: killed generate {generated}, sync {synced}, watch {watched} times in {} rounds; {} runs aborted, {} complete",
        stage.round,
        db.value("select count(*) from forebay.scrape_runs where status = 'aborted'"),
        db.value("select count(*) from forebay.scrape_runs where status = 'complete'")
    );
}
