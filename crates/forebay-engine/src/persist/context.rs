//! State that all parts of an open run share.

use std::{sync::Arc, time::Instant};

use forebay_domain::{end_line::EndRule, prepare::RecordPolicy};
use forebay_store::{connect::Database, runs::ScopeLease, sources::Source};
use jiff::Timestamp;

use super::{policy::SourcePolicy, request::PersistRequest, write::Target};
use crate::lineage::Facts;

/// Maximum attempts to write a batch, or to end a run, when other writers cause conflicts.
pub(super) const MAX_ATTEMPTS: u32 = 5;

/// An open run.
#[derive(Debug)]
pub(super) struct RunContext<'a> {
    pub(super) database: &'a Database,
    /// The run's hold on its scope.
    pub(super) lease: ScopeLease,
    pub(super) source: Source,
    /// How to prepare a record.
    pub(super) record_policy: Arc<RecordPolicy>,
    /// How to persist the records, for this run.
    pub(super) policy: SourcePolicy,
    pub(super) request: PersistRequest,
    pub(super) target: Target,
    /// Whether the input must have an end line.
    pub(super) end_rule: EndRule,
    /// Whether changes are staged until the end.
    pub(super) staged: bool,
    /// Whether the source has never been persisted before.
    pub(super) is_first_run: bool,
    /// Whether the scope had active references when the run began.
    pub(super) had_records: bool,
    /// When the last complete run that was applied observed the scope.
    pub(super) watermark: Option<Timestamp>,
    pub(super) started: Instant,
    pub(super) input_name: String,
}

impl RunContext<'_> {
    /// What is known about the run at its beginning, for events about it.
    pub(super) fn facts(&self) -> Facts {
        let origin = &self.target.origin;
        Facts {
            run_id: origin.run_id,
            source: self.source.name.clone(),
            entity_type: origin.entity_type.clone(),
            scope: origin.scope.clone(),
            engine: self.request.engine.clone(),
            input: self.input_name.clone(),
            is_complete: self.request.complete,
            observed_at: origin.observed_at,
            database: self.database.place(),
        }
    }
}
