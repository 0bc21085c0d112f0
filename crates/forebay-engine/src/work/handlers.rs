//! The handlers: what carries a change out. One file each.
//!
//! Adding one is adding a file, a variant here and its word in the check constraint of `forebay.pipelines`. A handler
//! reads its settings strictly, so that a misspelt one is told when the pipeline is declared. It gets references that
//! it may find in any state, and must leave the same behind however often it gets them. What concerns one reference it
//! answers with a failure; an error of its own undoes the batch and stops the pipeline, because it would meet every
//! other reference as well.

mod documents;
mod exec;
mod table;
mod webhook;

use std::sync::Arc;

use forebay_domain::identity::ReferenceId;
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

/// The handlers by name, for messages.
const NAMES: &str = "documents, table, webhook, exec and external";

/// A handler that is ready to work.
#[derive(Clone, Debug)]
pub(super) enum Handler {
    /// Its effect is in this database: effect and end are one transaction.
    Transactional(Arc<TransactionalHandler>),
    /// Its effect is somewhere else: at least once, under a lease.
    Leased(Arc<LeasedHandler>),
    /// Somebody else's workers do the work; see `forebay.claim_jobs`.
    External,
}

/// A handler whose effect is in this database.
#[derive(Debug)]
pub(super) enum TransactionalHandler {
    /// Text for search.
    Documents(Documents),
    /// Rows of the user's own table.
    Table(Table),
}

/// A handler whose effect is somewhere else.
#[derive(Debug)]
pub(super) enum LeasedHandler {
    /// A request to a URL for each change.
    Webhook(Webhook),
    /// A command of the user's.
    Exec(Exec),
}

impl Handler {
    /// Reads the settings and makes sure that what the handler writes to is there.
    pub(super) async fn open(transaction: &Transaction<'_>, spec: &PipelineSpec) -> Result<Self> {
        Ok(match spec.handler.as_str() {
            "documents" => Self::Transactional(Arc::new(TransactionalHandler::Documents(
                Documents::open(transaction, spec).await?,
            ))),
            "table" => Self::Transactional(Arc::new(TransactionalHandler::Table(
                Table::open(transaction, spec).await?,
            ))),
            "webhook" => Self::Leased(Arc::new(LeasedHandler::Webhook(Webhook::open(spec)?))),
            "exec" => Self::Leased(Arc::new(LeasedHandler::Exec(Exec::open(spec)?))),
            "external" => Self::External,
            other => return Err(unknown(spec, other)),
        })
    }

    /// Whether the settings can be used, without touching what the handler writes to.
    pub(super) async fn check(client: &impl GenericClient, spec: &PipelineSpec) -> Result<()> {
        let settings = Settings::of(spec)?;
        match spec.handler.as_str() {
            "documents" => Documents::open(client, spec).await.map(drop)?,
            "table" => table::read(settings).map(drop)?,
            "webhook" => webhook::read(settings).map(drop)?,
            "exec" => exec::read(settings).map(drop)?,
            "external" => settings.end("external")?,
            other => return Err(unknown(spec, other)),
        }
        if matches!(spec.handler.as_str(), "documents" | "table") && spec.limits != Limits::default() {
            // Limits are counted by claims, and these take their jobs without any.
            return Err(Settings::of(spec)?.wrong(format!(
                "the handler `{}` works inside the database and has no `limits`",
                spec.handler
            )));
        }
        Ok(())
    }
}

impl TransactionalHandler {
    /// Brings what the handler keeps of `ids` (sorted, each once) up to date, and tells for which it could not.
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
    /// Most events that it takes at a time.
    pub(super) fn batch(&self) -> u32 {
        match self {
            Self::Webhook(handler) => handler.batch(),
            Self::Exec(handler) => handler.batch(),
        }
    }

    /// Has the effect of each event, and answers in their order.
    pub(super) async fn deliver(&self, events: &[Event]) -> Result<Vec<Outcome>> {
        match self {
            Self::Webhook(handler) => handler.deliver(events).await,
            Self::Exec(handler) => handler.deliver(events).await,
        }
    }
}

fn unknown(spec: &PipelineSpec, handler: &str) -> Error {
    Error::PipelineConfig {
        pipeline: spec.name.clone(),
        reason: format!("there is no handler {handler:?}; there are {NAMES}"),
    }
}
