//! Renames a source, as long as nothing depends on its name.

use forebay_domain::identity::check_source;
use forebay_store::{
    actions::{self, Action, ActionName, Actor},
    connect::Database,
    sources,
    sources::change,
};
use serde_json::json;

use super::locked::locked;
use crate::error::{DeclarationError, Result};

/// Renames a source without references, with the pipelines and fallbacks that name it. The ids of references are
/// computed from the name of their source, so a source with references keeps its name.
///
/// Errors: `source_name_invalid`, `source_exists`, `source_has_references`, `source_is_course`, `source_busy`.
pub async fn rename(database: &Database, from: &str, to: &str, by: &Actor) -> Result<()> {
    check_source(to, &[])?;
    let mut client = database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let source = locked(&transaction, from).await?;
    if sources::find(&*transaction, to).await?.is_some() {
        return Err(DeclarationError::NameTaken { source_name: to.to_owned() }.into());
    }
    if change::has_references(&*transaction, source.source_id).await? {
        return Err(DeclarationError::HasReferences { source_name: source.name }.into());
    }
    change::rename(&*transaction, &source, to).await?;
    let action = Action {
        parameters: json!({ "to": to }),
        source: Some(to),
        ..Action::on_source(ActionName::SourceRenamed, &source.name)
    };
    actions::record(&*transaction, by, &action).await?;
    Ok(transaction.commit().await.map_err(forebay_store::Error::from)?)
}
