//! `forebay db profile drop`: drops a profile's views or table.

use forebay_store::{
    connect::Database,
    profiles::{self, ProfileName},
    tables::SchemaName,
};
use forebay_views::DatabaseProfile;

use super::schema_of;
use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
};

/// Drop the views and tables of a profile
///
/// The schema and everything that Forebay stores stay, the freshness ledger included. Refused while another view uses
/// one of them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db profile drop events --schema scraping")]
pub(crate) struct Args {
    /// The profile
    #[arg(value_name = "PROFILE", value_parser = values::word::<ProfileName>())]
    pub(crate) name: ProfileName,

    /// Schema that contains it [default for api: `forebay_api`]
    #[arg(long, value_name = "NAME", value_parser = values::schema)]
    pub(crate) schema: Option<SchemaName>,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let report = context.with_database(async |database| remove(args, database).await).await?;
    context.ui.show(&report)?;
    context.ui.note("dropped; the data is kept");
    Ok(Exit::Done)
}

async fn remove(args: &Args, database: &Database) -> Result<DatabaseProfile, Failure> {
    let schema = schema_of(args.name, args.schema.as_ref())?;
    let mut client = database.client().await?;
    if let Some(profile) = profiles::drop(&mut client, args.name, &schema).await? {
        return Ok(profile.into());
    }
    let message = format!("there is no profile {} in schema {:?}", args.name, schema.as_str());
    Err(Failure::usage("no_such_profile", message).hint("`forebay db profile list` lists all profiles"))
}
