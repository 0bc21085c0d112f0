//! Parts of a benchmark that run as processes of their own: this program again, with a hidden subcommand.
//!
//! Both sides exchange lines of JSON: a part writes to its standard output, its parent to the part's standard input.

use std::{
    env,
    io::{self, Write},
};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncBufRead, Lines},
    process::Command,
};

use crate::failure::Failure;

/// This program with a hidden subcommand. The process ends when its handle is dropped.
pub(crate) fn command(part: &str) -> Result<Command, Failure> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(part).kill_on_drop(true);
    Ok(command)
}

/// Writes a line of JSON to standard output, for the parent.
pub(crate) fn say(said: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(said)?;
    line.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&line)?;
    stdout.flush()
}

/// Reads the next line of a part.
pub(crate) async fn hear<T: DeserializeOwned>(
    lines: &mut Lines<impl AsyncBufRead + Unpin>,
) -> Result<T, Failure> {
    let line = lines.next_line().await?;
    serde_json::from_str(line.as_deref().unwrap_or_default())
        .map_err(|_| Failure::bench("a part of the benchmark ended early").hint("its error message is above"))
}
