//! How the records of a source are persisted: the policy that the database stores with the source.
//!
//! The policy is JSON in `sources.policy`, so the database can read and compare it. Content hashes are comparable only
//! under the same field rules, so a run that another program starts must use the stored ones.

use std::collections::{BTreeMap, BTreeSet};

use forebay_domain::{
    entity::{Entity, EntityCheck},
    guards::{Confirm, GuardPolicy},
    identity::{KeyField, key_in_scope},
    json::DEFAULT_MAX_DEPTH,
    patch::RecordMode,
    prepare::RecordPolicy,
    removal_flag::RemovedWhen,
    rules::{FieldRules, Normalise, NormaliseStep},
    run::OnDuplicate,
    words::Word,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::rejects::DEFAULT_MAX_REJECTED_KEPT;
use crate::error::Result;

/// The default share (0 to 1) of rejected records above which a run fails.
pub const DEFAULT_MAX_REJECTED_SHARE: f64 = 0.1;

const GUARDS: &str = "guards";
const MAX_REJECTED: &str = "max_rejected_share";
const MAX_REJECTED_KEPT: &str = "max_rejected_kept";
const SEQUENCE: &str = "sequence_field";
const MODE: &str = "mode";
const REMOVED_WHEN: &str = "removed_when";
const REQUIRE_END: &str = "require_end";
const CONTRACT_VERSION: &str = "contract_version_column";

/// How the records of a source are persisted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SourcePolicy {
    /// Field rules: what to store, what to compare.
    pub(crate) rules: FieldRules,
    /// How to handle a key that appears again in a run.
    pub(crate) on_duplicate: OnDuplicate,
    /// When to hold a complete run.
    pub(crate) guards: GuardPolicy,
    /// The share (0 to 1) of rejected records above which a run fails.
    pub(crate) max_rejected_share: f64,
    /// How many rejected records of a run are stored with their text.
    pub(crate) max_rejected_kept: u64,
    /// The numeric field that shows which of two records is older.
    pub(crate) sequence_field: Option<String>,
    /// The field that names the version of a record's contract.
    pub(crate) contract_version_column: Option<String>,
    /// Whether an input must have an end line. `None`: if an earlier one had it.
    pub(crate) require_end: Option<bool>,
    /// The value by which a record says that it is gone.
    pub(crate) removed_when: RemovedWhen,
    /// What its records are.
    pub(crate) mode: RecordMode,
}

impl Default for SourcePolicy {
    fn default() -> Self {
        Self {
            rules: FieldRules::default(),
            on_duplicate: OnDuplicate::default(),
            guards: GuardPolicy::default(),
            max_rejected_share: DEFAULT_MAX_REJECTED_SHARE,
            max_rejected_kept: DEFAULT_MAX_REJECTED_KEPT,
            sequence_field: None,
            contract_version_column: None,
            require_end: None,
            removed_when: RemovedWhen::default(),
            mode: RecordMode::default(),
        }
    }
}

impl SourcePolicy {
    /// Whether the result for a key is known only at the end of the input.
    pub(crate) fn needs_whole_input(&self) -> bool {
        self.mode == RecordMode::Patch || self.on_duplicate.needs_whole_input()
    }

    /// How to prepare the records of a source's scope, whose entity type may be a declared one.
    pub(super) fn record_policy(
        &self,
        source: &str,
        key_fields: &[String],
        scope: &str,
        entity: Option<&Entity>,
    ) -> RecordPolicy {
        let entity = entity.map(EntityCheck::new).map(|check| match self.mode {
            RecordMode::Patch => check.of_parts(),
            RecordMode::Replace => check,
        });
        RecordPolicy {
            source: source.to_owned(),
            key: key_in_scope(key_fields, scope),
            rules: self.rules.clone(),
            removed_when: self.removed_when.field().cloned(),
            entity,
            max_depth: DEFAULT_MAX_DEPTH,
        }
    }

    /// The settings of a source with this key that name a top-level field or something in it, by their names in the
    /// configuration.
    pub(crate) fn settings_with(&self, key_fields: &[String], field: &str) -> Vec<&'static str> {
        let is_key = |key: &String| top_level(key).as_deref() == Some(field);
        let newest_by = matches!(&self.on_duplicate, OnDuplicate::Newest(path) if path.top_level() == field);
        [
            ("key", key_fields.iter().any(is_key)),
            ("ignore", self.rules.ignore.contains(field)),
            ("volatile", self.rules.volatile.contains(field)),
            ("normalise", self.rules.normalise.contains_key(field)),
            ("on_duplicate", newest_by),
            ("removed_when", self.removed_when.field().is_some_and(|path| path.top_level() == field)),
            ("sequence", self.sequence_field.as_deref() == Some(field)),
            ("postgres.contract_version_column", self.contract_version_column.as_deref() == Some(field)),
        ]
        .into_iter()
        .filter_map(|(setting, is_named)| is_named.then_some(setting))
        .collect()
    }

    /// Its stored form. Every policy has exactly one, so the database can tell whether a policy changed.
    pub(crate) fn to_json(&self) -> Value {
        let mut policy =
            json!({ "rules": rules_json(&self.rules), "on_duplicate": self.on_duplicate.to_string() });
        if self.guards != GuardPolicy::default() {
            policy[GUARDS] = guards_json(&self.guards);
            policy[GUARDS]["enabled"] = json!(self.guards.enabled);
        }
        if self.max_rejected_share.to_bits() != DEFAULT_MAX_REJECTED_SHARE.to_bits() {
            policy[MAX_REJECTED] = json!(self.max_rejected_share);
        }
        if self.max_rejected_kept != DEFAULT_MAX_REJECTED_KEPT {
            policy[MAX_REJECTED_KEPT] = json!(self.max_rejected_kept);
        }
        for (name, field) in
            [(SEQUENCE, &self.sequence_field), (CONTRACT_VERSION, &self.contract_version_column)]
        {
            if let Some(field) = field {
                policy[name] = json!(field);
            }
        }
        if let Some(require_end) = self.require_end {
            policy[REQUIRE_END] = json!(require_end);
        }
        if self.removed_when != RemovedWhen::default() {
            policy[REMOVED_WHEN] = json!(self.removed_when);
        }
        if self.mode != RecordMode::default() {
            policy[MODE] = json!(self.mode.as_str());
        }
        policy
    }

    /// Reads the output of [`Self::to_json`]; missing values become the default. Error: `unknown_word`, because a newer
    /// Forebay may have written the word, and a guess would change every hash.
    pub(crate) fn from_json(policy: &Value) -> Result<Self> {
        let rules = &policy["rules"];
        let normalise = rules["normalise"].as_object().into_iter().flatten();
        Ok(Self {
            rules: FieldRules {
                ignore: names(&rules["ignore"]),
                volatile: names(&rules["volatile"]),
                normalise: normalise
                    .map(|(field, words)| Ok((field.clone(), normalisation(words)?)))
                    .collect::<Result<_>>()?,
            },
            on_duplicate: match policy["on_duplicate"].as_str() {
                Some(stored) => stored.parse().map_err(|_| unknown(stored))?,
                None => OnDuplicate::default(),
            },
            guards: guards(&policy[GUARDS])?,
            max_rejected_share: policy[MAX_REJECTED].as_f64().unwrap_or(DEFAULT_MAX_REJECTED_SHARE),
            max_rejected_kept: policy[MAX_REJECTED_KEPT].as_u64().unwrap_or(DEFAULT_MAX_REJECTED_KEPT),
            sequence_field: policy[SEQUENCE].as_str().map(str::to_owned),
            contract_version_column: policy[CONTRACT_VERSION].as_str().map(str::to_owned),
            require_end: policy[REQUIRE_END].as_bool(),
            removed_when: match policy.get(REMOVED_WHEN) {
                Some(stored) => RemovedWhen::deserialize(stored).map_err(|_| unknown(&stored.to_string()))?,
                None => RemovedWhen::default(),
            },
            mode: policy[MODE].as_str().map_or(Ok(RecordMode::default()), word)?,
        })
    }
}

/// The top-level field of a key field.
pub(crate) fn top_level(key_field: &str) -> Option<String> {
    key_field.parse::<KeyField>().ok()?.path().first().cloned()
}

/// The stored form of field rules.
pub(crate) fn rules_json(rules: &FieldRules) -> Value {
    let normalise: BTreeMap<_, _> =
        rules.normalise.iter().map(|(field, steps)| (field, words(*steps))).collect();
    json!({ "ignore": rules.ignore, "volatile": rules.volatile, "normalise": normalise })
}

/// The thresholds of guards, as a run stores them too.
pub(super) fn guards_json(guards: &GuardPolicy) -> Value {
    json!({
        "removals": guards.removals.as_str(),
        "confirm": guards.confirm.map(|confirm| json!({ "runs": confirm.num_runs, "days": confirm.num_days })),
        "hold_empty": guards.hold_empty,
        "rekey": guards.rekey.as_str(),
        "max_removed_share": guards.max_removed_share,
        "min_removed": guards.min_removed,
        "max_changed_share": guards.max_changed_share,
        "min_changed": guards.min_changed,
        "min_coverage_kept": guards.min_coverage_kept,
    })
}

fn guards(stored: &Value) -> Result<GuardPolicy> {
    let default = GuardPolicy::default();
    let flag = |name: &str, default| stored[name].as_bool().unwrap_or(default);
    let share = |name: &str, default| stored[name].as_f64().unwrap_or(default);
    let count = |name: &str, default| stored[name].as_u64().unwrap_or(default);
    let confirm = |confirm: &Value| {
        let num_days = confirm["days"].as_u64().and_then(|days| u32::try_from(days).ok())?;
        Some(Confirm { num_runs: confirm["runs"].as_u64()?, num_days })
    };
    Ok(GuardPolicy {
        enabled: flag("enabled", default.enabled),
        removals: stored["removals"].as_str().map_or(Ok(default.removals), word)?,
        confirm: confirm(&stored["confirm"]),
        hold_empty: flag("hold_empty", default.hold_empty),
        rekey: stored["rekey"].as_str().map_or(Ok(default.rekey), word)?,
        max_removed_share: stored["max_removed_share"].as_f64(),
        min_removed: count("min_removed", default.min_removed),
        max_changed_share: share("max_changed_share", default.max_changed_share),
        min_changed: count("min_changed", default.min_changed),
        min_coverage_kept: share("min_coverage_kept", default.min_coverage_kept),
    })
}

fn names(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn words(normalise: Normalise) -> Vec<&'static str> {
    normalise.steps().map(NormaliseStep::as_str).collect()
}

fn normalisation(words: &Value) -> Result<Normalise> {
    let steps: Result<Vec<NormaliseStep>> =
        words.as_array().into_iter().flatten().filter_map(Value::as_str).map(word).collect();
    Ok(Normalise::of(&steps?))
}

fn word<W: Word>(stored: &str) -> Result<W> {
    Ok(W::from_word(stored).ok_or_else(|| unknown(stored))?)
}

fn unknown(stored: &str) -> forebay_store::Error {
    forebay_store::Error::UnknownWord { column: "policy", word: stored.to_owned() }
}

#[cfg(test)]
mod tests {
    use forebay_domain::{guards::RemovalPolicy, rekey::RekeyPolicy};

    use super::*;

    #[test]
    fn a_policy_round_trips() {
        let trim = Normalise { trim: true, ..Normalise::default() };
        let policy = SourcePolicy {
            rules: FieldRules {
                ignore: ["etag".to_owned()].into(),
                volatile: ["views".to_owned(), "rank".to_owned()].into(),
                normalise: [("title".to_owned(), trim)].into(),
            },
            on_duplicate: "newest_by=/meta/at".parse().unwrap(),
            guards: GuardPolicy {
                enabled: false,
                removals: RemovalPolicy::Never,
                confirm: Some(Confirm { num_runs: 3, num_days: 2 }),
                hold_empty: false,
                rekey: RekeyPolicy::Follow,
                max_removed_share: Some(0.1),
                min_removed: 1,
                max_changed_share: 0.2,
                min_changed: 2,
                min_coverage_kept: 0.3,
            },
            max_rejected_share: 0.25,
            max_rejected_kept: 7,
            sequence_field: Some("seq".to_owned()),
            contract_version_column: Some("contract".to_owned()),
            require_end: Some(false),
            removed_when: "/meta/deleted".parse().unwrap(),
            mode: RecordMode::Patch,
        };
        assert_eq!(SourcePolicy::from_json(&policy.to_json()).unwrap(), policy);
        let unmarked = SourcePolicy { removed_when: RemovedWhen::Never, ..policy };
        assert_eq!(SourcePolicy::from_json(&unmarked.to_json()).unwrap(), unmarked);
        assert_eq!(SourcePolicy::from_json(&json!({})).unwrap(), SourcePolicy::default());
    }

    #[test]
    fn unknown_words_are_errors() {
        let rules = json!({ "rules": { "normalise": { "title": ["trim", "transliterate"] } } });
        for policy in [rules, json!({ "on_duplicate": "newest" }), json!({ "removed_when": true })] {
            assert_eq!(SourcePolicy::from_json(&policy).unwrap_err().code(), "unknown_word", "{policy}");
        }
    }

    #[test]
    fn defaults_of_optional_settings_are_not_stored() {
        let stored = SourcePolicy::default().to_json();
        let names: Vec<_> = stored.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["on_duplicate", "rules"]);
    }
}
