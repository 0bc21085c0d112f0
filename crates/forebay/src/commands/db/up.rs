//! `forebay db up`: migrates the schema to this version.

use forebay_store::{access, connect::Database, migrations};
use forebay_views::Migrated;

use super::report;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Create or upgrade the schema
///
/// Safe to run repeatedly and concurrently. Only adds to the database. Each time, it applies row-level security and the
/// grants of Forebay's roles to its own schemas, and takes back other grants to the roles of a web API.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db up
  forebay db up --rls
  forebay db up --database-url postgres://me@db.example.com/app")]
pub(crate) struct Args {
    /// Create what a web API needs and Supabase has, where it is missing: the roles `anon`, `authenticated` and
    /// `service_role`, and the function `auth.jwt()`
    #[arg(long)]
    pub(crate) rls: bool,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context.report_bare(async |database| migrate(args, context, database).await).await
}

async fn migrate(args: &Args, context: &Context, database: &Database) -> Result<Migrated, Failure> {
    database.require_session("migrating").await?;
    let mut client = database.client().await?;
    let applied = migrations::up(&mut client).await?;
    if args.rls {
        access::create_roles(&mut client).await?;
        context.ui.note("the roles anon, authenticated and service_role exist, with their policies");
    }
    Ok(Migrated { undone: Vec::new(), applied, version: report::version(&client).await? })
}
