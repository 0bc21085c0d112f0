//! Re-keys: a source yields the same records under new keys.
//!
//! To a complete run, this looks as if everything was removed and as many records were added, which would cut every
//! reference off from its history. This module matches the keys that vanished with the keys that appeared, by comparing
//! content without the key fields. The result is only a proposal: the guards hold the run, and an operator decides.
//!
//! There are four steps; each works on the records that the earlier steps left unpaired:
//! 1. Pair records with the same content, if only one record on each side has it.
//! 2. Learn from these pairs how the keys changed (a prefix or suffix was stripped, added or replaced). Where several
//!    records share one content, pair those whose keys follow such a change.
//! 3. Pair records whose keys follow a learnt change and whose content is partly the same.
//! 4. Pair the most similar records, if the choice is mutual and clear.
//!
//! Ambiguous records stay unpaired: a wrong pair mixes two histories, while a missing pair only costs an operator a
//! manual check. The work is near-linear: content and field values are hashed, and step 4 compares few candidates per
//! record.

mod candidate;
mod content;
mod key_change;
mod similar;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub use candidate::{
    Candidate, MAX_SIMILAR, MIN_CERTAIN_SHARE, MIN_LEAD, MIN_PAIRED_SHARE, MIN_PAIRS, MIN_SIMILARITY,
    MIN_SIMILARITY_WITH_KEY,
};
use content::Reader;
pub use key_change::KeyChange;
use similar::Similarity;

crate::words! {
    /// What happens to records that reappear under other keys.
    #[derive(Default)]
    pub enum RekeyPolicy {
        /// A suspected re-key waits for an operator.
        #[default]
        Hold = "hold",
        /// Certain pairs move to their new keys, even a single one; the others wait for an operator.
        Follow = "follow",
        /// Old keys are removed and new keys are added.
        Off = "off",
    }
}

/// A record under its old and its new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// Index of the vanished record.
    pub vanished: usize,
    /// Index of the appeared record.
    pub appeared: usize,
    /// Whether both have the same content, and no other vanished or appeared record has it.
    pub is_certain: bool,
}

/// A recognised re-key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekey {
    /// The pairs, one to one, sorted.
    pub pairs: Vec<Pair>,
    /// Number of pairs with the same content apart from key fields; the others are similar.
    pub num_same_content: usize,
    /// Number of keys that vanished.
    pub num_vanished: usize,
    /// Number of keys that appeared.
    pub num_appeared: usize,
    /// The key change that explains at least half of the pairs.
    pub key_change: Option<KeyChange>,
}

/// Matches vanished records with appeared records; `None` if the policy has no use for the result. `key_fields` are the
/// top-level fields that make up the record key. The result is deterministic.
pub fn recognise(
    policy: RekeyPolicy,
    vanished: &[Candidate],
    appeared: &[Candidate],
    key_fields: &[String],
) -> Option<Rekey> {
    let is_too_few = vanished.len().min(appeared.len()) < MIN_PAIRS;
    if policy == RekeyPolicy::Off || policy == RekeyPolicy::Hold && is_too_few {
        return None;
    }
    let rekey = matches(vanished, appeared, key_fields);
    match policy {
        _ if rekey.is_suspected() => Some(rekey),
        RekeyPolicy::Follow => Some(rekey.only_certain()).filter(|rekey| !rekey.pairs.is_empty()),
        RekeyPolicy::Hold | RekeyPolicy::Off => None,
    }
}

impl Rekey {
    /// Whether the pairs are too many for a coincidence.
    fn is_suspected(&self) -> bool {
        let num_certain = self.pairs.iter().filter(|pair| pair.is_certain).count();
        let share = |num_pairs: usize| num_pairs as f64 / self.num_vanished as f64;
        self.pairs.len() >= MIN_PAIRS && share(self.pairs.len()) >= MIN_PAIRED_SHARE
            || num_certain >= MIN_PAIRS && share(num_certain) >= MIN_CERTAIN_SHARE
    }

    fn only_certain(mut self) -> Self {
        self.pairs.retain(|pair| pair.is_certain);
        self.num_same_content = self.pairs.len();
        self
    }
}

fn matches(vanished: &[Candidate], appeared: &[Candidate], key_fields: &[String]) -> Rekey {
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

/// The partner of a vanished record.
#[derive(Clone, Copy)]
struct Partner {
    appeared: usize,
    is_certain: bool,
}

/// The pairs found so far.
struct Matching<'a> {
    vanished: &'a [Candidate],
    appeared: &'a [Candidate],
    /// For each vanished record, its partner.
    partner: Vec<Option<Partner>>,
    /// For each appeared record, whether it has a partner.
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

    fn pair(&mut self, v: usize, a: usize, is_certain: bool) {
        self.partner[v] = Some(Partner { appeared: a, is_certain });
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
                self.pair(v, *a, true);
            }
        }
        self.pair_by_key_change(|v, a| vanished[v].is_some() && vanished[v] == appeared[a]);
    }

    /// Pairs records whose keys follow a learnt change, if `is_credible` accepts the pair.
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
                    self.pair(v, a, false);
                }
            }
        }
    }

    /// Step 4.
    fn pair_most_similar(&mut self, similarity: &Similarity) {
        let is_free_vanished: Vec<bool> = self.partner.iter().map(Option::is_none).collect();
        let is_free_appeared: Vec<bool> = self.is_taken.iter().map(|taken| !taken).collect();
        for (v, a) in similarity.mutual_best(&is_free_vanished, &is_free_appeared) {
            self.pair(v, a, false);
        }
    }

    fn keys_of_pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let (vanished, appeared) = (self.vanished, self.appeared);
        let pairs = self.partner.iter().enumerate().filter_map(|(v, partner)| Some((v, (*partner)?)));
        pairs.map(|(v, partner)| (vanished[v].key.as_str(), appeared[partner.appeared].key.as_str()))
    }

    fn finish(self, num_same_content: usize) -> Rekey {
        let explains = |change: &KeyChange| {
            let agreeing =
                self.keys_of_pairs().filter(|(old, new)| change.apply(old).as_deref() == Some(*new));
            agreeing.count() * 2 >= self.num_pairs
        };
        let key_change = key_change::learn(self.keys_of_pairs()).into_iter().find(explains);
        let pair = |(vanished, partner): (usize, &Option<Partner>)| {
            let Partner { appeared, is_certain } = (*partner)?;
            Some(Pair { vanished, appeared, is_certain })
        };
        let pairs = self.partner.iter().enumerate().filter_map(pair).collect();
        let (num_vanished, num_appeared) = (self.vanished.len(), self.appeared.len());
        Rekey { pairs, num_same_content, num_vanished, num_appeared, key_change }
    }
}

/// The position of each hash; `None` if it occurs several times.
fn positions_of_unique(hashes: &[Option<content::Hash>]) -> HashMap<content::Hash, Option<usize>> {
    let mut positions = HashMap::with_capacity(hashes.len());
    for (position, hash) in hashes.iter().enumerate() {
        if let Some(hash) = hash {
            positions.entry(*hash).and_modify(|known| *known = None).or_insert(Some(position));
        }
    }
    positions
}
