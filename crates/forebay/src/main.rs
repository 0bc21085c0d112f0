//! The `forebay` program: a thin layer over the engine.
//!
//! It contains no business rules. [`app`] parses the arguments and calls one subcommand; each is a file in
//! [`commands`]. All output goes through [`ui`], and every error becomes a [`failure::Failure`].

mod app;
mod cli;
mod commands;
mod config;
mod context;
mod env_vars;
mod failure;
mod ui;

use std::{io, process::ExitCode, time::Duration};

use app::Cli;
use context::Context;
use failure::Failure;
use forebay_engine::{lineage, telemetry::Exporter};
use forebay_views::{cursor, names};
use tokio::runtime::Runtime;

/// How long a thread may go on that is in the middle of something, such as parsing a page that nobody needs any more.
const LAST_WORK: Duration = Duration::from_millis(500);

fn main() -> io::Result<ExitCode> {
    let runtime = Runtime::new()?;
    let exit = runtime.block_on(run());
    runtime.shutdown_timeout(LAST_WORK);
    Ok(exit)
}

async fn run() -> ExitCode {
    let cli = match app::parse() {
        Ok(cli) => cli,
        Err(exit) => return exit.into(),
    };
    let prepared = prepare(&cli);
    let context = Context::new(cli.globals);
    let ended = match prepared {
        Ok(exporter) => {
            let ended = Box::pin(app::run(cli.command, &context)).await;
            lineage::finish().await;
            if let Some(exporter) = exporter {
                exporter.finish().await;
            }
            ended
        }
        Err(failure) => Err(failure),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => context.ui.fail(&failure).into(),
    }
}

/// Reads the variables and starts logging. Returns what sends traces and logs elsewhere, if that is configured.
fn prepare(cli: &Cli) -> Result<Option<Exporter>, Failure> {
    cli.globals.read_env_file()?;
    let filter = cli.globals.log_filter()?;
    let exporter = ui::otlp::exporter()?;
    let level = cli.command.log_level(cli.globals.quiet);
    ui::log::start(filter.as_ref(), level, cli.globals.log_format, exporter.clone());
    Ok(exporter)
}
