//! `forebay search`: searches the documents that the documents handler ingested, by words and, where there are
//! embeddings, by meaning.

mod report;

use forebay_domain::field_filter::FieldFilter;
use forebay_engine::retrieval::SearchOptions;
use forebay_store::documents::SearchFilter;
use forebay_views::read::search::search;

use crate::{
    cli::values::{self, ScopePair, Share, scope_if_given},
    context::Context,
    failure::{Exit, Failure},
    names,
};

/// Search the ingested documents
///
/// Supports "quoted phrases", OR, and -word to exclude a word. If no document contains all words, those with some of
/// them are shown.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay search organic chemistry
  forebay search '\"linear algebra\" -honors' --source courses
  forebay search painting --limit 3 --output json
  forebay search 'how do I enrol' --pipeline handbook --min-score 0.5
  forebay search painting --entity course --scope 'semester=Spring 2026' --where credits=3")]
pub(crate) struct Args {
    /// Search terms
    #[arg(required = true, value_name = "WORD")]
    pub(crate) words: Vec<String>,

    /// Only documents of this source
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) source: Option<String>,

    /// Only references of this entity type, such as `course`
    #[arg(long, value_name = "ENTITY", value_parser = values::name)]
    pub(crate) entity: Option<String>,

    /// Only references of this scope; repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) scope: Vec<ScopePair>,

    /// Only references with this value in a field (a name or a JSON pointer); repeatable
    #[arg(long = "where", value_name = "FIELD=VALUE")]
    pub(crate) fields: Vec<FieldFilter>,

    /// Only documents that were indexed in this language, such as `english`
    #[arg(long, value_name = "LANGUAGE", value_parser = values::name)]
    pub(crate) language: Option<String>,

    /// Only documents that this pipeline indexed
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) pipeline: Option<String>,

    /// Only passages at least this similar to the query (cosine, 0 to 1); needs embeddings
    #[arg(long, value_name = "SCORE")]
    pub(crate) min_score: Option<Share>,

    /// Maximum number of documents
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let query = args.words.join(" ");
    let filter = SearchFilter {
        source: args.source.clone(),
        entity_type: args.entity.clone(),
        scope: scope_if_given(&args.scope)?,
        fields: args.fields.clone(),
        language: args.language.clone(),
        pipeline: args.pipeline.clone(),
    };
    let min_score = args.min_score.map(Share::get);
    let config = context.config()?;
    let options = SearchOptions {
        declarations: config.declarations(),
        filter,
        limit: args.limit,
        min_score,
        ..SearchOptions::default()
    };
    context
        .report(async |database| {
            if let Some(entity) = &args.entity {
                names::entity(&database.client().await?, entity, config.definitions()).await?;
            }
            search(database, query, options).await
        })
        .await
}
