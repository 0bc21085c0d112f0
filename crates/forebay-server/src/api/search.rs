//! `GET /v1/search`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_engine::retrieval::SearchOptions;
use forebay_store::documents::SearchFilter;
use forebay_views::{SearchResult, failure::Failure, names, read::search::search};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::{self, Limit, Share},
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// Documents that match a query.
pub(super) struct Search;

/// Which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// The query: words, "quoted phrases", OR, and -word.
    q: String,
    /// Only documents of this source.
    source: Option<String>,
    /// Only references of this entity type.
    entity: Option<String>,
    /// Only references of this scope, as in `semester=Spring 2026,university=CSI`.
    scope: Option<String>,
    /// Only references with this value in a field, as in `credits=3`; repeatable.
    #[serde(default)]
    r#where: Vec<String>,
    /// Only documents that were indexed in this language, such as `english`.
    language: Option<String>,
    /// Only documents that this pipeline indexed.
    pipeline: Option<String>,
    /// Only passages at least this similar to the query (cosine, 0 to 1); needs embeddings.
    min_score: Option<Share>,
    /// Maximum number of documents.
    #[serde(default)]
    limit: Limit<10>,
}

impl Endpoint for Search {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/search";
    const NAME: &'static str = "search";
    const SUMMARY: &'static str =
        "Search the ingested documents by words and, where there are embeddings, by meaning";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = Query;
    type Body = None;
    type Output = SearchResult;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::filtered(request.query.source.as_deref())
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Query { q, source, entity, scope, r#where, language, pipeline, min_score, limit } = request.query;
        if let Some(entity) = &entity {
            names::entity(&app.client().await?, entity, app.sources()).await?;
        }
        let filter = SearchFilter {
            source,
            entity_type: entity,
            scope: scope.as_deref().map(arguments::scope).transpose()?,
            fields: arguments::fields(&r#where)?,
            language,
            pipeline,
        };
        let options = SearchOptions {
            declarations: app.declarations().clone(),
            filter,
            limit: limit.get(),
            min_score: min_score.map(Share::get),
            ..SearchOptions::default()
        };
        search(app.database(), q, options).await
    }
}
