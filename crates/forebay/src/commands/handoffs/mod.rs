//! `forebay handoffs`: the hand-off seen by an operator.

mod counts;
mod list;
mod show;

use clap::Subcommand;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(list::Args),
    Show(show::Args),
    Counts(counts::Args),
}
