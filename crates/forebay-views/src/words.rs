//! Schemas of fields that hold one of a few stable words, and the words that only output has.
//!
//! Views keep words as text, so a client that is older than the server can still read the document. The schema lists
//! the words of this version.

use forebay_domain::{
    access::{Role, Skin},
    breaker::BreakerState,
    catalogue::Language,
    content::{
        self, ContentStatus, CourseType, PersistMode, ProblemCode, ResearchKind, ValidationStatus,
        bloom::BloomLevel,
        brief::BriefSectionKind,
        layout::Preset,
        plan::{ConflictKind, RemoteKind},
        quality::{Criterion, CriterionGroup},
        version::FileChangeKind,
    },
    drift::{DriftChange, JsonType},
    freshness::{AgeStatus, Freshness},
    handoff::{Change, FailureClass, Refusal, State},
    notify::{NotifierKind, NotifyEvent},
    run::RunStatus,
    words::Word,
};
use forebay_engine::{
    content::{Attention, DifferenceKind, FolderChangeKind, SkipReason},
    doctor::CheckStatus,
    ensure::AnsweredFrom,
    existing::NeedState,
    retrieval::Matching,
    work::reconciliation::Problem,
};
use forebay_store::{
    doctor::ExtensionState, freshness::SyncStatus, handoffs::OperationName, logs::Level,
    migrations::MigrationState, profiles::ProfileName, workers::WorkerState,
};
use schemars::{Schema, SchemaGenerator, json_schema};

forebay_domain::words! {
    /// The state of a source or pipeline.
    pub enum EnabledState {
        /// It takes part.
        Enabled = "enabled",
        /// It is switched off.
        Disabled = "disabled",
    }

    /// Why a pipeline is disabled.
    pub enum PipelineReason {
        /// Its declaration says so.
        Declared = "declared",
        /// All deliveries to its endpoint failed for longer than its policy allows.
        EndpointFailing = "endpoint_failing",
        /// An operator disabled it.
        Operator = "operator",
    }

    /// The state of a notification.
    pub enum NotificationWord {
        /// It waits to be sent.
        Pending = "pending",
        /// A worker is sending it.
        Active = "active",
        /// An attempt failed, and another one is due later.
        Retrying = "retrying",
        /// The receiver accepted it.
        Succeeded = "succeeded",
        /// It failed for good.
        Failed = "failed",
    }

    /// The state of a reference.
    pub enum ReferenceState {
        /// Its source has it.
        Active = "active",
        /// It is a tombstone.
        Removed = "removed",
    }

    /// What a sync does to a file in the database.
    pub enum ContentActionKind {
        /// Store a new file.
        Add = "add",
        /// Store new bytes.
        Update = "update",
        /// Give it another path.
        Move = "move",
        /// Remove it.
        Remove = "remove",
    }

    /// How the generation of a lesson ended.
    pub enum LessonStatus {
        /// It was complete already, or was not asked for.
        Kept = "kept",
        /// It was generated.
        Generated = "generated",
        /// It failed for good.
        Failed = "failed",
        /// Its generation was stopped, or did not begin.
        Stopped = "stopped",
    }

    /// The result of a call in the database.
    pub enum PersistStatus {
        /// Persistence is off.
        Off = "off",
        /// The database has what the folder has, or was read.
        Done = "done",
        /// The database failed. The files are written.
        Failed = "failed",
    }

    /// The change of a field.
    pub enum FieldChangeKind {
        /// It was absent before.
        Added = "added",
        /// It is absent now.
        Removed = "removed",
        /// Its value changed.
        Updated = "updated",
    }

    /// Who runs the database.
    pub enum DatabaseKind {
        /// The user configured it.
        Configured = "configured",
        /// Forebay runs it.
        Embedded = "embedded",
    }

    /// Why a private cluster was or was not stopped.
    pub enum StopReason {
        /// It was running and was stopped.
        Stopped = "stopped",
        /// It was not running.
        NotRunning = "not_running",
        /// The database is configured, and Forebay never stops that.
        Configured = "configured",
    }
}

impl From<bool> for EnabledState {
    fn from(is_enabled: bool) -> Self {
        if is_enabled { Self::Enabled } else { Self::Disabled }
    }
}

fn words<W: Word>() -> Schema {
    json_schema!({ "type": "string", "enum": W::WORDS })
}

fn words_or_null<W: Word>() -> Schema {
    let words: Vec<Option<&str>> = W::WORDS.iter().copied().map(Some).chain([None]).collect();
    json_schema!({ "type": ["string", "null"], "enum": words })
}

/// The schema of a run's status.
pub fn run_status(_: &mut SchemaGenerator) -> Schema {
    words::<RunStatus>()
}

/// The schema of a run's status that may be null.
pub fn run_status_or_null(_: &mut SchemaGenerator) -> Schema {
    words_or_null::<RunStatus>()
}

/// The schema of a hand-off's state.
pub fn handoff_state(_: &mut SchemaGenerator) -> Schema {
    words::<State>()
}

/// The schema of a hand-off's state, or null.
pub fn handoff_state_or_null(_: &mut SchemaGenerator) -> Schema {
    words_or_null::<State>()
}

pub(crate) fn change(_: &mut SchemaGenerator) -> Schema {
    words::<Change>()
}

pub(crate) fn failure_class(_: &mut SchemaGenerator) -> Schema {
    words::<FailureClass>()
}

pub(crate) fn drift_change(_: &mut SchemaGenerator) -> Schema {
    words::<DriftChange>()
}

pub(crate) fn json_types(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": words::<JsonType>() })
}

pub(crate) fn freshness(_: &mut SchemaGenerator) -> Schema {
    words::<Freshness>()
}

pub(crate) fn age_status_or_null(_: &mut SchemaGenerator) -> Schema {
    words_or_null::<AgeStatus>()
}

pub(crate) fn sync_status_or_null(_: &mut SchemaGenerator) -> Schema {
    words_or_null::<SyncStatus>()
}

pub(crate) fn extension_state_or_null(_: &mut SchemaGenerator) -> Schema {
    words_or_null::<ExtensionState>()
}

/// The schema of the level of a log line.
pub fn level(_: &mut SchemaGenerator) -> Schema {
    words::<Level>()
}

pub(crate) fn reference_state(_: &mut SchemaGenerator) -> Schema {
    words::<ReferenceState>()
}

pub(crate) fn enabled_state(_: &mut SchemaGenerator) -> Schema {
    words::<EnabledState>()
}

pub(crate) fn pipeline_reason_or_null(_: &mut SchemaGenerator) -> Schema {
    words_or_null::<PipelineReason>()
}

pub(crate) fn field_change(_: &mut SchemaGenerator) -> Schema {
    words::<FieldChangeKind>()
}

pub(crate) fn matching(_: &mut SchemaGenerator) -> Schema {
    words::<Matching>()
}

pub(crate) fn answered_from(_: &mut SchemaGenerator) -> Schema {
    words::<AnsweredFrom>()
}

pub(crate) fn breaker_state(_: &mut SchemaGenerator) -> Schema {
    words::<BreakerState>()
}

pub(crate) fn worker_state(_: &mut SchemaGenerator) -> Schema {
    words::<WorkerState>()
}

pub(crate) fn operation(_: &mut SchemaGenerator) -> Schema {
    words::<OperationName>()
}

pub(crate) fn refusal(_: &mut SchemaGenerator) -> Schema {
    words::<Refusal>()
}

pub(crate) fn problem(_: &mut SchemaGenerator) -> Schema {
    words::<Problem>()
}

pub(crate) fn check_status(_: &mut SchemaGenerator) -> Schema {
    words::<CheckStatus>()
}

pub(crate) fn database_kind(_: &mut SchemaGenerator) -> Schema {
    words::<DatabaseKind>()
}

pub(crate) fn migration_state(_: &mut SchemaGenerator) -> Schema {
    words::<MigrationState>()
}

pub(crate) fn need_state(_: &mut SchemaGenerator) -> Schema {
    words::<NeedState>()
}

pub(crate) fn profile_name(_: &mut SchemaGenerator) -> Schema {
    words::<ProfileName>()
}

pub(crate) fn types_language(_: &mut SchemaGenerator) -> Schema {
    words::<Language>()
}

pub(crate) fn stop_reason(_: &mut SchemaGenerator) -> Schema {
    words::<StopReason>()
}

pub(crate) fn content_status(_: &mut SchemaGenerator) -> Schema {
    words::<ContentStatus>()
}

pub(crate) fn content_action(_: &mut SchemaGenerator) -> Schema {
    words::<ContentActionKind>()
}

pub(crate) fn conflict_kind(_: &mut SchemaGenerator) -> Schema {
    words::<ConflictKind>()
}

pub(crate) fn remote_change(_: &mut SchemaGenerator) -> Schema {
    words::<RemoteKind>()
}

pub(crate) fn content_problem(_: &mut SchemaGenerator) -> Schema {
    words::<ProblemCode>()
}

pub(crate) fn content_severity(_: &mut SchemaGenerator) -> Schema {
    words::<content::Severity>()
}

pub(crate) fn skip_reason(_: &mut SchemaGenerator) -> Schema {
    words::<SkipReason>()
}

pub(crate) fn content_difference(_: &mut SchemaGenerator) -> Schema {
    words::<DifferenceKind>()
}

pub(crate) fn lesson_status(_: &mut SchemaGenerator) -> Schema {
    words::<LessonStatus>()
}

pub(crate) fn failure_class_or_null(_: &mut SchemaGenerator) -> Schema {
    words_or_null::<FailureClass>()
}

pub(crate) fn validation_status(_: &mut SchemaGenerator) -> Schema {
    words::<ValidationStatus>()
}

pub(crate) fn persist_mode(_: &mut SchemaGenerator) -> Schema {
    words::<PersistMode>()
}

pub(crate) fn bloom_level_or_null(_: &mut SchemaGenerator) -> Schema {
    words_or_null::<BloomLevel>()
}

pub(crate) fn course_type_or_null(_: &mut SchemaGenerator) -> Schema {
    words_or_null::<CourseType>()
}

pub(crate) fn file_change(_: &mut SchemaGenerator) -> Schema {
    words::<FileChangeKind>()
}

pub(crate) fn layout_preset(_: &mut SchemaGenerator) -> Schema {
    words::<Preset>()
}

pub(crate) fn persist_status(_: &mut SchemaGenerator) -> Schema {
    words::<PersistStatus>()
}

pub(crate) fn folder_change(_: &mut SchemaGenerator) -> Schema {
    words::<FolderChangeKind>()
}

pub(crate) fn attention(_: &mut SchemaGenerator) -> Schema {
    words::<Attention>()
}

pub(crate) fn brief_section(_: &mut SchemaGenerator) -> Schema {
    words::<BriefSectionKind>()
}

pub(crate) fn research_kind(_: &mut SchemaGenerator) -> Schema {
    words::<ResearchKind>()
}

pub(crate) fn criterion(_: &mut SchemaGenerator) -> Schema {
    words::<Criterion>()
}

pub(crate) fn criterion_group(_: &mut SchemaGenerator) -> Schema {
    words::<CriterionGroup>()
}

pub(crate) fn notifier_kind(_: &mut SchemaGenerator) -> Schema {
    words::<NotifierKind>()
}

pub(crate) fn notify_event(_: &mut SchemaGenerator) -> Schema {
    words::<NotifyEvent>()
}

pub(crate) fn notification_state(_: &mut SchemaGenerator) -> Schema {
    words::<NotificationWord>()
}

pub(crate) fn role(_: &mut SchemaGenerator) -> Schema {
    words::<Role>()
}

pub(crate) fn skin(_: &mut SchemaGenerator) -> Schema {
    words::<Skin>()
}
