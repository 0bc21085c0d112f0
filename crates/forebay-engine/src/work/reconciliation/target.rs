//! The contents of a pipeline's target, read page by page.

use std::collections::BTreeSet;

use forebay_domain::{handoff::HandlerKind, identity::ReferenceId};
use forebay_store::{
    connect::Client,
    documents,
    pipelines::Pipeline,
    tables::{self, OnRemoved, TableName, TableSpec},
};

use crate::{
    error::Result,
    work::{handlers::table_of, settings::kind},
};

/// The place that a pipeline ingests into.
#[derive(Clone, Debug)]
pub enum Target {
    /// The index of the handler `documents`.
    Documents,
    /// The user's table of the handler `table`.
    Table {
        /// The table.
        name: TableName,
        /// How the table represents a removed reference.
        on_removed: OnRemoved,
    },
    /// The references that another system lists.
    Listed(BTreeSet<ReferenceId>),
}

impl Target {
    /// The target of a pipeline whose handler writes to this database; `None`: Forebay cannot read it.
    pub fn of(pipeline: &Pipeline) -> Result<Option<Self>> {
        Ok(match kind(&pipeline.spec)? {
            HandlerKind::Documents => Some(Self::Documents),
            HandlerKind::Table => {
                let TableSpec { name, on_removed, .. } = table_of(&pipeline.spec)?;
                Some(Self::Table { name, on_removed })
            }
            HandlerKind::Webhook | HandlerKind::Exec | HandlerKind::External => None,
        })
    }

    /// Whether it is a table that the pipeline has filled and that is gone, or another one has its name.
    pub(super) async fn is_gone(&self, client: &Client, pipeline_id: i32) -> Result<bool> {
        Ok(match self {
            Self::Table { name, .. } => tables::is_gone(&***client, pipeline_id, name).await?,
            Self::Documents | Self::Listed(_) => false,
        })
    }

    /// Returns the ids in `ids` that are missing in the target.
    pub(super) async fn absent(
        &self,
        client: &Client,
        pipeline_id: i32,
        ids: &[ReferenceId],
    ) -> Result<Vec<ReferenceId>> {
        let is_there: Vec<bool> = match self {
            Self::Documents => {
                let held = documents::verify_page(&***client, pipeline_id, ids).await?;
                held.iter().map(Option::is_some).collect()
            }
            Self::Table { name, on_removed } => {
                tables::verify_page(&***client, name, *on_removed, ids).await?
            }
            Self::Listed(listed) => ids.iter().map(|id| listed.contains(id)).collect(),
        };
        Ok(ids.iter().zip(is_there).filter(|(_, is_there)| !is_there).map(|(id, _)| *id).collect())
    }

    /// The next references after `after`, in order, at most `limit`, whose rows in the target may be wrong. The caller
    /// judges them.
    pub(super) async fn doubtful(
        &self,
        client: &Client,
        pipeline_id: i32,
        after: ReferenceId,
        limit: u32,
    ) -> Result<Vec<ReferenceId>> {
        use std::ops::Bound::{Excluded, Unbounded};
        Ok(match self {
            Self::Documents => documents::extra_page(&***client, pipeline_id, after, limit).await?,
            Self::Table { name, on_removed } => {
                tables::extra_page(&***client, name, *on_removed, after, limit).await?
            }
            Self::Listed(listed) => {
                listed.range((Excluded(after), Unbounded)).take(limit as usize).copied().collect()
            }
        })
    }
}
