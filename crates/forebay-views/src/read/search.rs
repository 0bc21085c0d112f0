//! Searches the ingested documents.

use forebay_engine::{
    Error,
    retrieval::{self, SearchOptions},
};
use forebay_store::{connect::Database, documents};

use crate::{SearchResult, failure::Failure, names};

/// Searches. Errors: `no_such_source`, `no_such_scope`, `no_such_language`, `no_such_pipeline`, and those
/// of a search.
pub async fn search(
    database: &Database,
    query: String,
    options: SearchOptions,
) -> Result<SearchResult, Failure> {
    {
        let client = database.client().await?;
        let source = match &options.filter.source {
            Some(name) => Some(names::source(&client, name).await?),
            None => None,
        };
        if let Some(scope) = &options.filter.scope {
            let entity_type = options.filter.entity_type.as_deref();
            names::scope_anywhere(&client, source.as_ref(), entity_type, scope).await?;
        }
        if let Some(name) = &options.filter.language {
            known_language(name, &documents::languages(&**client).await?)?;
        }
    }
    let found = match retrieval::search(database, &query, &options).await {
        Err(error @ Error::NoSuchPipeline { .. }) => {
            // Suggests the name that was meant.
            names::pipelines(&database.client().await?, &options.filter.pipeline).await?;
            return Err(error.into());
        }
        found => found?,
    };
    Ok(SearchResult::new(query, found))
}

fn known_language(name: &str, known: &[String]) -> Result<(), Failure> {
    if known.iter().any(|language| language == name) {
        return Ok(());
    }
    let failure = Failure::usage("no_such_language", format!("the database has no language {name:?}"));
    let meant = names::nearest(name, known.iter().map(String::as_str));
    Err(failure.hint(meant.map_or_else(
        || format!("its text search configurations are {}", known.join(", ")),
        |meant| format!("did you mean `{meant}`?"),
    )))
}
