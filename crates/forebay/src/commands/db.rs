//! `forebay db`: the schema, and the private cluster.

mod down;
mod report;
mod reset;
mod status;
mod stop;
mod up;

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
    Stop(stop::Args),
}

/// Runs one of them.
pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Up(_) => up::run(context).await,
        Command::Down(args) => down::run(&args, context).await,
        Command::Status(_) => status::run(context).await,
        Command::Reset(args) => reset::run(&args, context).await,
        Command::Stop(_) => stop::run(context).await,
    }
}
