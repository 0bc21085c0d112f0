//! Field rules: how a source's top-level fields are stored and compared.
//!
//! Some fields change without meaning (a fetch time, a view counter), and some texts differ only in spacing or case.
//! Rules keep such noise from creating versions. They are plain data in a source's policy, keyed by top-level field
//! names. Rules affect the hash, so after changing them, the next run gives every affected record a new version.

use std::collections::{BTreeMap, BTreeSet};

use crate::json::compare_keys;

/// The rules of one source. By default there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldRules {
    /// Fields that are not stored. They may still be part of the key.
    pub ignore: BTreeSet<String>,
    /// Fields that are stored but left out of the hash, so their changes create no version.
    pub volatile: BTreeSet<String>,
    /// Fields that are stored unchanged but compared in a normalised form.
    pub normalise: BTreeMap<String, Normalise>,
}

impl FieldRules {
    /// Whether a rule is about this top-level field.
    pub fn applies_to(&self, field: &str) -> bool {
        self.ignore.contains(field) || self.volatile.contains(field) || self.normalise.contains_key(field)
    }
}

crate::words! {
    /// A step of normalisation.
    pub enum NormaliseStep {
        /// Ignore whitespace at both ends.
        Trim = "trim",
        /// Treat consecutive whitespace as one space.
        Collapse = "collapse",
        /// Ignore case.
        Casefold = "casefold",
    }
}

/// How to normalise the strings of a field before hashing, including those in its arrays and objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Normalise {
    /// Remove whitespace (Unicode `White_Space`) at both ends.
    pub trim: bool,
    /// Replace each run of whitespace with one space.
    pub collapse_whitespace: bool,
    /// Ignore case: convert each character to upper case, then to lower case. `ß` equals `ss`, `ς` equals `σ`. This
    /// differs from Unicode case folding only for a few letters (the dotless `ı` also equals `i`).
    pub casefold: bool,
}

impl Normalise {
    /// The normalisation that consists of these steps, whatever their order.
    pub fn of(steps: &[NormaliseStep]) -> Self {
        Self {
            trim: steps.contains(&NormaliseStep::Trim),
            collapse_whitespace: steps.contains(&NormaliseStep::Collapse),
            casefold: steps.contains(&NormaliseStep::Casefold),
        }
    }

    /// Its steps.
    pub fn steps(self) -> impl Iterator<Item = NormaliseStep> {
        let all = [
            (self.trim, NormaliseStep::Trim),
            (self.collapse_whitespace, NormaliseStep::Collapse),
            (self.casefold, NormaliseStep::Casefold),
        ];
        all.into_iter().filter_map(|(is_set, step)| is_set.then_some(step))
    }

    /// Whether no normalisation is set.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Appends the normalised `text` to `out`.
    pub fn apply(self, text: &str, out: &mut String) {
        let text = if self.trim { text.trim() } else { text };
        let mut in_space = false;
        for character in text.chars() {
            if self.collapse_whitespace && character.is_whitespace() {
                if !in_space {
                    out.push(' ');
                }
                in_space = true;
                continue;
            }
            in_space = false;
            if !self.casefold {
                out.push(character);
            } else if character.is_ascii() {
                out.push(character.to_ascii_lowercase());
            } else {
                out.extend(character.to_uppercase().flat_map(char::to_lowercase));
            }
        }
    }
}

/// The rule for one field of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldRule {
    pub(crate) ignore: bool,
    pub(crate) volatile: bool,
    pub(crate) normalise: Normalise,
}

/// The rules in canonical key order, to be walked in step with a record's sorted fields.
#[derive(Debug)]
pub(crate) struct RuleTable {
    rules: Vec<(String, FieldRule)>,
    hashes_apart: bool,
}

impl RuleTable {
    pub(crate) fn new(rules: &FieldRules) -> Self {
        let mut by_name: BTreeMap<&str, FieldRule> = BTreeMap::new();
        for name in &rules.ignore {
            by_name.entry(name).or_default().ignore = true;
        }
        for name in &rules.volatile {
            by_name.entry(name).or_default().volatile = true;
        }
        for (name, how) in &rules.normalise {
            by_name.entry(name).or_default().normalise = *how;
        }
        by_name.retain(|_, rule| *rule != FieldRule::default());
        let mut rules: Vec<_> = by_name.into_iter().map(|(name, rule)| (name.to_owned(), rule)).collect();
        rules.sort_by(|a, b| compare_keys(&a.0, &b.0));
        let hashes_apart = rules.iter().any(|(_, rule)| rule.volatile || !rule.normalise.is_none());
        Self { rules, hashes_apart }
    }

    /// Whether no rule affects what is stored or hashed.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether the hashed form can differ from the stored form.
    pub(crate) fn hashes_apart(&self) -> bool {
        self.hashes_apart
    }

    /// Starts a walk over the rules, in step with sorted fields.
    pub(crate) fn walk(&self) -> RuleWalk<'_> {
        RuleWalk { rest: &self.rules }
    }
}

/// Finds the rules for fields in canonical order.
#[derive(Debug)]
pub(crate) struct RuleWalk<'a> {
    rest: &'a [(String, FieldRule)],
}

impl RuleWalk<'_> {
    /// The rule for `field`, which must sort after the field of the previous call.
    #[inline]
    pub(crate) fn rule(&mut self, field: &str) -> FieldRule {
        while let [(name, rule), rest @ ..] = self.rest {
            match compare_keys(name, field) {
                std::cmp::Ordering::Less => self.rest = rest,
                std::cmp::Ordering::Equal => return *rule,
                std::cmp::Ordering::Greater => break,
            }
        }
        FieldRule::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(how: Normalise, text: &str) -> String {
        let mut out = String::new();
        how.apply(text, &mut out);
        out
    }

    #[test]
    fn normalising_does_what_each_option_says() {
        let none = Normalise::default();
        let trim = Normalise { trim: true, ..none };
        let collapse = Normalise { collapse_whitespace: true, ..none };
        let casefold = Normalise { casefold: true, ..none };
        let text = " \u{a0}Intro\t to  STRASSE\n";
        assert_eq!(normalised(none, text), text);
        assert_eq!(normalised(trim, text), "Intro\t to  STRASSE");
        assert_eq!(normalised(collapse, text), " Intro to STRASSE ");
        assert_eq!(normalised(casefold, text), " \u{a0}intro\t to  strasse\n");
        assert_eq!(normalised(casefold, "Straße Σς"), normalised(casefold, "STRASSE σσ"));
        let all = Normalise { trim: true, collapse_whitespace: true, casefold: true };
        assert_eq!(normalised(all, text), "intro to strasse");
    }

    #[test]
    fn a_walk_finds_each_rule() {
        let mut rules = FieldRules::default();
        rules.ignore.extend(["b".to_owned(), "\u{e000}".to_owned()]);
        rules.volatile.extend(["d".to_owned(), "\u{10000}".to_owned()]);
        let table = RuleTable::new(&rules);
        let mut walk = table.walk();
        let fields = ["a", "b", "bb", "d", "e", "\u{10000}", "\u{e000}"];
        let found: Vec<_> =
            fields.map(|field| walk.rule(field)).map(|rule| (rule.ignore, rule.volatile)).into();
        let (nothing, ignore, volatile) = ((false, false), (true, false), (false, true));
        assert_eq!(found, [nothing, ignore, nothing, volatile, nothing, volatile, ignore]);
        assert!(table.hashes_apart() && !table.is_empty());
    }

    #[test]
    fn rules_without_effect_keep_the_fast_path() {
        let mut rules = FieldRules::default();
        rules.normalise.insert("title".to_owned(), Normalise::default());
        assert!(RuleTable::new(&rules).is_empty());
    }
}
