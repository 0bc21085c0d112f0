//! The handlers: what carries a change out. One file each.
//!
//! Adding one is adding a file, a variant here and its word in the check constraint of `forebay.pipelines`. A handler
//! reads its settings strictly, so that a misspelt one is told when the pipeline is declared. It gets references that
//! it may find in any state, and must leave the same behind however often it gets them. What concerns one reference it
//! answers with a failure; an error of its own undoes the batch and stops the pipeline, because it would meet every
//! other reference as well.

mod documents;
mod table;

use forebay_domain::identity::ReferenceId;
use forebay_store::{jobs::Failure, pipelines::PipelineSpec};
use tokio_postgres::{GenericClient, Transaction};

use super::settings::Settings;
use crate::error::{Error, Result};

use documents::Documents;
use table::Table;

/// A handler that is ready to work.
#[derive(Debug)]
pub(super) enum Handler {
    /// Text for search.
    Documents(Documents),
    /// Rows of the user's own table.
    Table(Table),
}

impl Handler {
    /// Reads the settings and makes sure that what the handler writes to is there.
    pub(super) async fn open(transaction: &Transaction<'_>, spec: &PipelineSpec) -> Result<Self> {
        match spec.handler.as_str() {
            "documents" => Ok(Self::Documents(Documents::open(transaction, spec).await?)),
            "table" => Ok(Self::Table(Table::open(transaction, spec).await?)),
            other => Err(unknown(spec, other)),
        }
    }

    /// Whether the settings can be used, without touching what the handler writes to.
    pub(super) async fn check(client: &impl GenericClient, spec: &PipelineSpec) -> Result<()> {
        match spec.handler.as_str() {
            "documents" => Documents::open(client, spec).await.map(drop),
            "table" => table::read(Settings::of(spec)?).map(drop),
            other => Err(unknown(spec, other)),
        }
    }

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

fn unknown(spec: &PipelineSpec, handler: &str) -> Error {
    Error::PipelineConfig {
        pipeline: spec.name.clone(),
        reason: format!("there is no handler {handler:?}; there are documents and table"),
    }
}
