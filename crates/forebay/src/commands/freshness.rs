//! `forebay freshness`: the ledger of syncs, judged by the configuration.

mod report;

use clap::value_parser;
use forebay_views::read::{self, freshness::Filter};

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
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
    let filter =
        Filter { entity_type: args.entity.clone(), only_stale: args.stale, after: args.after.clone() };
    let page = context
        .with_database(async |database| {
            read::freshness::page(database, config.definitions(), &config.policies(), filter, args.limit)
                .await
        })
        .await?;
    context.ui.show_page(&page)?;
    Ok(Exit::Done)
}
