//! `forebay bench`: measurements against a named peer on this machine.

mod persist;

use clap::Subcommand;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Persist(persist::Args),
}
