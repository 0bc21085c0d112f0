//! Validates the output of every command with `--output json` against its schema. Also generates
//! `docs/reference/json.md` from the schemas, and therefore from the doc comments of the views.
//!
//! `UPDATE_DOCS=1 cargo test -p forebay --test cli json` regenerates the page.

mod calls;
mod page;
mod scenario;
mod schema;

pub(crate) use scenario::schema_problems;

use forebay_views::{
    Adoption, ApiToken, ApiTokenCreated, Breaker, ChangeEvent, ChangeStream, ClusterStop, CompletionScript,
    ConfigApplied, ConfigCheck, ContentApproval, ContentBrief, ContentCurriculum, ContentDiff,
    ContentGenerated, ContentLessons, ContentResearch, ContentRestored, ContentSearch, ContentSync,
    ContentValidation, ContentVerification, ContentVoice, ContentWatchEvent, ContentWritten, Course,
    CourseLesson, CourseStatus, CourseSummary, CourseTag, DatabaseBackup, DatabaseEntity, DatabaseProfile,
    DatabaseRestored, DatabaseSeed, DatabaseUrl, DbStatus, Delivery, Demo, Doctor, DryRunReport, Ensured,
    ExistingAudit, ExportedMigrations, FieldRenamed, Freshness, GeneratedTypes, Handoff, HandoffCount,
    History, Initialised, LessonSpecification, LogLine, Maintained, Migrated, NotifierList, NotifierTest,
    Operated, OperatorAction, Page, Pause, PersistReport, PipelineState, PointInTime, RealtimeTable,
    Reference, ReferenceHandoffs, Requested, Resumed, RunDecision, RunDetail, RunDiff, RunSummary,
    ScrapeReport, SearchResult, Source, SourceDeleted, SourceDetail, SourceRenamed, SourceTest, Stats,
    Verified, WorkEvent, Worker, WorkerReleased, schema as schema_of,
};
use serde_json::Value;

/// The output of a command.
struct Printed {
    command: &'static str,
    /// The condition, if a command has several outputs.
    when: &'static str,
    form: Form,
}

enum Form {
    /// One document of this schema.
    View(fn() -> Value),
    /// JSON Lines, each of this schema.
    Lines(fn() -> Value),
    /// Something else, as a sentence.
    Other(&'static str),
}

macro_rules! printed {
    ($($command:literal $(, when $when:literal)? => $form:tt $(<$view:ty>)?;)*) => {
        &[$(Printed {
            command: $command,
            when: concat!("" $(, $when)?),
            form: printed!(@ $form $(<$view>)?),
        }),*]
    };
    (@ view<$view:ty>) => { Form::View(|| schema_of::<$view>().to_value()) };
    (@ lines<$view:ty>) => { Form::Lines(|| schema_of::<$view>().to_value()) };
    (@ $text:literal) => { Form::Other($text) };
}

/// Every command; a test finds missing ones.
const PRINTED: &[Printed] = printed! {
    "demo" => view<Demo>;
    "init" => view<Initialised>;
    "persist" => view<PersistReport>;
    "persist", when "with `--dry-run`" => view<DryRunReport>;
    "adopt" => view<Adoption>;
    "scrape" => view<ScrapeReport>;
    "scrape", when "with `--dry-run`" => view<DryRunReport>;
    "ensure" => view<Ensured>;
    "freshness" => view<Page<Freshness>>;
    "work" => lines<WorkEvent>;
    "search" => view<SearchResult>;
    "show" => view<Reference>;
    "list" => view<Page<Reference>>;
    "changes" => view<ChangeStream>;
    "changes", when "with `--follow`" => lines<ChangeEvent>;
    "history" => view<History>;
    "history", when "with `--at`" => view<PointInTime>;
    "stats" => view<Stats>;
    "export" => "An array of the stored records, in canonical form (RFC 8785).";
    "runs list" => view<Page<RunSummary>>;
    "runs show" => view<RunDetail>;
    "runs logs" => view<Page<LogLine>>;
    "runs release" => view<RunDecision>;
    "runs reject" => view<RunDecision>;
    "runs rekey" => view<RunDecision>;
    "runs diff" => view<RunDiff>;
    "runs revert" => view<RunDecision>;
    "handoffs list" => view<Page<Handoff>>;
    "handoffs show" => view<ReferenceHandoffs>;
    "handoffs counts" => view<Page<HandoffCount>>;
    "handoffs deliveries" => view<Page<Delivery>>;
    "handoffs enqueue" => view<Requested>;
    "handoffs retry" => view<Operated>;
    "handoffs cancel" => view<Operated>;
    "handoffs hold" => view<Operated>;
    "handoffs release" => view<Operated>;
    "handoffs snooze" => view<Operated>;
    "handoffs pause" => view<Pause>;
    "handoffs resume" => view<Resumed>;
    "handoffs verify" => view<Verified>;
    "workers list" => view<Page<Worker>>;
    "workers release" => view<WorkerReleased>;
    "tokens create" => view<ApiTokenCreated>;
    "tokens list" => view<Page<ApiToken>>;
    "tokens revoke" => view<ApiToken>;
    "actions" => view<Page<OperatorAction>>;
    "pipelines list" => view<Page<PipelineState>>;
    "pipelines enable" => view<PipelineState>;
    "pipelines disable" => view<PipelineState>;
    "notify list" => view<NotifierList>;
    "notify test" => view<NotifierTest>;
    "sources list" => view<Page<Source>>;
    "sources show" => view<SourceDetail>;
    "sources test" => view<SourceTest>;
    "sources rename-field" => view<FieldRenamed>;
    "sources rename" => view<SourceRenamed>;
    "sources delete" => view<SourceDeleted>;
    "sources breaker show" => view<Page<Breaker>>;
    "sources breaker open" => view<Page<Breaker>>;
    "sources breaker close" => view<Page<Breaker>>;
    "sources breaker reset" => view<Page<Breaker>>;
    "sources breaker disable" => view<Page<Breaker>>;
    "content generate" => view<ContentGenerated>;
    "content generate", when "as the input of the program" => view<LessonSpecification>;
    "content sync" => view<ContentSync>;
    "content verify" => view<ContentVerification>;
    "content restore" => view<ContentRestored>;
    "content serve-stdio" => "One answer a line: see [calls of a generator](content-calls.md).";
    "content brief" => view<ContentBrief>;
    "content research" => view<ContentResearch>;
    "content curriculum check" => view<ContentCurriculum>;
    "content curriculum approve" => view<ContentApproval>;
    "content lesson" => view<ContentWritten>;
    "content lessons" => view<ContentLessons>;
    "content validate" => view<ContentValidation>;
    "content voice" => view<ContentVoice>;
    "content show" => view<Course>;
    "content show", when "with a lesson" => view<CourseLesson>;
    "content status" => view<CourseStatus>;
    "content list" => view<Page<CourseSummary>>;
    "content diff" => view<ContentDiff>;
    "content tag" => view<CourseTag>;
    "content search" => view<ContentSearch>;
    "content watch" => lines<ContentWatchEvent>;
    "maintain" => view<Maintained>;
    "config apply" => view<ConfigApplied>;
    "config check" => view<ConfigCheck>;
    "config schema" => "The JSON Schema of `forebay.toml`.";
    "db up" => view<Migrated>;
    "db down" => view<Migrated>;
    "db status" => view<DbStatus>;
    "db reset" => view<Migrated>;
    "db start" => view<DatabaseUrl>;
    "db stop" => view<ClusterStop>;
    "db url" => view<DatabaseUrl>;
    "db psql" => "What psql prints, whatever `--output` says.";
    "db backup" => view<DatabaseBackup>;
    "db restore" => view<DatabaseRestored>;
    "db export" => view<ExportedMigrations>;
    "db types" => view<GeneratedTypes>;
    "db seed" => view<DatabaseSeed>;
    "db profile create" => view<DatabaseProfile>;
    "db profile list" => view<Page<DatabaseProfile>>;
    "db profile drop" => view<DatabaseProfile>;
    "db entities create" => view<Page<DatabaseEntity>>;
    "db entities list" => view<Page<DatabaseEntity>>;
    "db entities drop" => view<Page<DatabaseEntity>>;
    "db entities schema" => "The JSON Schema (draft 2020-12) of an entity type's records.";
    "db realtime list" => view<Page<RealtimeTable>>;
    "db realtime add" => view<Page<RealtimeTable>>;
    "db realtime remove" => view<Page<RealtimeTable>>;
    "serve" => "Nothing. It serves until it is stopped; see [the HTTP API](http-api.md).";
    "serve", when "with `--work`" => lines<WorkEvent>;
    "mcp" => "The messages of the Model Context Protocol, whatever `--output` says.";
    "doctor" => view<Doctor>;
    "doctor", when "with `--existing`" => view<ExistingAudit>;
    "completions" => view<CompletionScript>;
};
