//! `forebay freshness`: the ledger of syncs, judged by the configuration.

mod report;

use clap::value_parser;
use forebay_engine::{
    clock,
    freshness::{self, ListOptions, Policies},
    scrape::Sources,
};
use forebay_store::connect::Database;
use forebay_views::{Freshness, Page};

use crate::{
    cli::values,
    context::Context,
    cursor,
    failure::{Exit, Failure},
    names,
};

/// Show how fresh each entity type and scope is
///
/// The time to live comes from `[freshness]` and `[entities.NAME]` in the configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay freshness
  forebay freshness --stale
  forebay freshness --entity course --output json")]
pub(crate) struct Args {
    /// Only scopes that are due, failing or never synced, including scopes that exist only in the configuration
    #[arg(long)]
    pub(crate) stale: bool,

    /// Only this entity type
    #[arg(long, value_name = "ENTITY", value_parser = values::name)]
    pub(crate) entity: Option<String>,

    /// Start after this cursor: `next` of the previous page
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,

    /// Maximum number of entries
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let after: Option<(String, String)> = args.after.as_deref().map(cursor::read).transpose()?;
    let options = ListOptions { entity_type: args.entity.clone(), only_stale: args.stale, after };
    let page = context
        .with_database(async |database| {
            if let Some(entity) = &args.entity {
                names::entity(&database.client().await?, entity, config.definitions()).await?;
            }
            page(database, config.definitions(), &config.policies(), &options, args.limit).await
        })
        .await?;
    context.ui.show_page(&page)?;
    Ok(Exit::Done)
}

/// A page of at most `limit` entries of the ledger.
pub(crate) async fn page(
    database: &Database,
    sources: &Sources,
    policies: &Policies,
    options: &ListOptions,
    limit: u32,
) -> Result<Page<Freshness>, Failure> {
    let num_rows = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    let rows = freshness::list(database, sources, policies, options, num_rows, clock::now()).await?;
    cursor::page(rows, limit, |last| (last.entity_type.clone(), last.scope.clone()))
}
