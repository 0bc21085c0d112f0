//! `forebay bench`: measurements against a named peer on this machine.
//!
//! Machines are noisy and differ, so what counts is the ratio to the peer in the same run.

mod chaos;
mod handoff;
mod memory;
mod persist;
mod records;
mod report;

use std::{fs, thread, time::Duration};

use clap::Subcommand;

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Chaos(chaos::Args),
    Handoff(handoff::Args),
    Persist(persist::Args),
}

/// Runs one benchmark.
pub(crate) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Chaos(args) => chaos::run(args, context).await,
        Command::Handoff(args) => handoff::run(args, context).await,
        Command::Persist(args) => persist::run(args, context).await,
    }
}

/// The machine in a few words.
fn machine() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or(std::env::consts::ARCH, |rest| rest.trim_start_matches([' ', '\t', ':']));
    format!("{model}, {cores} cores, {}", std::env::consts::OS)
}

/// A figure is worth nothing if the work behind it was not done.
fn expect(what: &str, found: u64, expected: u64) -> Result<(), Failure> {
    if found == expected {
        return Ok(());
    }
    Err(Failure::new("bench_failed", format!("{what} is {found}, not {expected}")))
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied().unwrap_or_default()
}
