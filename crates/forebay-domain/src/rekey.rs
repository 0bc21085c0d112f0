//! Re-keys: a source that yields the same records under new keys.
//!
//! To a complete run this looks like everything being removed and as much being added, which would cut every
//! reference off from its history. Here the keys that vanish are matched with the keys that appear by what the records
//! say apart from their key fields. The result is an offer: the guards hold the run, and an operator decides.
//!
//! Four steps, each working on what the ones before left:
//! 1. Content that is the same, and that one record on each side has.
//! 2. From those pairs, how the keys changed (a prefix or suffix stripped, added or replaced). Where several records
//!    share one content, a key that such a change leads to decides.
//! 3. Records whose key a learnt change leads to, with part of the content the same.
//! 4. The most similar record, where the choice is mutual and clear.
//!
//! What stays ambiguous stays unpaired: a wrong pair would mix two histories, a missing one costs an operator a look.
//! The work is near-linear: content and field values are hashed, and step 4 looks at few candidates for each record.

mod candidate;
mod content;
mod key_change;
mod similar;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub use candidate::{
    Candidate, MAX_SIMILAR, MIN_LEAD, MIN_PAIRED_SHARE, MIN_PAIRS, MIN_SIMILARITY, MIN_SIMILARITY_WITH_KEY,
};
use content::Reader;
pub use key_change::KeyChange;
use similar::Similarity;

/// A recognised re-key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekey {
    /// Index among the vanished and index among the appeared, one to one, sorted.
    pub pairs: Vec<(usize, usize)>,
    /// How many of the pairs have the same content, key fields aside; the others are similar.
    pub num_same_content: usize,
    /// How many keys vanished.
    pub num_vanished: usize,
    /// How many keys appeared.
    pub num_appeared: usize,
    /// The change of keys that explains at least half of the pairs.
    pub key_change: Option<KeyChange>,
}

/// Matches what vanished with what appeared; `None` when that is no re-key. `key_fields` are the top-level fields
/// that make up the record's key. The same input gives the same pairs.
pub fn recognise(vanished: &[Candidate], appeared: &[Candidate], key_fields: &[String]) -> Option<Rekey> {
    if vanished.len() < MIN_PAIRS || appeared.len() < MIN_PAIRS {
        return None;
    }
    let mut matching = Matching::new(vanished, appeared);
    matching.pair_same_content(key_fields);
    let num_same_content = matching.num_pairs;
    let is_complete = matching.num_pairs == vanished.len().min(appeared.len());
    if !is_complete && vanished.len().max(appeared.len()) <= MAX_SIMILAR {
        let similarity = Similarity::new(vanished, appeared, key_fields);
        matching.pair_by_key_change(|v, a| similarity.of(v, a) >= MIN_SIMILARITY_WITH_KEY);
        matching.pair_most_similar(&similarity);
        matching.pair_by_key_change(|v, a| similarity.of(v, a) >= MIN_SIMILARITY_WITH_KEY);
    }
    matching.finish(num_same_content)
}

/// The pairs found so far.
struct Matching<'a> {
    vanished: &'a [Candidate],
    appeared: &'a [Candidate],
    /// For each vanished, its partner.
    partner: Vec<Option<usize>>,
    /// For each appeared, whether it has one.
    is_taken: Vec<bool>,
    num_pairs: usize,
    appeared_by_key: HashMap<&'a str, usize>,
}

impl<'a> Matching<'a> {
    fn new(vanished: &'a [Candidate], appeared: &'a [Candidate]) -> Self {
        let appeared_by_key =
            appeared.iter().enumerate().map(|(index, candidate)| (candidate.key.as_str(), index)).collect();
        Self {
            vanished,
            appeared,
            partner: vec![None; vanished.len()],
            is_taken: vec![false; appeared.len()],
            num_pairs: 0,
            appeared_by_key,
        }
    }

    fn pair(&mut self, v: usize, a: usize) {
        self.partner[v] = Some(a);
        self.is_taken[a] = true;
        self.num_pairs += 1;
    }

    /// Steps 1 and 2.
    fn pair_same_content(&mut self, key_fields: &[String]) {
        let mut reader = Reader::new(key_fields);
        let vanished: Vec<_> = self.vanished.iter().map(|one| reader.content_hash(&one.payload)).collect();
        let appeared: Vec<_> = self.appeared.iter().map(|one| reader.content_hash(&one.payload)).collect();
        let alone_vanished = positions_of_unique(&vanished);
        let alone_appeared = positions_of_unique(&appeared);
        for (v, hash) in vanished.iter().enumerate() {
            if let Some(hash) = hash
                && let Some(Some(_)) = alone_vanished.get(hash)
                && let Some(Some(a)) = alone_appeared.get(hash)
            {
                self.pair(v, *a);
            }
        }
        self.pair_by_key_change(|v, a| vanished[v].is_some() && vanished[v] == appeared[a]);
    }

    /// Pairs the records that a learnt change of keys leads to, where `is_credible` agrees.
    fn pair_by_key_change(&mut self, is_credible: impl Fn(usize, usize) -> bool) {
        let changes = key_change::learn(self.keys_of_pairs());
        for v in 0..self.vanished.len() {
            for change in &changes {
                if self.partner[v].is_some() {
                    break;
                }
                let target = change.apply(&self.vanished[v].key);
                let found = target.and_then(|key| self.appeared_by_key.get(key.as_str()).copied());
                if let Some(a) = found
                    && !self.is_taken[a]
                    && is_credible(v, a)
                {
                    self.pair(v, a);
                }
            }
        }
    }

    /// Step 4.
    fn pair_most_similar(&mut self, similarity: &Similarity) {
        let is_free_vanished: Vec<bool> = self.partner.iter().map(Option::is_none).collect();
        let is_free_appeared: Vec<bool> = self.is_taken.iter().map(|taken| !taken).collect();
        for (v, a) in similarity.mutual_best(&is_free_vanished, &is_free_appeared) {
            self.pair(v, a);
        }
    }

    fn keys_of_pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let (vanished, appeared) = (self.vanished, self.appeared);
        let pairs = self.partner.iter().enumerate().filter_map(|(v, partner)| Some((v, (*partner)?)));
        pairs.map(|(v, a)| (vanished[v].key.as_str(), appeared[a].key.as_str()))
    }

    fn finish(self, num_same_content: usize) -> Option<Rekey> {
        let share = self.num_pairs as f64 / self.vanished.len() as f64;
        if self.num_pairs < MIN_PAIRS || share < MIN_PAIRED_SHARE {
            return None;
        }
        let explains = |change: &KeyChange| {
            let agreeing =
                self.keys_of_pairs().filter(|(old, new)| change.apply(old).as_deref() == Some(*new));
            agreeing.count() * 2 >= self.num_pairs
        };
        let key_change = key_change::learn(self.keys_of_pairs()).into_iter().find(explains);
        let pairs = self.partner.iter().enumerate().filter_map(|(v, a)| Some((v, (*a)?))).collect();
        let (num_vanished, num_appeared) = (self.vanished.len(), self.appeared.len());
        Some(Rekey { pairs, num_same_content, num_vanished, num_appeared, key_change })
    }
}

/// The position of each hash; `None`: it occurs several times.
fn positions_of_unique(hashes: &[Option<content::Hash>]) -> HashMap<content::Hash, Option<usize>> {
    let mut positions = HashMap::with_capacity(hashes.len());
    for (position, hash) in hashes.iter().enumerate() {
        if let Some(hash) = hash {
            positions.entry(*hash).and_modify(|known| *known = None).or_insert(Some(position));
        }
    }
    positions
}
