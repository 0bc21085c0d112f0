//! Creates missing tables of pipelines again, and takes over those that have their names now. Workers don't do it by
//! themselves: the rows that were written before would be missing without a sign.

use forebay_domain::handoff::HandlerKind;
use forebay_store::{connect::Database, pipelines, tables};

use super::{declare::Declared, handlers::table_of, options::WorkOptions, reconciliation, settings::kind};
use crate::error::Result;

/// Creates the tables again that pipelines have filled and that are gone, or takes over those with their names, and
/// hands everything off to them: the same rows are written once more, and the missing ones are added. Only for
/// enabled pipelines that a worker with these options would serve. If a kill prevents the hand-offs, the next
/// reconciliation makes them.
pub async fn recreate_tables(database: &Database, options: &WorkOptions) -> Result<Vec<Declared>> {
    let mut all = pipelines::list(&**database.client().await?).await?;
    all.retain(|pipeline| matches!(kind(&pipeline.spec), Ok(HandlerKind::Table)) && options.serves(pipeline));
    let mut recreated = Vec::new();
    for pipeline in &all {
        let mut client = database.client().await?;
        let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
        let table = table_of(&pipeline.spec)?;
        let is_new = tables::recreate(&transaction, pipeline.pipeline_id, &table).await?;
        transaction.commit().await.map_err(forebay_store::Error::from)?;
        drop(client);
        if is_new {
            let num_handoffs = reconciliation::repair(database, pipeline).await?.num_repaired;
            recreated.push(Declared { pipeline: pipeline.spec.name.clone(), num_handoffs });
        }
    }
    Ok(recreated)
}
