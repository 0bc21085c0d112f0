//! `forebay db realtime add`: adds tables to the publication.

use forebay_store::{connect::Database, realtime};

use super::list::page;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Publish the changes of tables
///
/// Adds the tables to the publication `supabase_realtime` of a Supabase project. Subscribers get what row-level
/// security lets them read. Partitioned tables are refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db realtime add references
  forebay db realtime add references scrape_runs sync_metadata")]
pub(crate) struct Args {
    /// Tables of the schema `forebay`
    #[arg(value_name = "TABLE", required = true)]
    pub(crate) tables: Vec<String>,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let change = async |database: &Database| {
        let mut client = database.client().await?;
        Ok(page(realtime::add(&mut client, &args.tables).await?))
    };
    context.report(change).await
}
