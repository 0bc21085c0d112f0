//! The benchmarks of Forebay: measurements against named peers on this machine, and the chaos test.
//!
//! Machines differ and are noisy, so only ratios between measurements of one run count. Each benchmark is one file
//! beside this one; its parts are in the folder of the same name. To add one, write its file with an `Args` and a
//! `run`, and add it to `cli::Command`.
//!
//! The program needs the multi-threaded runtime that `main` starts, because it drives peers with blocking calls.
//! A benchmark fails if the work behind a figure was not done. It works in a scratch database or a server of its own,
//! never in data of the user.

mod chaos;
mod cli;
mod content;
mod context;
mod cpu;
mod ensure;
mod failure;
mod handoff;
mod log;
mod machine;
mod memory;
mod output;
mod own_server;
mod parts;
mod persist;
mod records;
mod report;
mod scrape;
mod scratch;
mod serve;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    Box::pin(cli::run(cli::Cli::parse())).await.into()
}
