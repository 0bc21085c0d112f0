//! The `forebay` program: a thin skin over the engine.
//!
//! Nothing is decided here. Arguments are read in [`cli`], each subcommand is one file in [`commands`], everything
//! that is printed goes through [`ui`], and every error becomes one [`failure::Failure`].

mod cli;
mod commands;
mod config;
mod context;
mod demo;
mod failure;
mod json;
mod names;
mod ui;

use std::process::ExitCode;

use context::Context;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(exit) => return exit.into(),
    };
    let context = Context::new(cli.globals);
    match commands::run(cli.command, &context).await {
        Ok(exit) => exit.into(),
        Err(failure) => context.ui.fail(&failure).into(),
    }
}
