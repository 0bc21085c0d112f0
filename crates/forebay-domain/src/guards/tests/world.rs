//! A scope in memory: applies runs as the engine does, and lets an operator answer each hold.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;

use super::{
    super::*,
    histories::{Record, Snapshot},
};
use crate::{
    coverage::Coverage,
    rekey::{self, Candidate},
};

/// How the operator answers a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Release,
    Reject,
    Nothing,
}

#[derive(Default)]
pub(super) struct World {
    pub(super) policy: GuardPolicy,
    pub(super) active: Snapshot,
    pub(super) history: Vec<PastRun>,
    gone: BTreeSet<String>,
    missing: BTreeMap<String, Missing>,
    day: i64,
}

/// The differences between a snapshot and what is stored.
struct Changes {
    vanished: Vec<String>,
    /// Keys that were never seen before.
    appeared: Vec<String>,
    restored: Vec<String>,
    updated: Vec<String>,
}

impl World {
    pub(super) fn with(policy: GuardPolicy) -> Self {
        Self { policy, ..Self::default() }
    }

    /// Runs one day, and checks what holds for every decision.
    pub(super) fn run(&mut self, seen: &Snapshot, answer: Answer) -> Decision {
        self.day += 1;
        let observed_at = Timestamp::from_second(self.day * 24 * 60 * 60).unwrap();
        let before = self.active.clone();
        let changes = self.compare(seen);
        let rekey = self.find_rekey(seen, &changes);
        let paired: BTreeSet<&String> = rekey
            .iter()
            .flat_map(|rekey| &rekey.pairs)
            .map(|pair| &changes.vanished[pair.vanished])
            .collect();
        let vanished = changes.vanished.iter().filter(|key| !paired.contains(key));
        self.missing = vanished.map(|key| (key.clone(), self.miss(key, observed_at))).collect();
        let coverage = coverage(seen);
        let evidence = Evidence {
            taken: None,
            observed_at,
            num_active_before: before.len() as u64,
            num_seen: seen.len() as u64,
            num_updated: changes.updated.len() as u64,
            missing: &self.groups(),
            num_flagged: 0,
            losses: &losses(&before, seen, &changes.updated),
            coverage: &coverage,
            rekey: rekey.as_ref(),
        };
        let baseline = Baseline::learn(&self.policy, &self.history);
        let decision = decide(&self.policy, &baseline, &evidence);

        self.apply(seen, &changes, &decision);
        self.check(&before, seen, &changes, &decision);
        if decision.is_held() && answer == Answer::Release {
            self.release(seen, &changes, &decision);
        }
        if decision.is_ordinary() || answer == Answer::Release {
            let num_removed = before.keys().filter(|key| self.gone.contains(*key)).count() as u64;
            let run = PastRun {
                num_active_before: before.len() as u64,
                num_seen: seen.len() as u64,
                num_added: changes.appeared.len() as u64,
                num_removed,
                num_restored: changes.restored.len() as u64,
                num_rekeyed: decision.moved.len() as u64,
                num_split: (decision.split.len() + decision.withheld.pairs.len()) as u64,
                num_records: seen.len() as u64,
                fields: coverage.fields().map(|field| (field.name.to_owned(), field.count)).collect(),
            };
            self.history.insert(0, run);
        }
        decision
    }

    fn compare(&self, seen: &Snapshot) -> Changes {
        let keys = |one: &Snapshot, other: &Snapshot| -> Vec<String> {
            one.keys().filter(|key| !other.contains_key(*key)).cloned().collect()
        };
        let is_updated = |(key, record): &(&String, &Record)| {
            self.active.get(*key).is_some_and(|stored| stored != *record)
        };
        let (restored, appeared) =
            keys(seen, &self.active).into_iter().partition(|key| self.gone.contains(key));
        Changes {
            vanished: keys(&self.active, seen),
            appeared,
            restored,
            updated: seen.iter().filter(is_updated).map(|(key, _)| key.clone()).collect(),
        }
    }

    fn find_rekey(&self, seen: &Snapshot, changes: &Changes) -> Option<crate::rekey::Rekey> {
        let side = |keys: &[String], records: &Snapshot| -> Vec<Candidate> {
            let payload = |key: &String| {
                let mut payload = json!(records[key]);
                payload["id"] = json!(key);
                payload.to_string()
            };
            keys.iter().map(|key| Candidate { key: key.clone(), payload: payload(key) }).collect()
        };
        rekey::recognise(
            self.policy.rekey,
            &side(&changes.vanished, &self.active),
            &side(&changes.appeared, seen),
            &["id".to_owned()],
        )
    }

    fn miss(&self, key: &str, observed_at: Timestamp) -> Missing {
        let first = Missing { since: observed_at, num_runs: 0, num_references: 1 };
        let known = self.missing.get(key).copied().unwrap_or(first);
        Missing { num_runs: known.num_runs + 1, ..known }
    }

    fn groups(&self) -> Vec<Missing> {
        let mut groups: BTreeMap<Timestamp, Missing> = BTreeMap::new();
        for missing in self.missing.values() {
            groups.entry(missing.since).and_modify(|group| group.num_references += 1).or_insert(*missing);
        }
        groups.into_values().collect()
    }

    /// Applies all but the withheld changes.
    fn apply(&mut self, seen: &Snapshot, changes: &Changes, decision: &Decision) {
        let withheld = &decision.withheld;
        let held_keys: BTreeSet<&String> =
            withheld.pairs.iter().map(|pair| &changes.appeared[pair.appeared]).collect();
        let is_withheld = |key: &String| {
            let is_losing = match &withheld.updates {
                WithheldUpdates::None => false,
                WithheldUpdates::All => self.active.contains_key(key),
                WithheldUpdates::Losing(fields) => self.active.get(key).is_some_and(|stored| {
                    lost(stored, &seen[key]).iter().any(|field| fields.contains(field))
                }),
            };
            is_losing || held_keys.contains(key)
        };
        let applied: Vec<&String> = seen.keys().filter(|key| !is_withheld(key)).collect();
        for key in applied {
            self.gone.remove(key);
            self.active.insert(key.clone(), seen[key].clone());
        }
        let is_in = |groups: &[Missing], missing: &Missing| groups.iter().any(|g| g.since == missing.since);
        let mut to_remove: Vec<String> = Vec::new();
        self.missing.retain(|key, missing| {
            let is_removed = is_in(&decision.removed, missing);
            to_remove.extend(is_removed.then(|| key.clone()));
            !is_removed
        });
        for key in &to_remove {
            self.remove(key);
        }
        for pair in &decision.moved {
            self.active.remove(&changes.vanished[pair.vanished]);
        }
        for pair in &decision.split {
            self.remove(&changes.vanished[pair.vanished]);
        }
    }

    /// Applies the withheld changes.
    fn release(&mut self, seen: &Snapshot, changes: &Changes, decision: &Decision) {
        self.active.extend(seen.clone());
        self.gone.retain(|key| !seen.contains_key(key));
        let groups = &decision.withheld.missing;
        let (held, kept): (BTreeMap<String, Missing>, _) = std::mem::take(&mut self.missing)
            .into_iter()
            .partition(|(_, missing)| groups.iter().any(|group| group.since == missing.since));
        self.missing = kept;
        for key in held.keys() {
            self.remove(key);
        }
        for pair in &decision.withheld.pairs {
            self.remove(&changes.vanished[pair.vanished]);
        }
    }

    fn remove(&mut self, key: &str) {
        self.active.remove(key);
        self.gone.insert(key.to_owned());
    }

    /// What holds for every decision: it withholds something exactly if it says why, every missing reference has one
    /// fate, and all that is not withheld is applied.
    fn check(&self, before: &Snapshot, seen: &Snapshot, changes: &Changes, decision: &Decision) {
        let withheld = &decision.withheld;
        assert_eq!(decision.is_held(), withheld.num_withheld() > 0, "{decision:?}");
        let stays = |key: &&String| self.active.contains_key(*key);
        let num_staying = changes.vanished.iter().filter(stays).count() as u64;
        let num_kept: u64 = withheld.missing.iter().map(|missing| missing.num_references).sum();
        if self.policy.removals == RemovalPolicy::Guarded {
            assert_eq!(num_staying, num_kept + withheld.pairs.len() as u64, "{decision:?}");
        }
        let is_applied = |(key, record): &(&String, &Record)| self.active.get(*key) == Some(*record);
        let num_waiting = seen.iter().filter(|entry| !is_applied(entry)).count() as u64;
        assert_eq!(num_waiting, withheld.num_updates + withheld.pairs.len() as u64, "{decision:?}");
        let is_new = |key: &&String| !before.contains_key(*key) && self.active.contains_key(*key);
        let num_new = seen.keys().filter(is_new).count();
        assert_eq!(num_new + withheld.pairs.len(), changes.appeared.len() + changes.restored.len());
    }
}

fn coverage(seen: &Snapshot) -> Coverage {
    let mut coverage = Coverage::default();
    for record in seen.values() {
        coverage.observe_record();
        for (position, field) in record.keys().enumerate() {
            coverage.observe(field, position);
        }
    }
    coverage
}

fn lost(stored: &Record, new: &Record) -> Vec<String> {
    stored.keys().filter(|field| !new.contains_key(*field)).map(|field| (*field).to_owned()).collect()
}

fn losses(before: &Snapshot, seen: &Snapshot, updated: &[String]) -> Vec<Loss> {
    let mut groups: BTreeMap<Vec<String>, u64> = BTreeMap::new();
    for key in updated {
        *groups.entry(lost(&before[key], &seen[key])).or_default() += 1;
    }
    groups.into_iter().map(|(fields, num_updates)| Loss { fields, num_updates }).collect()
}
