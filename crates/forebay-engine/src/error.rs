//! The one error type of the engine. Codes are stable; hints say what to do next.

use std::time::Duration;

use forebay_domain::{breaker::RefusalReason, handoff::FailureClass};
use forebay_sources::crawl::Incomplete;
use jiff::Timestamp;

/// What can go wrong while persisting, ingesting or reading back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database, or the way to it.
    #[error(transparent)]
    Store(#[from] forebay_store::Error),
    /// The input.
    #[error(transparent)]
    Source(#[from] forebay_sources::Error),
    /// Not one page of a crawl could be fetched and read.
    #[error("{}", .0.message)]
    Crawl(Box<Incomplete>),
    /// A source that no configuration says how to scrape.
    #[error("there is no source {source_name:?} that can be scraped")]
    NotScraped {
        /// The source asked for.
        source_name: String,
    },
    /// A source that is turned off.
    #[error("the source {source_name:?} is turned off")]
    SourceDisabled {
        /// The source.
        source_name: String,
    },
    /// A scope that leaves a part open which the source needs.
    #[error("the scope does not say {missing}, which the source {source_name:?} needs")]
    ScopeIncomplete {
        /// The source.
        source_name: String,
        /// The part that is missing.
        missing: String,
    },
    /// The source's breaker lets nothing through.
    #[error("the source {source_name:?} is not asked {}", until(*retry_after, *reason))]
    Refused {
        /// The source.
        source_name: String,
        /// Asking sooner is in vain. Of no meaning where an operator opened the breaker: see [`Error::retry_after`].
        retry_after: Duration,
        /// Why.
        reason: RefusalReason,
    },
    /// Somebody asked it to stop.
    #[error("it was stopped before its end")]
    Interrupted,
    /// Another process took this one for dead and goes on in its place.
    #[error("another process took over, because this one was silent for too long")]
    AttemptLost,
    /// The database was away just now, and is left alone for a moment.
    #[error("the database cannot be reached, and is not tried again for another {} s", retry_after.as_secs().max(1))]
    DatabaseLeftAlone {
        /// Until it is tried again.
        retry_after: Duration,
    },
    /// The table or view of a source, or one that its query names, is not there.
    #[error("the rows of {source_name:?} cannot be read: {problem}")]
    RowsMissing {
        /// The source.
        source_name: String,
        /// What the database says.
        problem: String,
    },
    /// A source that cannot be scraped without the database.
    #[error("the source {source_name:?} needs the database to be scraped")]
    NeedsDatabase {
        /// The source.
        source_name: String,
    },
    /// The temporary file that holds what a run has seen.
    #[error("the temporary file of the run cannot be used")]
    Scratch(#[from] std::io::Error),
    /// The thread that reads the input ended without a word.
    #[error("reading the input ended unexpectedly")]
    Reader,
    /// A stored payload that cannot be read back.
    #[error("a stored payload cannot be read: {0}")]
    Payload(String),
    /// Something else wrote the same references over and over while this batch was tried.
    #[error("other writers kept changing the same references; the batch was tried {attempts} times")]
    Contention {
        /// How often it was tried.
        attempts: u32,
    },
    /// The source is not known and was not described.
    #[error("the source {source_name:?} is not known yet, and its key fields were not given")]
    KeyUnknown {
        /// The source.
        source_name: String,
    },
    /// A name that a source cannot have.
    #[error("a source cannot be called {source_name:?}")]
    SourceName {
        /// The name as given.
        source_name: String,
    },
    /// Other key fields than the source's references were made with.
    #[error("the references of {source_name:?} are identified by {stored}, not by {given}")]
    KeyChanged {
        /// The source.
        source_name: String,
        /// Its key fields.
        stored: String,
        /// The key fields given.
        given: String,
    },
    /// A key field that names no place in a record.
    #[error("the key field {field:?} is neither a field's name nor a JSON pointer (RFC 6901)")]
    KeyField {
        /// The field as given.
        field: String,
    },
    /// The run observed its scope before a run that has already been applied.
    #[error("the scope was already observed at {watermark}, after this run's {observed_at}")]
    OutOfOrder {
        /// When this run observed the scope.
        observed_at: Timestamp,
        /// When the last complete run that was applied did.
        watermark: Timestamp,
    },
    /// There is no such pipeline.
    #[error("there is no pipeline {pipeline:?}")]
    NoSuchPipeline {
        /// The pipeline asked for.
        pipeline: String,
    },
    /// A pipeline is declared with settings that its handler does not take.
    #[error("the pipeline {pipeline:?} cannot be used: {reason}")]
    PipelineConfig {
        /// The pipeline.
        pipeline: String,
        /// What is wrong, with the setting's name.
        reason: String,
    },
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
        /// What it is.
        status: &'static str,
    },
    /// The changes of a held run do not look like a re-key.
    #[error("what run {run_id} would remove and add does not look like the same records under other keys")]
    NotARekey {
        /// The run.
        run_id: i64,
    },
}

/// How long a source is left alone.
fn until(wait: Duration, reason: RefusalReason) -> String {
    match reason {
        RefusalReason::ForcedOpen => "until an operator closes its breaker".to_owned(),
        _ => format!("for another {} s", wait.as_secs().max(1)),
    }
}

/// The result of the engine's functions.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Source(error) => error.code(),
            Self::Crawl(incomplete) => incomplete.code,
            Self::NotScraped { .. } => "source_not_scraped",
            Self::SourceDisabled { .. } => "source_disabled",
            Self::ScopeIncomplete { .. } => "scope_incomplete",
            Self::Refused { reason, .. } => reason.as_str(),
            Self::Interrupted => "interrupted",
            Self::AttemptLost => "attempt_lost",
            Self::DatabaseLeftAlone { .. } => "database_left_alone",
            Self::RowsMissing { .. } => "rows_missing",
            Self::NeedsDatabase { .. } => "needs_database",
            Self::Scratch(_) => "scratch_file",
            Self::Reader => "reader_ended",
            Self::Payload(_) => "payload_unreadable",
            Self::Contention { .. } => "contention",
            Self::KeyUnknown { .. } => "key_unknown",
            Self::SourceName { .. } => "source_name_invalid",
            Self::KeyChanged { .. } => "key_changed",
            Self::KeyField { .. } => "key_field_invalid",
            Self::OutOfOrder { .. } => "observed_out_of_order",
            Self::NoSuchPipeline { .. } => "no_such_pipeline",
            Self::PipelineConfig { .. } => "pipeline_config",
            Self::NoSuchRun { .. } => "no_such_run",
            Self::NotHeld { .. } => "run_not_held",
            Self::NotARekey { .. } => "not_a_rekey",
        }
    }

    /// What to do next, if that can be said.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Source(error) => Some(error.hint().into()),
            Self::Crawl(incomplete) => Some(incomplete.hint.clone().into()),
            Self::NotScraped { source_name } => Some(format!(
                "say how in [sources.{source_name}] of forebay.toml; `forebay sources list` shows what there is"
            )),
            Self::SourceDisabled { source_name } => {
                Some(format!("take `enabled = false` out of [sources.{source_name}]"))
            }
            Self::ScopeIncomplete { missing, .. } => Some(format!("add --scope {missing}=…")),
            Self::Refused { source_name, .. } => Some(format!(
                "`forebay sources breaker show {source_name}` says why; `forebay sources breaker close {source_name}` \
                 lets it through at once"
            )),
            Self::RowsMissing { source_name, .. } => Some(format!(
                "`table` or `query` of [sources.{source_name}.postgres] names what is not there: a table is written as \
                 `schema.name`, exactly as the database spells it, and the role of its `url` must be let in"
            )),
            Self::Scratch(_) => Some("set TMPDIR to a folder with free space".into()),
            Self::Contention { .. } => Some("run the command again when the other writers are done".into()),
            Self::KeyUnknown { source_name } => Some(format!(
                "name the fields that identify a record: --key FIELD[,FIELD…], or key = [\"…\"] in \
                 [sources.{source_name}] of forebay.toml"
            )),
            Self::OutOfOrder { watermark, .. } => Some(format!(
                "nothing was written: an older scrape never overwrites a newer one; persist scrapes in the order \
                 of their times, with --observed-at not before {watermark}"
            )),
            Self::NoSuchPipeline { .. } => Some("[pipelines.NAME] in forebay.toml declares one".into()),
            Self::PipelineConfig { pipeline, .. } => {
                Some(format!("mend [pipelines.{pipeline}] in forebay.toml; its hand-offs wait until then"))
            }
            Self::NoSuchRun { .. } => Some("`forebay runs list` shows the runs".into()),
            Self::NotHeld { .. } => Some("`forebay runs list --status held` shows what waits".into()),
            Self::NotARekey { run_id } => Some(format!(
                "`forebay runs release {run_id}` applies its additions and removals as they are, \
                 `forebay runs reject {run_id}` drops them"
            )),
            Self::SourceName { .. } => Some(
                "a name begins with a letter or digit and has at most 63 letters, digits, dots, _ and -"
                    .into(),
            ),
            Self::KeyChanged { stored, .. } => Some(format!(
                "every record would become another reference: leave --key out or write --key {stored}; to identify \
                 records anew, persist them as a source of another name"
            )),
            Self::KeyField { .. } => {
                Some("write a top-level field as its name, a nested one like /course/id".into())
            }
            Self::Interrupted => Some("run it again: what was stored by then is found unchanged".into()),
            Self::AttemptLost => Some("ask again".into()),
            Self::DatabaseLeftAlone { .. } | Self::NeedsDatabase { .. } => {
                Some("`forebay doctor` says what keeps the database from being reached".into())
            }
            Self::Reader | Self::Payload(_) => None,
        }
    }

    /// How long asking again is in vain; None: nobody knows.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { reason: RefusalReason::ForcedOpen, .. } => None,
            Self::Refused { retry_after, .. } => Some(*retry_after),
            Self::Crawl(incomplete) => incomplete.retry_after,
            _ => None,
        }
    }

    /// Whether what was asked for cannot be done as asked, as opposed to having failed.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Store(error) => {
                matches!(error.code(), "schema_missing" | "database_url_invalid" | "name_refused")
            }
            Self::KeyUnknown { .. }
            | Self::NotScraped { .. }
            | Self::SourceDisabled { .. }
            | Self::ScopeIncomplete { .. }
            | Self::RowsMissing { .. }
            | Self::SourceName { .. }
            | Self::KeyChanged { .. }
            | Self::KeyField { .. }
            | Self::NoSuchRun { .. }
            | Self::NotHeld { .. }
            | Self::OutOfOrder { .. }
            | Self::NoSuchPipeline { .. }
            | Self::PipelineConfig { .. } => true,
            _ => false,
        }
    }

    /// Whether a source cannot be had now, and may be had later.
    pub fn is_unavailable(&self) -> bool {
        let class = match self {
            Self::Refused { .. } => return true,
            Self::Crawl(incomplete) => incomplete.class,
            Self::Source(forebay_sources::Error::Fetch(error)) => error.class(),
            _ => return false,
        };
        matches!(class, FailureClass::Transient | FailureClass::Throttled | FailureClass::Lost)
    }

    /// Whether the database cannot be reached.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_unreachable(),
            Self::DatabaseLeftAlone { .. } => true,
            _ => false,
        }
    }

    /// Whether another writer came in between, so that trying the batch again settles it.
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
