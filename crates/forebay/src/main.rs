//! The `forebay` program: a thin layer over the engine.
//!
//! It contains no business rules. [`app`] parses the arguments and calls one subcommand; each is a file in
//! [`commands`]. All output goes through [`ui`], and every error becomes a [`failure::Failure`].

mod app;
mod cli;
mod commands;
mod config;
mod context;
mod cursor;
mod env_vars;
mod failure;
mod names;
mod ui;

use std::process::ExitCode;

use context::Context;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match app::parse() {
        Ok(cli) => cli,
        Err(exit) => return exit.into(),
    };
    ui::log::start(
        cli.globals.log_level.as_ref(),
        cli.command.log_level(cli.globals.quiet),
        cli.globals.log_format,
    );
    let context = Context::new(cli.globals);
    match Box::pin(app::run(cli.command, &context)).await {
        Ok(exit) => exit.into(),
        Err(failure) => context.ui.fail(&failure).into(),
    }
}
