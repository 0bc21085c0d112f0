//! What runs of a scope usually do, learnt from those that were applied.
//!
//! One rule covers all measures: what happened once is an accident, what happened twice is usual. So the usual maximum
//! is the second-largest value, and the usual minimum the second-smallest. Limits lie beyond them by a factor. An
//! operator who releases the same kind of run twice is not asked a third time, while one release, right or wrong,
//! leaves the guard as strict as it was.

use std::collections::BTreeMap;

use super::policy::GuardPolicy;

/// What runs usually do is learnt from the newest of them, at most this many. Only answers to suspected re-keys are
/// remembered longer, because a source that changes keys may do so rarely.
pub const MAX_RUNS: usize = 50;

/// With fewer runs than this, little is known about a scope.
const MIN_RUNS: usize = 5;

/// The least limit for removals while little is known.
const LIMIT_AT_FIRST: f64 = 0.2;

/// The least limit for removals.
const LEAST_LIMIT: f64 = 0.1;

/// A limit is this many times the usual maximum. In the histories of `tests/simulation.rs`, 2 asks operators of lively
/// lists a third and fourth time, and 3 misses no more bad days than 2.
const MARGIN: f64 = 3.0;

/// A run is undone if the next one restores at least this share of what it removed. The rest may be gone for good.
const UNDONE_SHARE: f64 = 1.0 / 3.0;

/// An earlier complete run of the scope that was [ordinary](super::Decision::is_ordinary), or that an operator
/// released. Its numbers are of the changes that were applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastRun {
    /// Active references before it.
    pub num_active_before: u64,
    /// Distinct keys seen.
    pub num_seen: u64,
    /// References removed.
    pub num_removed: u64,
    /// References added.
    pub num_added: u64,
    /// Tombstones that came back.
    pub num_restored: u64,
    /// References whose key was moved.
    pub num_rekeyed: u64,
    /// Pairs of a suspected re-key that were applied as removals and additions.
    pub num_split: u64,
    /// Records that the coverage counts.
    pub num_records: u64,
    /// Records with a value, by field.
    pub fields: BTreeMap<String, u64>,
}

/// How often a field usually has a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UsualField {
    /// The usual minimum of its share (0 to 1) in a run.
    pub min_share: f64,
    /// Its share (0 to 1) in the records of all runs; never exactly 0 or 1, because tomorrow may differ.
    pub mean_share: f64,
}

/// What runs of a scope usually do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    /// Runs that it was learnt from.
    pub num_runs: usize,
    /// The usual maximum of the removed share (0 to 1).
    pub max_removed_share: f64,
    /// The usual maximum of the share (0 to 1) of references that were split from their new keys.
    pub max_split_share: f64,
    /// The usual minimum and maximum of keys seen; `None` while little is known.
    pub num_seen: Option<(u64, u64)>,
    /// Whether a run without records is usual.
    pub is_often_empty: bool,
    /// The fields that had values.
    pub fields: BTreeMap<String, UsualField>,
}

impl Baseline {
    /// Learns from the runs of a scope, newest first.
    pub fn learn(policy: &GuardPolicy, history: &[PastRun]) -> Self {
        let runs = sound_runs(policy, &history[..history.len().min(MAX_RUNS)]);
        let num_seen: Vec<u64> = runs.iter().map(|run| run.num_seen).collect();
        Self {
            num_runs: runs.len(),
            max_removed_share: usual_max(runs.iter().map(|run| run.removed_share(policy))),
            max_split_share: usual_max(history.iter().map(|run| run.share(run.num_split))),
            num_seen: usual_range(&num_seen),
            is_often_empty: num_seen.iter().filter(|num_seen| **num_seen == 0).count() > 1,
            fields: usual_fields(&runs),
        }
    }

    /// The largest share (0 to 1) of active references that may vanish together.
    pub fn removal_limit(&self) -> f64 {
        let least = if self.is_young() { LIMIT_AT_FIRST } else { LEAST_LIMIT };
        least.max(MARGIN * self.max_removed_share)
    }

    /// The largest share (0 to 1) of active references that may reappear under other keys.
    pub fn split_limit(&self) -> f64 {
        MARGIN * self.max_split_share
    }

    fn is_young(&self) -> bool {
        self.num_runs < MIN_RUNS
    }

    /// The runs in words, for messages.
    pub(super) fn runs(&self) -> String {
        match self.num_runs {
            1 => "1 run".to_owned(),
            number => format!("{number} runs"),
        }
    }
}

impl PastRun {
    /// The removed share, as if the scope had a few more references: 1 of 1 says little about 10 of 10.
    fn removed_share(&self, policy: &GuardPolicy) -> f64 {
        self.num_removed as f64 / (self.num_active_before + policy.min_removed).max(1) as f64
    }

    fn share(&self, count: u64) -> f64 {
        if self.num_active_before == 0 { 0.0 } else { count as f64 / self.num_active_before as f64 }
    }
}

/// The runs to learn from: without bad days that were released, which show in that the next run brings back what they
/// removed, and without that next run.
fn sound_runs<'a>(policy: &GuardPolicy, history: &'a [PastRun]) -> Vec<&'a PastRun> {
    let is_undone = |run: &PastRun, next: &PastRun| {
        run.num_removed > policy.min_removed
            && next.num_restored as f64 >= UNDONE_SHARE * run.num_removed as f64
    };
    let undoes =
        |index: usize| history.get(index + 1).is_some_and(|earlier| is_undone(earlier, &history[index]));
    let is_sound = |index: &usize| !undoes(*index) && (*index == 0 || !undoes(*index - 1));
    (0..history.len()).filter(is_sound).map(|index| &history[index]).collect()
}

/// The second-largest value; 0 if there are fewer than two.
fn usual_max(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    sorted.get(1).copied().unwrap_or(0.0)
}

/// The second-smallest value; the smallest if there are only one or two.
fn usual_min(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let position = usize::from(values.len() > 2);
    values.get(position).copied().unwrap_or(0.0)
}

/// The usual minimum and maximum, which always include the newest value: the scope may have just changed for good.
fn usual_range(newest_first: &[u64]) -> Option<(u64, u64)> {
    let mut sorted = newest_first.to_vec();
    sorted.sort_unstable();
    let (newest, last) = (*newest_first.first()?, sorted.len() - 1);
    (sorted.len() >= MIN_RUNS).then(|| (sorted[1].min(newest), sorted[last - 1].max(newest)))
}

/// Each field is judged only by the runs since it first had a value.
fn usual_fields(newest_first: &[&PastRun]) -> BTreeMap<String, UsualField> {
    let mut runs_by_field: BTreeMap<&str, Vec<(u64, u64)>> = BTreeMap::new();
    for run in newest_first.iter().rev().filter(|run| run.num_records > 0) {
        for name in run.fields.keys() {
            runs_by_field.entry(name).or_default();
        }
        for (name, runs) in &mut runs_by_field {
            runs.push((run.fields.get(*name).copied().unwrap_or(0), run.num_records));
        }
    }
    let usual = |runs: Vec<(u64, u64)>| {
        let num_present: u64 = runs.iter().map(|(num_present, _)| num_present).sum();
        let num_records: u64 = runs.iter().map(|(_, num_records)| num_records).sum();
        UsualField {
            min_share: usual_min(
                runs.iter().map(|(present, records)| *present as f64 / *records as f64).collect(),
            ),
            // Laplace's rule of succession.
            mean_share: (num_present + 1) as f64 / (num_records + 2) as f64,
        }
    };
    runs_by_field.into_iter().map(|(name, runs)| (name.to_owned(), usual(runs))).collect()
}
