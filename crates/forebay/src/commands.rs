//! The subcommands, one file each.
//!
//! To add one: write its file with an `Args` struct, examples in `after_help` and a `run`; name it in [`Command`]
//! and add its line to [`run`]. A command calls the engine and shows the report that it gets: a body over some
//! sixty lines means that logic is in the wrong place.

mod bench;
mod completions;
mod config;
mod db;
mod demo;
mod doctor;
mod ensure;
mod export;
mod freshness;
mod handoffs;
mod history;
mod init;
mod mcp;
mod persist;
mod runs;
mod scrape;
mod search;
mod signals;
mod sources;
mod stats;
mod work;

use clap::Subcommand;

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Every subcommand, in the order of the help.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Args),
    Init(init::Args),
    Persist(persist::Args),
    Scrape(scrape::Args),
    Ensure(ensure::Args),
    Freshness(freshness::Args),
    Work(work::Args),
    Search(search::Args),
    History(history::Args),
    Stats(stats::Args),
    Export(export::Args),
    /// Runs: what each did, and what becomes of those that a guard holds
    #[command(
        subcommand,
        after_help = "Examples:\n  forebay runs list --status held\n  forebay runs show 7\n  forebay runs release 7"
    )]
    Runs(runs::Command),
    /// The same as `forebay runs rekey`.
    #[command(hide = true)]
    Rekey(runs::RekeyArgs),
    /// Hand-offs: what has been promised to ingestion, and how it stands
    #[command(
        subcommand,
        after_help = "Examples:\n  forebay handoffs counts\n  forebay handoffs list --state failed\n  forebay handoffs show courses/CSC-126"
    )]
    Handoffs(handoffs::Command),
    /// Sources and their policies
    #[command(subcommand, after_help = "Examples:\n  forebay sources list\n  forebay sources show courses")]
    Sources(sources::Command),
    /// The configuration: checked, and its schema for editors
    #[command(subcommand, after_help = "Examples:\n  forebay config check\n  forebay config schema")]
    Config(config::Command),
    /// The schema, and the private Postgres
    #[command(subcommand, after_help = "Examples:\n  forebay db status\n  forebay db up\n  forebay db stop")]
    Db(db::Command),
    Mcp(mcp::Args),
    Doctor(doctor::Args),
    /// Measure this machine against the budgets
    #[command(subcommand, after_help = "Examples:\n  forebay bench persist --rows 300000")]
    Bench(bench::Command),
    Completions(completions::Args),
}

/// Runs one command.
pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Demo(args) => Box::pin(demo::run(&args, context)).await,
        Command::Init(args) => init::run(&args, context),
        Command::Persist(args) => persist::run(&args, context).await,
        Command::Bench(command) => bench::run(&command, context).await,
        Command::History(args) => history::run(&args, context).await,
        Command::Stats(args) => stats::run(&args, context).await,
        Command::Export(args) => export::run(&args, context).await,
        Command::Sources(command) => sources::run(command, context).await,
        Command::Config(command) => config::run(&command, context),
        Command::Db(command) => db::run(command, context).await,
        Command::Scrape(args) => scrape::run(&args, context).await,
        Command::Ensure(args) => ensure::run(&args, context).await,
        Command::Freshness(args) => freshness::run(&args, context).await,
        Command::Work(args) => work::run(&args, context).await,
        Command::Mcp(args) => mcp::run(&args, context).await,
        Command::Doctor(args) => doctor::run(&args, context).await,
        Command::Search(args) => search::run(&args, context).await,
        Command::Runs(command) => runs::run(&command, context).await,
        Command::Rekey(args) => runs::run(&runs::Command::Rekey(args), context).await,
        Command::Handoffs(command) => handoffs::run(&command, context).await,
        Command::Completions(args) => completions::run(&args, context),
    }
}
