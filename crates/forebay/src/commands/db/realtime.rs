//! `forebay db realtime`: the tables whose changes Supabase Realtime sends.

mod list;

use clap::Subcommand;
use forebay_store::{connect::Database, realtime};

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(list::Args),

    /// Publish the changes of tables
    ///
    /// Adds the tables to the publication `supabase_realtime` of a Supabase project. Subscribers get what row-level
    /// security lets them read. Partitioned tables are refused.
    #[command(after_help = "\
Examples:
  forebay db realtime add references
  forebay db realtime add references scrape_runs sync_metadata")]
    Add(Tables),

    /// End the publishing of tables
    ///
    /// Takes the tables out of the publication `supabase_realtime`. Their data stays.
    #[command(after_help = "\
Examples:
  forebay db realtime remove references
  forebay db realtime remove references scrape_runs sync_metadata")]
    Remove(Tables),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Tables {
    /// Tables of the schema `forebay`
    #[arg(value_name = "TABLE", required = true)]
    pub(crate) tables: Vec<String>,
}

/// Runs one of them. Each shows what is published then.
pub(super) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    let act = async |database: &Database| {
        let mut client = database.client().await?;
        Ok(list::page(match command {
            Command::List(_) => realtime::list(&**client).await?,
            Command::Add(args) => realtime::add(&mut client, &args.tables).await?,
            Command::Remove(args) => realtime::remove(&mut client, &args.tables).await?,
        }))
    };
    context.report(act).await
}
