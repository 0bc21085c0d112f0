//! The handlers that deliver changes, one file each.
//!
//! To add one, add a file, a variant here, and its word in [`HandlerKind`] and in the check constraint of
//! `forebay.pipelines`. A handler reads its settings strictly, so a misspelt setting is an error when the pipeline is declared. A reference may be in any
//! state, and handling it repeatedly must give the same result. A problem with one reference is a failure of that
//! reference. An error of the handler rolls back the batch and stops the pipeline, because it would affect every other
//! reference as well.

mod documents;
mod exec;
mod table;
mod webhook;

use std::sync::Arc;

use forebay_domain::{handoff::HandlerKind, identity::ReferenceId, words::UnknownWord};
use forebay_store::{
    jobs::Failure,
    pipelines::{Limits, PipelineSpec},
};
use tokio_postgres::{GenericClient, Transaction};

use super::{
    event::{Event, Outcome},
    settings::Settings,
};
use crate::error::{Error, Result};

use documents::Documents;
use exec::Exec;
use table::Table;
use webhook::Webhook;

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
    pub(super) async fn open(transaction: &Transaction<'_>, spec: &PipelineSpec) -> Result<Self> {
        Ok(match kind(spec)? {
            HandlerKind::Documents => Self::Transactional(Arc::new(TransactionalHandler::Documents(
                Documents::open(transaction, spec).await?,
            ))),
            HandlerKind::Table => Self::Transactional(Arc::new(TransactionalHandler::Table(
                Table::open(transaction, spec).await?,
            ))),
            HandlerKind::Webhook => Self::Leased(Arc::new(LeasedHandler::Webhook(Webhook::open(spec)?))),
            HandlerKind::Exec => Self::Leased(Arc::new(LeasedHandler::Exec(Exec::open(spec)?))),
            HandlerKind::External => Self::External,
        })
    }

    /// Checks the settings without touching the target.
    pub(super) async fn check(client: &impl GenericClient, spec: &PipelineSpec) -> Result<()> {
        let settings = Settings::of(spec)?;
        let kind = kind(spec)?;
        match kind {
            HandlerKind::Documents => Documents::open(client, spec).await.map(drop)?,
            HandlerKind::Table => table::read(settings).map(drop)?,
            HandlerKind::Webhook => webhook::read(settings).map(drop)?,
            HandlerKind::Exec => exec::read(settings).map(drop)?,
            HandlerKind::External => settings.end("external")?,
        }
        if matches!(kind, HandlerKind::Documents | HandlerKind::Table) && spec.limits != Limits::default() {
            // Limits apply to claims, and transactional handlers make none.
            return Err(Settings::of(spec)?.wrong(format!(
                "the handler `{}` works inside the database and has no `limits`",
                spec.handler
            )));
        }
        Ok(())
    }
}

impl TransactionalHandler {
    /// Updates the target for `ids` (sorted and unique). Returns the references that failed.
    pub(super) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
        pipeline_id: i32,
        ids: &[ReferenceId],
    ) -> Result<Vec<Failure>> {
        match self {
            Self::Documents(handler) => handler.apply(transaction, pipeline_id, ids).await,
            Self::Table(handler) => handler.apply(transaction, ids).await,
        }
    }
}

impl LeasedHandler {
    /// The maximum number of events per batch.
    pub(super) fn batch(&self) -> u32 {
        match self {
            Self::Webhook(handler) => handler.batch(),
            Self::Exec(handler) => handler.batch(),
        }
    }

    /// Delivers each event. Returns the outcomes in the order of the events.
    pub(super) async fn deliver(&self, events: &[Event]) -> Result<Vec<Outcome>> {
        match self {
            Self::Webhook(handler) => handler.deliver(events).await,
            Self::Exec(handler) => handler.deliver(events).await,
        }
    }
}

/// The kind of a pipeline's handler. Error: `pipeline_config` for an unknown one.
fn kind(spec: &PipelineSpec) -> Result<HandlerKind> {
    spec.handler.parse().map_err(|UnknownWord { word, expected }| Error::PipelineConfig {
        pipeline: spec.name.clone(),
        reason: format!("there is no handler {word:?}; the handlers are {}", expected.join(", ")),
    })
}
