//! The handlers that deliver changes, one file each.
//!
//! To add one, add a file, a variant here and in `HandlerKind`, and its word in the check constraint of
//! `forebay.pipelines`. A handler reads its settings strictly, so a misspelt one is an error when the pipeline is
//! declared, and says which settings shape its effect ([`effect_of`]). It may get the same reference several times, in
//! any state, and must always leave the same result. A problem with one reference is a failure of that reference. An
//! error of the handler undoes the batch and stops the pipeline, because every other reference would meet it too.

mod documents;
mod exec;
mod table;
mod webhook;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use forebay_domain::{
    handoff::{FailureClass, HandlerKind},
    identity::ReferenceId,
};
use forebay_store::{
    jobs::Failure,
    pipelines::{Effect, Limits, Pipeline, PipelineSpec},
    tables::TableSpec,
};
use tokio_postgres::{GenericClient, Transaction};

use super::{
    deliveries::DeliveryLog,
    event::{Answer, Dropped, Event, Outcome},
    kind::is_transactional,
    rules,
    setting_error::SettingError,
    settings::{Settings, kind},
};
use crate::error::Result;

use documents::Documents;
use exec::Exec;
use table::Table;
pub(crate) use webhook::Webhook;

/// An opened handler.
#[derive(Clone, Debug)]
pub(super) enum Handler {
    /// Writes to this database: the effect and its settlement are one transaction.
    Transactional(Arc<TransactionalHandler>),
    /// Writes elsewhere: delivers at least once, under a lease.
    Leased(Arc<LeasedHandler>),
    /// Another program's workers do the work; see `forebay.claim_jobs`.
    External,
}

/// A handler that writes to this database.
#[derive(Debug)]
pub(super) enum TransactionalHandler {
    /// Text for search.
    Documents(Documents),
    /// Rows of a user's table.
    Table(Table),
}

/// A handler that writes elsewhere.
#[derive(Debug)]
pub(super) enum LeasedHandler {
    /// A request to a URL for each change.
    Webhook(Webhook),
    /// A user's command.
    Exec(Exec),
}

impl Handler {
    /// Reads the settings, and checks or creates the target.
    pub(super) async fn open(
        transaction: &Transaction<'_>,
        pipeline: &Pipeline,
        log: &DeliveryLog,
    ) -> Result<Self> {
        let spec = &pipeline.spec;
        Ok(match kind(spec)? {
            HandlerKind::Documents => Self::Transactional(Arc::new(TransactionalHandler::Documents(
                Documents::open(transaction, spec).await?,
            ))),
            HandlerKind::Table => Self::Transactional(Arc::new(TransactionalHandler::Table(
                Table::open(transaction, pipeline).await?,
            ))),
            HandlerKind::Webhook => {
                Self::Leased(Arc::new(LeasedHandler::Webhook(Webhook::open(spec)?.logging_to(log))))
            }
            HandlerKind::Exec => Self::Leased(Arc::new(LeasedHandler::Exec(Exec::open(spec)?))),
            HandlerKind::External => Self::External,
        })
    }
}

/// The pipelines that a worker leaves alone because the database lacks what their settings name, each with its error.
pub(crate) async fn unready(
    client: &impl GenericClient,
    specs: impl IntoIterator<Item = &PipelineSpec>,
) -> Result<Vec<SettingError>> {
    let is_indexed = |spec: &&PipelineSpec| spec.enabled && matches!(kind(spec), Ok(HandlerKind::Documents));
    let indexed: Vec<&PipelineSpec> = specs.into_iter().filter(is_indexed).collect();
    documents::missing_languages(client, &indexed).await
}

/// Checks the settings of a pipeline by themselves: without a database, the environment or files.
pub fn check_settings(spec: &PipelineSpec) -> std::result::Result<(), SettingError> {
    let settings = Settings::of(spec)?;
    let kind = kind(spec)?;
    if is_transactional(kind) && spec.limits != Limits::default() {
        // Limits apply to claims, and transactional handlers make none.
        let problem = format!("the handler `{kind}` works inside the database and has no `limits`");
        return Err(settings.wrong(&["limits"], problem));
    }
    rules::check(spec)?;
    match kind {
        HandlerKind::Documents => documents::read(settings).map(drop),
        HandlerKind::Table => table::read(settings).map(drop),
        HandlerKind::Webhook => webhook::read(settings).map(drop),
        HandlerKind::Exec => exec::read(settings).map(drop),
        HandlerKind::External => Ok(()),
    }
}

/// The parts of a pipeline's settings whose change hands off again.
pub(crate) fn effect_of(spec: &PipelineSpec) -> std::result::Result<Effect, SettingError> {
    let settings = Settings::of(spec)?;
    Ok(match kind(spec)? {
        HandlerKind::Documents => documents::effect(&documents::read(settings)?),
        HandlerKind::Table => table::effect(&table::read(settings)?),
        HandlerKind::Webhook => webhook::effect(&webhook::read(settings)?),
        HandlerKind::Exec => exec::effect(&exec::read(settings)?),
        HandlerKind::External => Effect::default(),
    })
}

/// Checks what the handler of a pipeline needs on this machine: secrets, programs and folders. A worker that misses one
/// of them leaves the pipeline alone, with the same error.
pub fn check_machine(spec: &PipelineSpec) -> std::result::Result<(), SettingError> {
    match kind(spec)? {
        HandlerKind::Webhook => Webhook::open(spec).map(drop),
        HandlerKind::Exec => Exec::open(spec).map(drop),
        HandlerKind::Documents => documents::check_key(Settings::of(spec)?),
        HandlerKind::Table | HandlerKind::External => Ok(()),
    }
}

/// When the endpoint of a pipeline is disabled; `None`: never, or it has none.
pub(super) fn disable_policy(spec: &PipelineSpec) -> Option<webhook::DisablePolicy> {
    (kind(spec).ok()? == HandlerKind::Webhook).then(|| webhook::disable_policy(spec))?
}

/// The table of a pipeline whose handler is `table`.
pub(super) fn table_of(spec: &PipelineSpec) -> std::result::Result<TableSpec, SettingError> {
    table::read(Settings::of(spec)?)
}

/// What a transactional handler did not carry out.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// The references that failed.
    pub(super) failures: Vec<Failure>,
    /// References that were not tried, and wait as before.
    pub(super) untried: Vec<ReferenceId>,
}

impl TransactionalHandler {
    /// Updates the target for `ids` (sorted and unique).
    pub(super) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
        pipeline_id: i32,
        ids: &[ReferenceId],
    ) -> Result<Applied> {
        match self {
            Self::Documents(handler) => {
                let failures = handler.apply(transaction, pipeline_id, ids).await?;
                Ok(Applied { failures, untried: Vec::new() })
            }
            Self::Table(handler) => handler.apply(transaction, ids).await,
        }
    }
}

impl LeasedHandler {
    /// The number of deliveries at the same time.
    pub(super) fn slots(&self) -> usize {
        match self {
            Self::Webhook(handler) => handler.slots(),
            Self::Exec(handler) => handler.slots(),
        }
    }

    /// The maximum number of events in one delivery.
    pub(super) fn group(&self) -> usize {
        match self {
            Self::Webhook(_) => 1,
            Self::Exec(handler) => handler.group(),
        }
    }

    /// Delivers events, and answers each by its place as soon as its outcome is known. `dropped` says why, if this is
    /// dropped before its end.
    pub(super) async fn deliver(
        &self,
        events: &[Event],
        answer: &Answer<'_>,
        dropped: &Dropped,
    ) -> Result<()> {
        match self {
            Self::Webhook(handler) => {
                for (place, event) in events.iter().enumerate() {
                    answer(place, handler.deliver(event, dropped).await);
                }
                Ok(())
            }
            Self::Exec(handler) => handler.deliver(events, answer).await,
        }
    }

    /// Whether an outcome means that nothing more should be delivered for now. All events of a webhook go to the same
    /// endpoint; a command may have reported the limit of one of many.
    pub(super) fn should_pause(&self, outcome: &Outcome) -> bool {
        let Outcome::Failed { class: FailureClass::Throttled, retry_after, .. } = outcome else {
            return false;
        };
        match self {
            Self::Webhook(_) => true,
            Self::Exec(_) => retry_after.is_some_and(|wait| !wait.is_zero()),
        }
    }
}
