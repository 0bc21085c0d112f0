//! `forebay db profile create`: creates a profile in a schema, or brings it up to date.

use forebay_store::{
    connect::Database,
    profiles::{self, ProfileName, ScopeColumns},
    tables::SchemaName,
};
use forebay_views::DatabaseProfile;

use super::schema_of;
use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report},
};

/// Create views and tables named as existing code expects them, or for an API
///
/// `events` creates views of revisions, runs, logs and breakers. `freshness` creates a table of syncs that services
/// write. `api` creates views of published sources for a web API to expose. A missing schema is created. Safe to run
/// again; something else of these names is never replaced.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db profile create events --schema scraping
  forebay db profile create freshness --schema public --scope-columns semester,university
  forebay db profile create api")]
pub(crate) struct Args {
    /// The profile
    #[arg(value_name = "PROFILE", value_parser = values::word::<ProfileName>())]
    pub(crate) name: ProfileName,

    /// Schema to create it in [default for api: `forebay_api`]
    #[arg(long, value_name = "NAME", value_parser = values::schema)]
    pub(crate) schema: Option<SchemaName>,

    /// The table's columns for keys of the scope [default: semester,university]
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    pub(crate) scope_columns: Vec<String>,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context.report(async |database| create(args, database).await).await
}

async fn create(args: &Args, database: &Database) -> Result<DatabaseProfile, Failure> {
    let schema = schema_of(args.name, args.schema.as_ref())?;
    let mut client = database.client().await?;
    let profile = match args.name {
        ProfileName::Events | ProfileName::Api if !args.scope_columns.is_empty() => {
            let message = "--scope-columns applies to the profile freshness only";
            return Err(Failure::usage("option_unused", message).hint("leave it out"));
        }
        ProfileName::Events => profiles::create_events(&mut client, &schema).await?,
        ProfileName::Api => profiles::create_api(&mut client, &schema).await?,
        ProfileName::Freshness => {
            let columns = match &args.scope_columns[..] {
                [] => ScopeColumns::parse(&["semester".to_owned(), "university".to_owned()]),
                given => ScopeColumns::parse(given),
            };
            let columns = columns.map_err(|error| {
                Failure::from(error).hint("name keys of the scope, such as semester,university")
            })?;
            profiles::create_freshness(&mut client, &schema, &columns).await?
        }
    };
    Ok(profile.into())
}

impl Report for DatabaseProfile {
    fn write(&self, page: &mut Page) {
        page.line(&format!(
            "profile {} in schema {}: {}",
            self.profile,
            self.schema,
            self.relations.join(", ")
        ));
    }
}
