//! `forebay runs`: lists runs, decides about held ones, and undoes applied ones.

mod decide;
mod diff;
mod list;
mod logs;
mod reject;
mod rekey;
mod release;
mod report;
mod revert;
mod show;

use clap::Subcommand;
use forebay_views::read::runs as read;
pub(crate) use forebay_views::read::runs::run as read_run;

pub(crate) use self::{rekey::Args as RekeyArgs, report::write_ended};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(list::Args),
    Show(show::Args),
    Logs(logs::Args),
    Diff(diff::Args),
    Release(release::Args),
    Reject(reject::Args),
    Rekey(rekey::Args),
    Revert(revert::Args),
}

/// Runs the command.
pub(crate) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(args, context).await,
        Command::Show(args) => show::run(args, context).await,
        Command::Logs(args) => logs::run(args, context).await,
        Command::Diff(args) => diff::run(args, context).await,
        Command::Release(args) => release::run(args, context).await,
        Command::Reject(args) => reject::run(args, context).await,
        Command::Rekey(args) => rekey::run(args, context).await,
        Command::Revert(args) => revert::run(args, context).await,
    }
}
