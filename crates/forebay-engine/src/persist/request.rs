//! The request to persist an input, with its policy.

use forebay_domain::{guards::GuardPolicy, rules::FieldRules, run::OnDuplicate, scope::Scope};
use jiff::Timestamp;

use super::policy::StoredPolicy;

/// The entity type of a source without a configured one.
pub const DEFAULT_ENTITY_TYPE: &str = "record";

/// The default share (0 to 1) of rejected records above which a run fails.
pub const DEFAULT_MAX_REJECTED_SHARE: f64 = 0.1;

/// Pooled connections that one run can use at the same time: two for windows, one for the run's counts, and one for its
/// input and log. A run works with a single connection, but more slowly.
pub const CONNECTIONS_PER_RUN: usize = 4;

/// A request to persist an input, with its policy.
#[derive(Clone, Debug)]
pub struct PersistRequest {
    /// The source's name.
    pub source: String,
    /// The entity type of its records. `None`: as stored, or `record` for a new source.
    pub entity_type: Option<String>,
    /// The fields that make a record's key. Empty: as stored.
    pub key_fields: Vec<String>,
    /// Field rules: what to store, what to compare.
    pub rules: FieldRules,
    /// How to handle a key that appears again in a run.
    pub on_duplicate: OnDuplicate,
    /// The part of the source that the run covers.
    pub scope: Scope,
    /// Whether the run covers its scope completely: records that it does not see are removed.
    pub complete: bool,
    /// When the source was observed. `None`: when the run begins, after it has waited for other runs of its scope.
    pub observed_at: Option<Timestamp>,
    /// When to hold a complete run. `None`: never.
    pub guards: Option<GuardPolicy>,
    /// The run fails when more than this share (0 to 1) of its input is rejected.
    pub max_rejected_share: f64,
    /// Whether changes are handed off to the source's pipelines.
    pub with_handoffs: bool,
    /// A numeric field that increases with every change of a record: a lower number than the stored one marks an older
    /// record.
    pub sequence_field: Option<String>,
    /// The top-level field with the contract version of a record. `None`: the records have no contract. Field rules
    /// must not ignore it.
    pub contract_version_column: Option<String>,
    /// The program that produces the records, such as `persist`.
    pub engine: String,
}

impl PersistRequest {
    /// A request for records of a source with these key fields and the default policy: guards are on, the run is not
    /// complete, its scope is the whole source, and changes are handed off.
    pub fn new(source: impl Into<String>, key_fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            source: source.into(),
            entity_type: None,
            key_fields: key_fields.into_iter().map(Into::into).collect(),
            rules: FieldRules::default(),
            on_duplicate: OnDuplicate::First,
            scope: Scope::default(),
            complete: false,
            observed_at: None,
            guards: Some(GuardPolicy::default()),
            max_rejected_share: DEFAULT_MAX_REJECTED_SHARE,
            with_handoffs: true,
            sequence_field: None,
            contract_version_column: None,
            engine: "persist".to_owned(),
        }
    }

    /// The part of the request that is stored with the source.
    pub(crate) fn policy(&self) -> StoredPolicy {
        StoredPolicy {
            rules: self.rules.clone(),
            on_duplicate: self.on_duplicate,
            sequence_field: self.sequence_field.clone(),
            contract_version_column: self.contract_version_column.clone(),
        }
    }
}
