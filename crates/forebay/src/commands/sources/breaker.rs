//! `forebay sources breaker`: shows and controls circuit breakers.

mod report;

use clap::Subcommand;
use forebay_domain::breaker::BreakerCommand;
use forebay_views::{Page, decide, read};

use crate::{
    cli::{values, why::Why},
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

    #[command(flatten)]
    why: Why,
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

    #[command(flatten)]
    why: Why,
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

    #[command(flatten)]
    why: Why,
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

    #[command(flatten)]
    why: Why,
}

/// Runs one of them. Each prints the resulting state of the breaker.
pub(super) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let (name, operation) = match command {
        Command::Show(args) => (args.source.as_ref(), None),
        Command::Open(args) => (Some(&args.source), Some((BreakerCommand::ForceOpen, &args.why))),
        Command::Close(args) => (Some(&args.source), Some((BreakerCommand::Close, &args.why))),
        Command::Reset(args) => (Some(&args.source), Some((BreakerCommand::Reset, &args.why))),
        Command::Disable(args) => (Some(&args.source), Some((BreakerCommand::Disable, &args.why))),
    };
    context
        .report(async |database| {
            if operation.is_some() {
                // A source that was never scraped must be declared before it can have a breaker.
                context.declare_sources(database).await?;
            }
            let sources = config.definitions();
            let Some(name) = name else {
                return read::breakers::page(&database.client().await?, sources).await;
            };
            let breaker = if let Some((command, why)) = operation {
                decide::breakers::command(database, sources, name, command, &why.actor()).await?
            } else {
                let client = database.client().await?;
                let source = names::source(&client, name).await?;
                read::breakers::of(&client, sources, source).await?
            };
            Ok(Page::from(vec![breaker]))
        })
        .await
}
