//! `forebay db`: the schema, and the private cluster.

mod backup;
mod down;
mod entities;
mod export;
mod profile;
mod psql;
mod realtime;
mod report;
mod reset;
mod restore;
mod seed;
mod start;
mod status;
mod stop;
mod tools;
mod types;
mod up;
mod url;

use clap::Subcommand;

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Up(up::Args),
    Down(down::Args),
    Status(status::Args),
    Reset(reset::Args),
    Start(start::Args),
    Stop(stop::Args),
    Url(url::Args),
    Psql(psql::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Export(export::Args),
    Types(types::Args),
    Seed(seed::Args),
    /// Create views and tables named as existing code expects them
    #[command(
        subcommand,
        after_help = "Examples:\n  forebay db profile list\n  forebay db profile create events --schema scraping"
    )]
    Profile(profile::Command),
    /// Create typed views of the entity types that the configuration declares
    #[command(
        subcommand,
        after_help = "Examples:\n  forebay db entities create --schema app\n  forebay db entities schema event"
    )]
    Entities(entities::Command),
    /// Choose the tables whose changes Supabase Realtime sends to subscribers
    #[command(
        subcommand,
        after_help = "Examples:\n  forebay db realtime list\n  forebay db realtime add references scrape_runs"
    )]
    Realtime(realtime::Command),
}

/// Runs one of them.
pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Up(args) => up::run(&args, context).await,
        Command::Down(args) => down::run(&args, context).await,
        Command::Status(_) => status::run(context).await,
        Command::Reset(args) => reset::run(&args, context).await,
        Command::Start(args) => start::run(&args, context).await,
        Command::Stop(_) => stop::run(context).await,
        Command::Url(args) => url::run(&args, context).await,
        Command::Psql(args) => psql::run(&args, context).await,
        Command::Backup(args) => backup::run(&args, context).await,
        Command::Restore(args) => restore::run(&args, context).await,
        Command::Export(args) => export::run(&args, context),
        Command::Types(args) => types::run(&args, context).await,
        Command::Seed(args) => seed::run(&args, context).await,
        Command::Profile(command) => profile::run(&command, context).await,
        Command::Entities(command) => entities::run(&command, context).await,
        Command::Realtime(command) => realtime::run(&command, context).await,
    }
}
