//! A source that keeps changing, and knows its current records.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
    io::Cursor,
    time::{Duration, Instant},
};

use forebay_domain::{guards::GuardPolicy, run::RunStatus, scope::Scope};
use forebay_engine::persist::{Input, PersistRequest, persist};
use forebay_sources::ReadOptions;
use forebay_store::connect::Database;
use tokio::time;

use super::dice::Dice;
use crate::failure::Failure;

/// The source's name.
pub(super) const SOURCE: &str = "chaos";
/// The source has so many scopes, and each run of a scope is complete.
const NUM_PARTS: u64 = 10;
/// A record has one of so many contents, so earlier content returns.
const NUM_CONTENTS: u64 = 5;
/// How long persisting one part may take, with all its retries.
const PATIENCE: Duration = Duration::from_mins(5);
const POLL: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Source {
    keys_a_part: u64,
    /// The current records: key and content.
    records: BTreeMap<String, i64>,
}

impl Source {
    /// A source of a size that fits this number of changes.
    pub(super) fn new(num_changes: u64) -> Self {
        Self { keys_a_part: (num_changes / 100).clamp(3, 100), records: BTreeMap::new() }
    }

    /// Changes and persists one part after the other, spread evenly over the time. Returns the number of changes.
    pub(super) async fn change_until(
        &mut self,
        database: &Database,
        most: u64,
        end: Instant,
        mut dice: Dice,
    ) -> Result<u64, Failure> {
        let started = Instant::now();
        let whole = end.saturating_duration_since(started).as_secs_f64();
        let mut num_changes = 0;
        while Instant::now() < end && num_changes < most {
            let share_of_time = started.elapsed().as_secs_f64() / whole;
            if num_changes as f64 / most as f64 > share_of_time {
                time::sleep(POLL).await;
                continue;
            }
            let part = dice.below(NUM_PARTS);
            num_changes += self.change(part, &mut dice);
            self.persist(database, part).await?;
        }
        Ok(num_changes)
    }

    /// The number of references that differ from the source.
    pub(super) fn num_differing(&self, stored: &HashMap<String, i64>) -> u64 {
        let missing = self.records.iter().filter(|(key, content)| stored.get(*key) != Some(content)).count();
        let extra = stored.keys().filter(|key| !self.records.contains_key(*key)).count();
        (missing + extra) as u64
    }

    fn change(&mut self, part: u64, dice: &mut Dice) -> u64 {
        let mut num_changes = 0;
        for number in 0..self.keys_a_part {
            let key = key(part, number);
            let before = self.records.get(&key).copied();
            let after = match dice.below(8) {
                0 => None,
                1..4 => before,
                _ => i64::try_from(dice.below(NUM_CONTENTS)).ok(),
            };
            match after {
                Some(content) => drop(self.records.insert(key, content)),
                None => drop(self.records.remove(&key)),
            }
            num_changes += u64::from(before != after);
        }
        num_changes
    }

    /// Persists a part, and retries until a run is complete.
    async fn persist(&self, database: &Database, part: u64) -> Result<(), Failure> {
        let scope = Scope::parse([format!("part={part}")])
            .map_err(|error| Failure::from_error(error.code(), &error))?;
        let mut text = String::new();
        for number in 0..self.keys_a_part {
            let key = key(part, number);
            if let Some(content) = self.records.get(&key) {
                // Writing to a String cannot fail.
                let _infallible = writeln!(text, r#"{{"key":"{key}","n":{content}}}"#);
            }
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let input = Input::bytes(
                "chaos",
                Box::new(Cursor::new(text.clone().into_bytes())),
                ReadOptions::default(),
            );
            match persist(database, request(scope.clone()), input, &|_| {}).await {
                Ok(report) if report.status == RunStatus::Complete => return Ok(()),
                Ok(report) => {
                    let status = report.status.as_str();
                    return Err(Failure::bench(format!("a run ended as {status}")));
                }
                Err(error) if Instant::now() >= deadline => return Err(error.into()),
                Err(_) => time::sleep(POLL).await,
            }
        }
    }
}

fn key(part: u64, number: u64) -> String {
    format!("{part}-{number}")
}

fn request(scope: Scope) -> PersistRequest {
    PersistRequest {
        scope,
        complete: true,
        guards: Some(GuardPolicy::off()),
        max_rejected_share: Some(0.0),
        engine: "bench".to_owned(),
        ..PersistRequest::new(SOURCE, ["key"])
    }
}
