//! The request to persist an input, with the settings of its source.

use std::{sync::Arc, time::Duration};

use forebay_domain::{
    entity::Declared, guards::GuardPolicy, patch::RecordMode, removal_flag::RemovedWhen, rules::FieldRules,
    run::OnDuplicate, scope::Scope,
};
use forebay_store::content::{LastRun, MeasuredLesson};
use jiff::Timestamp;

use super::overrides::Overrides;

/// The entity type of a source without a configured one.
pub const DEFAULT_ENTITY_TYPE: &str = "record";

/// Pooled connections that one run can use at the same time: two for windows, one for the run's counts, and one for its
/// input and log. A run works with a single connection, but more slowly.
pub const CONNECTIONS_PER_RUN: usize = 4;

/// What the caller compared its records with.
#[derive(Clone, Copy, Debug)]
pub struct Basis {
    /// The last run that had ended when the caller read the stored records.
    pub last_run: Option<LastRun>,
}

/// A request to persist an input, with the settings of its source.
///
/// The database stores the source's settings. A setting that is `None` keeps the stored value, so two programs can
/// persist the same source although only one of them knows its rules. A given setting replaces the stored one.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, each named where it is set")]
pub struct PersistRequest {
    /// The source's name.
    pub source: String,
    /// The entity type of its records. Default: as stored, or [`DEFAULT_ENTITY_TYPE`].
    pub entity_type: Option<String>,
    /// The fields that make a record's key. Empty: as stored.
    pub key_fields: Vec<String>,
    /// Field rules: what to store, what to compare. Default: as stored, or none.
    pub rules: Option<FieldRules>,
    /// How to handle a key that appears again in a run. Default: as stored, or [`OnDuplicate::First`].
    pub on_duplicate: Option<OnDuplicate>,
    /// When to hold a complete run. Default: as stored, or [`GuardPolicy::default`].
    pub guards: Option<GuardPolicy>,
    /// The run fails when more than this share (0 to 1) of its input is rejected. Default: as stored, or
    /// [`DEFAULT_MAX_REJECTED_SHARE`](super::DEFAULT_MAX_REJECTED_SHARE).
    pub max_rejected_share: Option<f64>,
    /// How many rejected records of a run are stored with their text; the others are only counted. Default: as stored,
    /// or [`DEFAULT_MAX_REJECTED_KEPT`](super::DEFAULT_MAX_REJECTED_KEPT).
    pub max_rejected_kept: Option<u64>,
    /// Reading ends after this time, and the run is partial. It is not stored with the source. Default: no limit.
    pub max_duration: Option<Duration>,
    /// A numeric field that increases with every change of a record: a lower number than the stored one marks an older
    /// record. `Some(None)`: there is no such field. Default: as stored, or none.
    pub sequence_field: Option<Option<String>>,
    /// The top-level field with the contract version of a record. `Some(None)`: the records have no contract. Field
    /// rules must not ignore it. Default: as stored, or none.
    pub contract_version_column: Option<Option<String>>,
    /// Whether an input must have an end line to be complete; `Some(None)`: if an earlier one had it. Default: as
    /// stored, or `Some(None)`.
    pub require_end: Option<Option<bool>>,
    /// What the records are: whole, or laid over what is stored. Default: as stored, or whole.
    pub mode: Option<RecordMode>,
    /// The value by which a record says that it is gone. Default: as stored, or [`RemovedWhen::Usual`].
    pub removed_when: Option<RemovedWhen>,
    /// Whether the source is published: signed-in users of a web API may read its active references. Default: as
    /// stored, or no.
    pub publish: Option<bool>,
    /// Declared entity types: records of theirs are checked. They are not stored with the source. Default: none.
    pub entities: Arc<Declared>,
    /// Settings of this run only, which are not stored. Default: none.
    pub overrides: Overrides,
    /// The part of the source that the run covers. Default: the whole source.
    pub scope: Scope,
    /// Whether the run covers its scope completely: records that it does not see are removed. Default: false.
    /// Ignored for [`Format::Singer`](forebay_sources::Format::Singer): the messages of a tap report it.
    pub complete: bool,
    /// When the source was observed. Default: when the run begins, after it has waited for other runs of its scope.
    pub observed_at: Option<Timestamp>,
    /// Whether `observed_at` may be more than 24 hours ahead of the server's clock. Until that time, every later run
    /// looks older than this one. Default: false.
    pub allow_future: bool,
    /// For a caller that persists what differs from the stored records of a course. The run is refused if another one
    /// has written them since ([`Error::Outdated`](crate::Error::Outdated)), and it is dated after that one, whatever
    /// the clock says. Default: none.
    pub basis: Option<Basis>,
    /// Measures of lessons of a course, stored in the transactions that write their files. Default: none.
    pub measured: Vec<MeasuredLesson>,
    /// Whether changes are handed off to the source's pipelines. Default: true.
    pub with_handoffs: bool,
    /// Whether the run was forced, or started by an AI tool. Default: false.
    pub is_on_demand: bool,
    /// The program that produces the records. Default: `persist`.
    pub engine: String,
    /// The project whose configuration gives these settings. Settings of a source that another project declared are not
    /// changed, and a warning says so. Default: none; the settings are stored even if another project declared the
    /// source.
    pub project: Option<String>,
}

impl PersistRequest {
    /// A request for records of a source with these key fields, with the default of every other setting.
    pub fn new(source: impl Into<String>, key_fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            source: source.into(),
            entity_type: None,
            key_fields: key_fields.into_iter().map(Into::into).collect(),
            rules: None,
            on_duplicate: None,
            guards: None,
            max_rejected_share: None,
            max_rejected_kept: None,
            max_duration: None,
            sequence_field: None,
            contract_version_column: None,
            require_end: None,
            mode: None,
            removed_when: None,
            publish: None,
            entities: Arc::default(),
            overrides: Overrides::default(),
            scope: Scope::default(),
            complete: false,
            observed_at: None,
            allow_future: false,
            basis: None,
            measured: Vec::new(),
            with_handoffs: true,
            is_on_demand: false,
            engine: "persist".to_owned(),
            project: None,
        }
    }
}
