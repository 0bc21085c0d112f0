//! The error type of the engine. Codes are stable; hints say what to do next.

mod adopt;
mod declaration;
mod hint;
mod seed;
mod token;

use std::time::Duration;

use forebay_domain::{
    breaker::RefusalReason, conflicts::SettingConflict, handoff::FailureClass, identity::SourceIdentityError,
    run::RunStatus, scope::Scope,
};
use forebay_sources::crawl::Incomplete;
use jiff::Timestamp;

use crate::{content::ContentError, human, scrape::DefinitionError, work::setting_error::SettingError};

pub use adopt::AdoptError;
pub use declaration::DeclarationError;
pub use seed::SeedError;
pub use token::TokenError;

/// Errors of persisting, scraping, ingesting and reading back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database, or the connection to it.
    #[error(transparent)]
    Store(#[from] forebay_store::Error),
    /// A course or its folder.
    #[error(transparent)]
    Content(Box<ContentError>),
    /// The input.
    #[error(transparent)]
    Source(#[from] forebay_sources::Error),
    /// A source whose settings contradict each other.
    #[error("the source {:?} cannot be used: {}", .0.source_name, .0.problem)]
    Definition(#[from] DefinitionError),
    /// No page of a crawl could be fetched and read.
    #[error("{}", .0.message)]
    Crawl(Box<Incomplete>),
    /// A source that the configuration does not define.
    #[error("there is no source {source_name:?} that can be scraped")]
    NotScraped {
        /// The source asked for.
        source_name: String,
    },
    /// A disabled source.
    #[error("the source {source_name:?} is disabled")]
    SourceDisabled {
        /// The source.
        source_name: String,
    },
    /// A declaration that doesn't count, or a change of a source that is not possible.
    #[error(transparent)]
    Declaration(#[from] DeclarationError),
    /// A table that can't be adopted.
    #[error(transparent)]
    Adopt(#[from] AdoptError),
    /// Made-up data that can't be loaded.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// A token that can't be created or revoked.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A scope without a part that the source needs.
    #[error("the scope has no {missing}, which the source {source_name:?} needs")]
    ScopeIncomplete {
        /// The source.
        source_name: String,
        /// The part that is missing.
        missing: String,
    },
    /// A scope that the source doesn't have.
    #[error("the source {source_name} has no scope [{scope}]")]
    NoSuchScope {
        /// The source.
        source_name: String,
        /// The scope asked for.
        scope: Scope,
    },
    /// The source's circuit breaker refuses the call.
    #[error("the source {source_name:?} is left alone {}", until(*retry_at, *reason))]
    Refused {
        /// The source.
        source_name: String,
        /// How long to wait before retrying. Meaningless if an operator opened the breaker: see [`Error::retry_after`].
        retry_after: Duration,
        /// When to retry, for the message, which is also read later.
        retry_at: Timestamp,
        /// Why.
        reason: RefusalReason,
    },
    /// The work was stopped on request.
    #[error("it was stopped before it finished")]
    Interrupted,
    /// Another process took over because this one did not extend its lease in time.
    #[error("another process took over, because this one did not extend its lease in time")]
    AttemptLost,
    /// The database was unreachable a moment ago and is not contacted again yet.
    #[error("{cause}; the next attempt is in {} s", retry_after.as_secs().max(1))]
    DatabaseLeftAlone {
        /// The code of the last failure, if it is known; else `database_left_alone`.
        code: &'static str,
        /// The last failure.
        cause: String,
        /// How long until the next attempt.
        retry_after: Duration,
    },
    /// The table or view of a source, or one in its query, does not exist.
    #[error("the rows of {source_name:?} cannot be read: {problem}")]
    RowsMissing {
        /// The source.
        source_name: String,
        /// The message of the database.
        problem: String,
    },
    /// A source that cannot be scraped without the database.
    #[error("the source {source_name:?} cannot be scraped without the database")]
    NeedsDatabase {
        /// The source.
        source_name: String,
    },
    /// The temporary file with the ids that a run has seen.
    #[error("the temporary file of the run cannot be used")]
    Scratch(#[from] std::io::Error),
    /// The thread or task that reads the input panicked.
    #[error("reading the input ended unexpectedly")]
    Reader,
    /// A stored payload that cannot be read back.
    #[error("a stored payload cannot be read: {0}")]
    Payload(String),
    /// Other writers changed the same references during every attempt.
    #[error("other writers kept changing the same references; the batch was tried {attempts} times")]
    Contention {
        /// Number of attempts.
        attempts: u32,
    },
    /// A new source without key fields.
    #[error("the source {source_name:?} is new, and its key fields were not given")]
    KeyUnknown {
        /// The source.
        source_name: String,
    },
    /// An invalid name or key field of a source.
    #[error(transparent)]
    SourceIdentity(#[from] SourceIdentityError),
    /// Settings of a source that contradict each other.
    #[error("the settings of {source_name:?} contradict each other: {conflict}")]
    SettingConflict {
        /// The source.
        source_name: String,
        /// The contradiction.
        conflict: SettingConflict,
    },
    /// Key fields that differ from those of the stored references.
    #[error(
        "the references of {source_name:?} are identified by {}, not by {}",
        .stored.join(", "),
        .given.join(", ")
    )]
    KeyChanged {
        /// The source.
        source_name: String,
        /// Its key fields.
        stored: Vec<String>,
        /// The key fields given.
        given: Vec<String>,
    },
    /// The run observed its scope before a run that has already been applied.
    #[error("the scope was already observed at {watermark}, later than this run's {observed_at}")]
    OutOfOrder {
        /// When this run observed the scope.
        observed_at: Timestamp,
        /// When the last applied complete run observed it.
        watermark: Timestamp,
    },
    /// The run claims to have observed its scope far in the future.
    #[error(
        "{observed_at} is more than 24 hours ahead of the server's clock, which is at {server_now:.0}: until then, every \
         later run would look older than this one"
    )]
    ObservedInFuture {
        /// When this run claims to have observed the scope.
        observed_at: Timestamp,
        /// The time of the database server.
        server_now: Timestamp,
    },
    /// Another run has written the records since the caller read them.
    #[error("another run has written {source_name:?} since it was read")]
    Outdated {
        /// The source.
        source_name: String,
    },
    /// There is no such pipeline.
    #[error("there is no pipeline {pipeline:?}")]
    NoSuchPipeline {
        /// The pipeline asked for.
        pipeline: String,
    },
    /// A pipeline with settings that its handler does not accept.
    #[error(transparent)]
    PipelineConfig(#[from] SettingError),
    /// There is no such run.
    #[error("there is no run {run_id}")]
    NoSuchRun {
        /// The run asked for.
        run_id: i64,
    },
    /// The run is not held.
    #[error("run {run_id} is {status}, not held")]
    NotHeld {
        /// The run.
        run_id: i64,
        /// Its actual status.
        status: &'static str,
    },
    /// The run is open, and its process is dead.
    #[error("run {run_id} is neither held nor ended: its process died while it was running")]
    RunProcessDied {
        /// The run.
        run_id: i64,
    },
    /// The run cannot be undone.
    #[error("run {run_id} is {status}; only a run that was applied can be reverted")]
    NotApplied {
        /// The run.
        run_id: i64,
        /// Its status.
        status: &'static str,
    },
    /// The run was undone before.
    #[error("run {run_id} was already reverted, by run {by}")]
    AlreadyReverted {
        /// The run.
        run_id: i64,
        /// The run that undid it.
        by: i64,
    },
    /// The run undid another one and moved keys back. Moving them again needs the records under their new keys.
    #[error("run {run_id} moved keys back, so it can't be reverted")]
    MovedKeysBack {
        /// The run.
        run_id: i64,
    },
    /// The changes of a held run do not look like a re-key.
    #[error("the removals and additions of run {run_id} do not look like the same records under other keys")]
    NotARekey {
        /// The run.
        run_id: i64,
    },
}

/// How long a source is left alone, for the message.
fn until(retry_at: Timestamp, reason: RefusalReason) -> String {
    match reason {
        RefusalReason::ForcedOpen => "until an operator closes its breaker".to_owned(),
        _ => format!("until {}", human::timestamp(retry_at)),
    }
}

/// The result of the engine's functions.
pub type Result<T> = std::result::Result<T, Error>;

impl From<ContentError> for Error {
    fn from(error: ContentError) -> Self {
        Self::Content(Box::new(error))
    }
}

impl Error {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Content(error) => error.code(),
            Self::Source(error) => error.code(),
            Self::Definition(_) | Self::SourceIdentity(SourceIdentityError::EntityEmpty) => "source_invalid",
            Self::Crawl(incomplete) => incomplete.code,
            Self::NotScraped { .. } => "source_not_scraped",
            Self::SourceDisabled { .. } => "source_disabled",
            Self::Declaration(error) => error.code(),
            Self::Adopt(error) => error.code(),
            Self::Seed(error) => error.code(),
            Self::Token(error) => error.code(),
            Self::ScopeIncomplete { .. } => "scope_incomplete",
            Self::NoSuchScope { .. } => "no_such_scope",
            Self::Refused { reason, .. } => reason.as_str(),
            Self::Interrupted => "interrupted",
            Self::AttemptLost => "attempt_lost",
            Self::DatabaseLeftAlone { code, .. } => code,
            Self::RowsMissing { .. } => "rows_missing",
            Self::NeedsDatabase { .. } => "needs_database",
            Self::Scratch(_) => "scratch_file",
            Self::Reader => "reader_ended",
            Self::Payload(_) => "payload_unreadable",
            Self::Contention { .. } => "contention",
            Self::KeyUnknown { .. } => "key_unknown",
            Self::SettingConflict { .. } => "setting_conflict",
            Self::SourceIdentity(SourceIdentityError::Name(_)) => "source_name_invalid",
            Self::SourceIdentity(
                SourceIdentityError::KeyField { .. }
                | SourceIdentityError::KeyFieldTwice { .. }
                | SourceIdentityError::HashNotAlone { .. }
                | SourceIdentityError::OnlyScope,
            ) => "key_field_invalid",
            Self::KeyChanged { .. } => "key_changed",
            Self::OutOfOrder { .. } => "observed_out_of_order",
            Self::ObservedInFuture { .. } => "observed_in_future",
            Self::Outdated { .. } => "outdated",
            Self::NoSuchPipeline { .. } => "no_such_pipeline",
            Self::PipelineConfig(_) => "pipeline_config",
            Self::NoSuchRun { .. } => "no_such_run",
            Self::NotHeld { .. } => "run_not_held",
            Self::RunProcessDied { .. } => "run_process_died",
            Self::NotApplied { .. } => "run_not_applied",
            Self::AlreadyReverted { .. } => "run_already_reverted",
            Self::MovedKeysBack { .. } => "keys_moved_back",
            Self::NotARekey { .. } => "not_a_rekey",
        }
    }

    /// The file that it is about, with its line where one is known.
    pub fn place(&self) -> Option<String> {
        match self {
            Self::Content(error) => error.place(),
            _ => None,
        }
    }

    /// How long to wait before retrying. `None`: unknown.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { reason: RefusalReason::ForcedOpen, .. } => None,
            Self::Refused { retry_after, .. } => Some(*retry_after),
            Self::Crawl(incomplete) => incomplete.retry_after,
            _ => None,
        }
    }

    /// Whether the request itself is invalid, as opposed to an error while it was carried out.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Store(error) => {
                error.is_misconfigured()
                    || matches!(error.code(), "schema_missing" | "name_refused" | "content_tables_mismatch")
            }
            Self::Content(error) => error.is_usage(),
            Self::Source(error) => matches!(error.code(), "env_file_unreadable" | "env_file_invalid"),
            Self::Definition(_)
            | Self::KeyUnknown { .. }
            | Self::SettingConflict { .. }
            | Self::NotScraped { .. }
            | Self::SourceDisabled { .. }
            | Self::Declaration(_)
            | Self::Adopt(_)
            | Self::Seed(_)
            | Self::Token(_)
            | Self::ScopeIncomplete { .. }
            | Self::NoSuchScope { .. }
            | Self::RowsMissing { .. }
            | Self::SourceIdentity(_)
            | Self::KeyChanged { .. }
            | Self::NoSuchRun { .. }
            | Self::NotHeld { .. }
            | Self::RunProcessDied { .. }
            | Self::NotApplied { .. }
            | Self::AlreadyReverted { .. }
            | Self::MovedKeysBack { .. }
            | Self::OutOfOrder { .. }
            | Self::ObservedInFuture { .. }
            | Self::NoSuchPipeline { .. }
            | Self::PipelineConfig(_) => true,
            _ => false,
        }
    }

    /// Whether a source is temporarily unavailable.
    pub fn is_unavailable(&self) -> bool {
        let class = match self {
            Self::Refused { .. } => return true,
            Self::Crawl(incomplete) => incomplete.class,
            Self::Source(forebay_sources::Error::Fetch(error)) => error.class(),
            _ => return false,
        };
        matches!(class, FailureClass::Transient | FailureClass::Throttled | FailureClass::Lost)
    }

    /// Whether the database has a schema that this program cannot use. Waiting does not change that.
    pub fn is_about_schema(&self) -> bool {
        matches!(self.code(), "schema_missing" | "schema_newer" | "migration_drift")
    }

    /// Whether the database may accept the same later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Store(error) => {
                error.server().is_some_and(forebay_store::ServerError::may_pass) || error.is_unreachable()
            }
            _ => self.is_unreachable(),
        }
    }

    /// Whether the database cannot be reached.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_unreachable(),
            Self::DatabaseLeftAlone { .. } => true,
            _ => false,
        }
    }

    /// The status of a run that this error ended.
    pub fn run_status(&self) -> RunStatus {
        match self {
            Self::Interrupted => RunStatus::Aborted,
            _ => RunStatus::Failed,
        }
    }

    /// Whether the database refused the data of a record. Another record may be accepted.
    pub(crate) fn is_about_data(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_about_data()) && !self.is_conflict()
    }

    /// Whether another writer came in between, so a retry of the batch may succeed.
    pub(crate) fn is_conflict(&self) -> bool {
        let error = match self {
            Self::Store(error) => error,
            Self::Contention { .. } => return true,
            _ => return false,
        };
        // A key added by another run, or two transactions that waited for each other.
        error.constraint() == Some("references_pkey")
            || error.server().and_then(|server| server.sqlstate()) == Some("40P01")
    }
}
