//! The similarity of two records: the share of fields with the same value, with rare values weighing more.
//!
//! A language code that every record has proves nothing; a title that only one record has proves nearly everything. The
//! weight of a value is the logarithm of its rarity (inverse document frequency, Spärck Jones 1972). Fields that exist
//! on only one side reflect a change of the source's schema and do not count.

use std::collections::{HashMap, HashSet};

use super::{
    candidate::{Candidate, MIN_LEAD, MIN_SIMILARITY},
    content::{Hash, Reader},
};

/// Values that more records than this share do not produce candidates.
const MAX_SHARED_BY: usize = 32;

/// Maximum number of candidates compared with one record; those that share its rarest values come first.
const MAX_COMPARED: usize = 64;

/// All records of both sides, as sorted lists of values.
pub(super) struct Similarity {
    vanished: Side,
    appeared: Side,
    /// Indexed by value.
    weights: Vec<f64>,
}

struct Side {
    /// For each record, the values of its fields, sorted.
    values: Vec<Vec<u32>>,
    /// For each record, the sum of its weights.
    totals: Vec<f64>,
}

/// The best match for a record, with the scores of the best and the second best.
#[derive(Clone, Copy)]
struct Choice {
    best: usize,
    score: f64,
    runner_up: f64,
}

impl Choice {
    const NONE: Self = Self { best: usize::MAX, score: 0.0, runner_up: 0.0 };

    fn offer(&mut self, other: usize, score: f64) {
        if score > self.score {
            *self = Self { best: other, score, runner_up: self.score };
        } else {
            self.runner_up = self.runner_up.max(score);
        }
    }

    fn is_clear(self) -> bool {
        self.score >= MIN_SIMILARITY && self.score - self.runner_up >= MIN_LEAD
    }
}

impl Similarity {
    pub(super) fn new(vanished: &[Candidate], appeared: &[Candidate], key_fields: &[String]) -> Self {
        let mut reader = Reader::new(key_fields);
        let mut read = |side: &[Candidate]| -> Vec<Vec<(Hash, Hash)>> {
            side.iter().map(|candidate| reader.fields(&candidate.payload)).collect()
        };
        let (vanished, appeared) = (read(vanished), read(appeared));
        let names = |side: &[Vec<(Hash, Hash)>]| -> HashSet<Hash> {
            side.iter().flatten().map(|(name, _)| *name).collect()
        };
        let (known_before, known_after) = (names(&vanished), names(&appeared));
        let is_comparable = |name: Hash| known_before.contains(&name) && known_after.contains(&name);

        let mut numbers = HashMap::new();
        let vanished = number_values(&vanished, is_comparable, &mut numbers);
        let appeared = number_values(&appeared, is_comparable, &mut numbers);
        let weights = weigh(&vanished, &appeared, numbers.len());
        let side = |values: Vec<Vec<u32>>| {
            let total = |record: &Vec<u32>| record.iter().map(|value| weights[*value as usize]).sum();
            let totals = values.iter().map(total).collect();
            Side { values, totals }
        };
        let (vanished, appeared) = (side(vanished), side(appeared));
        Self { vanished, appeared, weights }
    }

    /// From 0 (nothing in common) to 1 (all comparable fields the same).
    pub(super) fn of(&self, v: usize, a: usize) -> f64 {
        let heavier = self.vanished.totals[v].max(self.appeared.totals[a]);
        if heavier <= 0.0 {
            return 0.0;
        }
        let mut others = self.appeared.values[a].iter().peekable();
        let mut shared = 0.0;
        for value in &self.vanished.values[v] {
            while others.next_if(|other| *other < value).is_some() {}
            if others.peek() == Some(&value) {
                shared += self.weights[*value as usize];
            }
        }
        shared / heavier
    }

    /// The pairs of unpaired records that are each other's best match, with a clear lead on both sides.
    pub(super) fn mutual_best(
        &self,
        is_free_vanished: &[bool],
        is_free_appeared: &[bool],
    ) -> Vec<(usize, usize)> {
        let mut holders: Vec<Vec<usize>> = vec![Vec::new(); self.weights.len()];
        for (a, values) in self.appeared.values.iter().enumerate().filter(|(a, _)| is_free_appeared[*a]) {
            for value in values {
                // One more than the limit is enough to know that the value is too common.
                let holders = &mut holders[*value as usize];
                if holders.len() <= MAX_SHARED_BY {
                    holders.push(a);
                }
            }
        }
        let mut choices_vanished = vec![Choice::NONE; self.vanished.values.len()];
        let mut choices_appeared = vec![Choice::NONE; self.appeared.values.len()];
        for (v, choice) in choices_vanished.iter_mut().enumerate().filter(|(v, _)| is_free_vanished[*v]) {
            for a in candidates(&self.vanished.values[v], &holders) {
                let score = self.of(v, a);
                choice.offer(a, score);
                choices_appeared[a].offer(v, score);
            }
        }
        let clear = choices_vanished.iter().enumerate().filter(|(_, choice)| choice.is_clear());
        let mutual = clear.filter(|(v, choice)| {
            let back = choices_appeared[choice.best];
            back.best == *v && back.is_clear()
        });
        mutual.map(|(v, choice)| (v, choice.best)).collect()
    }
}

/// The records that share a rare value, without duplicates, rarest values first.
fn candidates(values: &[u32], holders: &[Vec<usize>]) -> Vec<usize> {
    let mut lists: Vec<&Vec<usize>> = values.iter().map(|value| &holders[*value as usize]).collect();
    lists.retain(|list| list.len() <= MAX_SHARED_BY);
    lists.sort_by_key(|list| list.len());
    let mut found: Vec<usize> = Vec::new();
    for a in lists.into_iter().flatten() {
        if found.len() == MAX_COMPARED {
            break;
        }
        if !found.contains(a) {
            found.push(*a);
        }
    }
    found
}

/// Replaces the hashes of comparable fields with small numbers, sorted within each record.
fn number_values(
    records: &[Vec<(Hash, Hash)>],
    is_comparable: impl Fn(Hash) -> bool,
    numbers: &mut HashMap<Hash, u32>,
) -> Vec<Vec<u32>> {
    let mut numbered = Vec::with_capacity(records.len());
    for fields in records {
        let mut values = Vec::with_capacity(fields.len());
        for (_, value) in fields.iter().filter(|(name, _)| is_comparable(*name)) {
            // So many distinct values would need hundreds of gigabytes; the fallback gives them all the last number.
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX - 1);
            values.push(*numbers.entry(*value).or_insert(next));
        }
        values.sort_unstable();
        numbered.push(values);
    }
    numbered
}

/// The weight of each value: ln((records + 1) / records with it) among the vanished records. The appeared ones count
/// only for values that are new: vanished records stay the same while a re-key waits for an operator, but each run
/// brings other new records, which must not change the result.
fn weigh(vanished: &[Vec<u32>], appeared: &[Vec<u32>], num_values: usize) -> Vec<f64> {
    let count = |side: &[Vec<u32>]| {
        let mut counts = vec![0_u32; num_values];
        side.iter().flatten().for_each(|value| counts[*value as usize] += 1);
        counts
    };
    let num_records = vanished.len() as f64;
    let rarity = |(before, after): (u32, u32)| {
        let num_with_it = if before > 0 { before } else { after };
        ((num_records + 1.0) / f64::from(num_with_it)).ln().max(0.0)
    };
    count(vanished).into_iter().zip(count(appeared)).map(rarity).collect()
}
