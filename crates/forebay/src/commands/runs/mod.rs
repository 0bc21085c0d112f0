//! `forebay runs`: the executions, and the decisions about those that a guard holds.

mod list;
mod reject;
mod rekey;
mod release;
mod show;

use clap::Subcommand;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(list::Args),
    Show(show::Args),
    Release(release::Args),
    Reject(reject::Args),
    Rekey(rekey::Args),
}
