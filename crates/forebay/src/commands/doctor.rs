//! `forebay doctor`: checks the installation and suggests fixes.
//!
//! Without `--repair` it changes nothing; it does not even migrate the schema of the private cluster.

mod existing;
mod report;

use forebay_engine::doctor::{self, CheckStatus, Configured, Repair};
use forebay_store::tables::SchemaName;
use forebay_views::Doctor;

use self::report::Checked;
use crate::{
    cli::values,
    config::Config,
    context::Context,
    failure::{Exit, Failure},
};

/// Check the database, its maintenance and the queues, and name what waits for a person
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Problems come first, each with the command to type next. Exits with 1 if a check fails; warnings don't change the \
exit code.

Examples:
  forebay doctor
  forebay doctor --deep
  forebay doctor --existing --schema public
  forebay doctor --output json")]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub(crate) struct Args {
    /// Also compute the hash of every stored payload again, to find records that something else has changed
    #[arg(long)]
    pub(crate) deep: bool,

    /// Restore such records from their history, and mark the others so the next run stores them anew
    #[arg(long, requires = "deep")]
    pub(crate) repair: bool,

    /// Instead, list the tables that a schema already has, and propose what to do with them
    #[arg(long, conflicts_with_all = ["deep", "repair", "verbose"])]
    pub(crate) existing: bool,

    /// Schema to look at
    #[arg(long, value_name = "NAME", value_parser = values::schema, requires = "existing", default_value = "public")]
    pub(crate) schema: SchemaName,

    /// Also list passed checks
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.existing {
        return existing::run(&args.schema, context).await;
    }
    // What is wrong with the database is worth knowing even if the configuration can't be read.
    let (config, broken) = match context.config() {
        Ok(config) => (config, None),
        Err(failure) => (Config::default(), Some(failure)),
    };
    let configured_by = context.configured_by()?;
    let deep = args.deep.then_some(if args.repair { Repair::Yes } else { Repair::No });
    let (sources, policies) = (config.definitions(), &config.policies());
    let broken = broken.map(|failure| failure.full_message());
    let configured = Configured {
        by: configured_by.as_deref(),
        broken: broken.as_deref(),
        sources,
        policies,
        project: config.project(),
        declarations: &config.declarations(),
        notifying: &config.notifying(),
    };
    let checks = context
        .with_bare_database(async |database| Ok(doctor::check(database, configured, deep).await?))
        .await?;
    let exit = if doctor::worst(&checks) == CheckStatus::Failed { Exit::Failed } else { Exit::Done };
    context.ui.show(&Checked { doctor: Doctor::from(checks), is_verbose: args.verbose })?;
    Ok(exit)
}
