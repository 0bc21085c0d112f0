//! A source's stored policy: the default for runs without other settings.
//!
//! The policy is JSON in `sources.policy`, so the database can read and compare it. Content hashes are comparable only
//! under the same field rules, so a run that is started in another folder must use the stored ones.

use std::collections::{BTreeMap, BTreeSet};

use forebay_domain::{
    rules::{FieldRules, Normalise},
    run::OnDuplicate,
};
use forebay_store::{connect::Database, sources};
use serde_json::{Value, json};

use crate::error::Result;

const SEQUENCE: &str = "sequence_field";
const CONTRACT_VERSION: &str = "contract_version_column";

/// The stored part of a source's policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredPolicy {
    /// Field rules: what to store, what to compare.
    pub rules: FieldRules,
    /// How to handle a key that appears again in a run.
    pub on_duplicate: OnDuplicate,
    /// The numeric field that shows which of two records is older.
    pub sequence_field: Option<String>,
    /// The field that names the version of a record's contract.
    pub contract_version_column: Option<String>,
}

/// Reads the policy that a source was last persisted with; the default policy for an unknown source.
pub async fn stored_policy(database: &Database, source: &str) -> Result<StoredPolicy> {
    let client = database.client().await?;
    let source = sources::find(&**client, source).await?;
    Ok(source.map(|source| StoredPolicy::from_json(&source.policy)).unwrap_or_default())
}

impl StoredPolicy {
    pub(crate) fn to_json(&self) -> Value {
        let normalise: BTreeMap<_, _> =
            self.rules.normalise.iter().map(|(field, steps)| (field, words(*steps))).collect();
        let mut policy = json!({
            "rules": {
                "ignore": self.rules.ignore,
                "volatile": self.rules.volatile,
                "normalise": normalise,
            },
            "on_duplicate": self.on_duplicate.as_str(),
        });
        // Written only if set, so that stored policies of sources without them do not change.
        for (name, field) in
            [(SEQUENCE, &self.sequence_field), (CONTRACT_VERSION, &self.contract_version_column)]
        {
            if let Some(field) = field {
                policy[name] = json!(field);
            }
        }
        policy
    }

    /// Reads the output of [`Self::to_json`]; missing or unknown values become the default.
    pub(crate) fn from_json(policy: &Value) -> Self {
        let rules = &policy["rules"];
        let normalise = rules["normalise"].as_object().into_iter().flatten();
        Self {
            rules: FieldRules {
                ignore: names(&rules["ignore"]),
                volatile: names(&rules["volatile"]),
                normalise: normalise.map(|(field, words)| (field.clone(), steps(&names(words)))).collect(),
            },
            on_duplicate: policy["on_duplicate"].as_str().and_then(OnDuplicate::parse).unwrap_or_default(),
            sequence_field: policy[SEQUENCE].as_str().map(str::to_owned),
            contract_version_column: policy[CONTRACT_VERSION].as_str().map(str::to_owned),
        }
    }
}

fn names(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn words(steps: Normalise) -> Vec<&'static str> {
    let all = [(steps.trim, "trim"), (steps.collapse_whitespace, "collapse"), (steps.casefold, "casefold")];
    all.into_iter().filter_map(|(on, word)| on.then_some(word)).collect()
}

fn steps(words: &BTreeSet<String>) -> Normalise {
    let on = |word: &str| words.contains(word);
    Normalise { trim: on("trim"), collapse_whitespace: on("collapse"), casefold: on("casefold") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads_back_as_it_was_written() {
        let trim = Normalise { trim: true, ..Normalise::default() };
        let policy = StoredPolicy {
            rules: FieldRules {
                ignore: ["etag".to_owned()].into(),
                volatile: ["views".to_owned(), "rank".to_owned()].into(),
                normalise: [("title".to_owned(), trim)].into(),
            },
            on_duplicate: OnDuplicate::Merge,
            sequence_field: Some("seq".to_owned()),
            contract_version_column: Some("contract".to_owned()),
        };
        assert_eq!(StoredPolicy::from_json(&policy.to_json()), policy);
        assert_eq!(StoredPolicy::from_json(&json!({})), StoredPolicy::default());
    }
}
