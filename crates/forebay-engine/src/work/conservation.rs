//! Proving that nothing was lost on the way to a pipeline, and handing off again what was.
//!
//! Both take no input but the pipeline, look at every reference page by page without holding anything in between, and
//! may run at any time, twice, or beside each other and the workers.

use std::collections::BTreeMap;

use forebay_domain::identity::ReferenceId;
use forebay_store::{
    connect::Database,
    handoffs::{self, Taker, Verdict},
    pipelines::Pipeline,
};

use crate::error::Result;

/// References that are looked at in one statement.
const PAGE: u32 = 2000;
/// References that a report names.
const MOST_NAMED: usize = 1000;

/// How the references stand in a pipeline.
#[derive(Clone, Debug, Default)]
pub struct Conservation {
    /// How many, by verdict.
    pub counts: BTreeMap<Verdict, u64>,
    /// Those that are missing or outdated, the first thousand by id.
    pub lacking: Vec<(ReferenceId, Verdict)>,
    /// How many of them were handed off again.
    pub num_repaired: u64,
}

impl Conservation {
    /// How many references are missing or outdated.
    pub fn num_lacking(&self) -> u64 {
        self.counts.iter().filter(|(verdict, _)| verdict.wants_repair()).map(|(_, count)| count).sum()
    }
}

/// Judges every reference in a pipeline.
pub async fn verify(database: &Database, pipeline: &Pipeline) -> Result<Conservation> {
    walk(database, pipeline, false).await
}

/// Judges every reference in a pipeline, and hands off again exactly what is missing or outdated.
pub async fn repair(database: &Database, pipeline: &Pipeline) -> Result<Conservation> {
    walk(database, pipeline, true).await
}

async fn walk(database: &Database, pipeline: &Pipeline, repairs: bool) -> Result<Conservation> {
    let mut client = database.client().await?;
    let taker = taker(pipeline);
    let mut result = Conservation::default();
    let mut after = ReferenceId([0; 16]);
    loop {
        let ids = handoffs::page(&**client, after, PAGE).await?;
        let Some(last) = ids.last() else { return Ok(result) };
        after = *last;
        let mut lacking = Vec::new();
        for found in handoffs::verify(&**client, pipeline.pipeline_id, &ids).await? {
            *result.counts.entry(found.verdict).or_default() += 1;
            if found.verdict.wants_repair() {
                lacking.push(found.reference_id);
                if result.lacking.len() < MOST_NAMED {
                    result.lacking.push((found.reference_id, found.verdict));
                }
            }
        }
        if repairs && !lacking.is_empty() {
            let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
            result.num_repaired += handoffs::repair(&transaction, &taker, &lacking, false).await?;
            transaction.commit().await.map_err(forebay_store::Error::from)?;
        }
    }
}

pub(super) fn taker(pipeline: &Pipeline) -> Taker {
    Taker {
        pipeline_id: pipeline.pipeline_id,
        changed_fields: pipeline.spec.changed_fields.clone(),
        limit_key: pipeline.spec.limits.key.clone(),
    }
}
