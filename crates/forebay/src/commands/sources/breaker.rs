//! `forebay sources breaker`: shows and controls circuit breakers.

mod report;

use clap::Subcommand;
use forebay_domain::breaker::BreakerCommand;
use forebay_engine::clock;
use forebay_store::{breakers, connect::Client, sources::Source};
use forebay_views::{Page, read};

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    names,
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Show(ShowArgs),
    Open(OpenArgs),
    Close(CloseArgs),
    Reset(ResetArgs),
    Disable(DisableArgs),
}

/// Show the breaker of a source, or of all sources
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay sources breaker show
  forebay sources breaker show courses")]
pub(crate) struct ShowArgs {
    /// Source [default: all]
    #[arg(value_name = "NAME", value_parser = values::name)]
    source: Option<String>,
}

/// Block requests to a source until further notice
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay sources breaker open courses")]
pub(crate) struct OpenArgs {
    /// Name of the source
    #[arg(value_name = "NAME", value_parser = values::name)]
    source: String,
}

/// Allow requests to a source again, at once
///
/// If the breaker opens again, its wait keeps growing from its last length.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay sources breaker close courses")]
pub(crate) struct CloseArgs {
    /// Name of the source
    #[arg(value_name = "NAME", value_parser = values::name)]
    source: String,
}

/// Clear the recorded failures of a source and allow requests again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay sources breaker reset courses")]
pub(crate) struct ResetArgs {
    /// Name of the source
    #[arg(value_name = "NAME", value_parser = values::name)]
    source: String,
}

/// Ignore failures of a source until further notice
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay sources breaker disable courses")]
pub(crate) struct DisableArgs {
    /// Name of the source
    #[arg(value_name = "NAME", value_parser = values::name)]
    source: String,
}

/// Runs one of them. Each prints the resulting state of the breaker.
pub(super) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let (name, operation) = match command {
        Command::Show(args) => (args.source.as_ref(), None),
        Command::Open(args) => (Some(&args.source), Some(BreakerCommand::ForceOpen)),
        Command::Close(args) => (Some(&args.source), Some(BreakerCommand::Close)),
        Command::Reset(args) => (Some(&args.source), Some(BreakerCommand::Reset)),
        Command::Disable(args) => (Some(&args.source), Some(BreakerCommand::Disable)),
    };
    context
        .report(async |database| {
            if operation.is_some() {
                // A source that was never scraped must be declared before it can have a breaker.
                context.declare_sources(database).await?;
            }
            let mut client = database.client().await?;
            let Some(name) = name else { return read::breakers::page(&client, config.definitions()).await };
            let source = names::source(&client, name).await?;
            if let Some(operation) = operation {
                operate(&mut client, &source, operation).await?;
            }
            Ok(Page::from(vec![read::breakers::of(&client, config.definitions(), source).await?]))
        })
        .await
}

async fn operate(client: &mut Client, source: &Source, operation: BreakerCommand) -> Result<(), Failure> {
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    breakers::operate(&transaction, source.source_id, operation, clock::now()).await?;
    Ok(transaction.commit().await.map_err(forebay_store::Error::from)?)
}
