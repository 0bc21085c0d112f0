//! `forebay sources`: the sources that the database knows.

mod list;
mod show;

use clap::Subcommand;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(list::Args),
    Show(show::Args),
}
