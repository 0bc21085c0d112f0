//! Making tables of pipelines anew that are gone. Workers don't do it by themselves: what was written before would be
//! missing, and nobody would know.

use forebay_domain::handoff::HandlerKind;
use forebay_store::{
    connect::Database,
    pipelines::{self, Pipeline},
    tables,
};

use super::{declare::Declared, handlers::table_of, options::WorkOptions, reconciliation, settings::kind};
use crate::error::Result;

/// Creates the tables anew that pipelines have filled and that are gone, and hands everything off to them. These are
/// the enabled pipelines that a worker with these options would serve. If a kill prevents the hand-offs, the next
/// reconciliation makes up for it.
pub async fn recreate_tables(database: &Database, options: &WorkOptions) -> Result<Vec<Declared>> {
    let WorkOptions { pipelines: names, declarations, .. } = options;
    let mut all = pipelines::list(&**database.client().await?).await?;
    all.retain(|Pipeline { spec, .. }| {
        let is_chosen = names.is_empty() || names.contains(&spec.name);
        is_chosen
            && spec.enabled
            && matches!(kind(spec), Ok(HandlerKind::Table))
            && declarations.check(spec).is_ok()
    });
    let mut recreated = Vec::new();
    for pipeline in &all {
        let mut client = database.client().await?;
        let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
        let table = table_of(&pipeline.spec)?;
        let is_new = tables::create_anew(&transaction, pipeline.pipeline_id, &table).await?;
        transaction.commit().await.map_err(forebay_store::Error::from)?;
        drop(client);
        if is_new {
            let num_handoffs = reconciliation::repair(database, pipeline).await?.num_repaired;
            recreated.push(Declared { pipeline: pipeline.spec.name.clone(), num_handoffs });
        }
    }
    Ok(recreated)
}
