//! `forebay db realtime remove`: takes tables out of the publication.

use forebay_store::{connect::Database, realtime};

use super::list::page;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// End the publishing of tables
///
/// Takes the tables out of the publication `supabase_realtime`. Their data stays.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db realtime remove references
  forebay db realtime remove references scrape_runs sync_metadata")]
pub(crate) struct Args {
    /// Tables of the schema `forebay`
    #[arg(value_name = "TABLE", required = true)]
    pub(crate) tables: Vec<String>,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let change = async |database: &Database| {
        let mut client = database.client().await?;
        Ok(page(realtime::remove(&mut client, &args.tables).await?))
    };
    context.report(change).await
}
