//! `forebay db`: the schema, and the private cluster.

mod down;
mod reset;
mod status;
mod stop;
mod up;

use clap::Subcommand;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Up(up::Args),
    Down(down::Args),
    Status(status::Args),
    Reset(reset::Args),
    Stop(stop::Args),
}
