//! One serialisable type for each resource that people and programs see.
//!
//! `--output json`, MCP and every other interface print only these types. Each view has its own file, which also
//! contains the conversions from the store's rows and the engine's values. The doc comment of a field becomes its
//! description in the JSON Schema and in `docs/reference/json.md`, so it states the unit and the meaning of null.
//!
//! Rules for a new view: `source` and `pipeline` are names; `state` for hand-offs, breakers and sources, `status` for
//! runs and syncs; counts are `num_*`, durations `*_ms` or `*_seconds`; times are [`Time`], stored JSON is [`Json`],
//! errors are [`Error`]. A field is never left out: a missing value is null. A list is an array, a page of a longer
//! list a [`Page`].

mod api_token;
mod attempt;
mod breaker;
mod change;
mod change_stream;
mod completion_script;
mod config;
mod content;
mod content_call;
mod content_generate;
mod content_lesson;
mod content_lessons;
mod content_search;
mod content_stages;
mod content_validation;
mod content_versions;
mod content_watch;
mod content_written;
mod course;
pub mod cursor;
mod db;
mod db_copy;
mod db_entity;
mod db_profile;
mod db_realtime;
mod db_seed;
pub mod decide;
mod delivery;
mod demo;
mod doctor;
mod dry_run;
mod ensured;
mod entity_schema;
mod error;
mod existing;
pub mod failure;
mod field_drift;
mod freshness;
mod handoff;
mod handoff_count;
mod handoff_detail;
mod handoff_job;
mod held_change;
mod history;
mod job;
mod json;
mod log_line;
mod maintained;
pub mod names;
mod notify;
mod operator_action;
mod page;
mod pause;
mod pipeline_state;
pub mod read;
mod reference;
mod reference_excerpt;
mod rejected_record;
pub mod rights;
mod run;
mod run_counts;
mod run_detail;
mod run_diff;
mod run_host;
mod schedule;
mod schema;
mod scraping;
mod search_hit;
mod source;
mod source_change;
mod source_test;
mod stats;
mod time;
mod version;
pub mod words;
mod work_event;
mod work_report;
mod worker;

pub use self::{
    api_token::{ApiToken, ApiTokenCreated},
    attempt::Attempt,
    breaker::{Breaker, BreakerTransition, BreakerWindow},
    change::Change,
    change_stream::{ChangeEvent, ChangeStream},
    completion_script::CompletionScript,
    config::{ConfigApplied, ConfigCheck, DeclaredSource, Initialised, NameElsewhere, Pipeline},
    content::{
        ContentAction, ContentConflict, ContentDifference, ContentFolderChange, ContentProblem,
        ContentRemoteChange, ContentRestored, ContentSkipped, ContentSync, ContentVerification,
        CourseSummary,
    },
    content_call::{
        ContentAnswer, ContentCall, ContentMethod, CourseParams, CurriculumParams, GetCourseParams,
        LessonsParams, MetadataParams, NoParams, OpenParams, PerformanceParams, ResearchParams, StatusParams,
        VoiceParams,
    },
    content_generate::{
        ContentGenerated, CourseSpecification, GeneratedLesson, LessonSpecification, ModuleSpecification,
        NeighbourLesson,
    },
    content_lesson::{LessonParams, MeasureParams, ValidationParams},
    content_lessons::{ContentLessons, ContentRefusedLine},
    content_search::{ContentHit, ContentSearch},
    content_stages::{
        ContentApproval, ContentBrief, ContentBriefSection, ContentCurriculum, ContentReport,
        ContentResearch, ContentVoice,
    },
    content_validation::{ContentCriterion, ContentLessonValidation, ContentValidation},
    content_versions::{ContentDiff, ContentFileChange, ContentVersion},
    content_watch::ContentWatchEvent,
    content_written::{
        ContentCounts, ContentCourse, ContentOpened, ContentPersisted, ContentRefused, ContentVerified,
        ContentWritten,
    },
    course::{
        Course, CourseApproval, CourseLesson, CourseMeasurement, CourseMetadata, CourseResearch,
        CourseStatus, CourseTag,
    },
    db::{ClusterStop, DatabasePlace, DbStatus, Migrated, Migration},
    db_copy::{DatabaseBackup, DatabaseRestored, DatabaseUrl, ExportedMigrations, GeneratedTypes},
    db_entity::{DatabaseEntity, EntityFieldFit},
    db_profile::DatabaseProfile,
    db_realtime::RealtimeTable,
    db_seed::DatabaseSeed,
    delivery::Delivery,
    demo::{Demo, DemoChange, DemoComparison, DemoDatabase, DemoFigures, DemoStep, DemoTable},
    doctor::{Check, Doctor},
    dry_run::{DryRun, DryRunReport, DryRunSample},
    ensured::{Ensured, EnsuredRecords, TriedSource},
    entity_schema::entity_schema,
    error::{Error, ErrorDocument},
    existing::{Adoption, ExistingAudit, ExistingColumn, ExistingNeed, ExistingTable},
    field_drift::FieldDrift,
    freshness::Freshness,
    handoff::Handoff,
    handoff_count::HandoffCount,
    handoff_detail::{
        ComparedTarget, Operated, OperatedCount, PipelineHandoffs, ReferenceHandoffs, RefusedCount,
        Requested, Verified, VerifiedPipeline, WrongReference,
    },
    handoff_job::{HandoffJob, JobState},
    held_change::{HeldChange, HeldTotals},
    history::{History, HistoryPage, PointInTime},
    job::Job,
    json::{Json, has_nul},
    log_line::LogLine,
    maintained::Maintained,
    notify::{FiringAlert, Notification, NotifierList, NotifierState, NotifierTest},
    operator_action::OperatorAction,
    page::Page,
    pause::{Pause, Resumed},
    pipeline_state::PipelineState,
    reference::{Reference, ReferenceSummary},
    reference_excerpt::{RecordExcerpt, ReferenceExcerpt},
    rejected_record::RejectedRecord,
    run::{Run, RunSummary},
    run_counts::RunCounts,
    run_detail::{FailedInput, Fallback, PersistReport, RunDetail, RunsAnswer, ScrapeError, ScrapeReport},
    run_diff::{ChangeDiff, FieldDiff, RunDecision, RunDiff, RunEffects},
    run_host::RunHost,
    schedule::Schedule,
    schema::schema,
    scraping::Scraping,
    search_hit::{SearchHit, SearchResult},
    source::{ContractVersionCount, FreshnessPolicy, ScopeCount, Source, SourceDetail, SourceResource},
    source_change::{FieldRenamed, SourceDeleted, SourceRenamed},
    source_test::{SampleLink, SamplePage, SampleRecord, SampleRejected, SourceTest, Unmatched},
    stats::{ReferenceCounts, Stats},
    time::Time,
    version::{FieldChange, Version},
    words::{DatabaseKind, EnabledState, StopReason},
    work_event::WorkEvent,
    work_report::{
        EmbeddingFailure, FailureGroup, IdlePipeline, LeftAlonePipeline, PipelineWork, ScheduledRuns,
        WorkReport,
    },
    worker::{Worker, WorkerReleased},
};
