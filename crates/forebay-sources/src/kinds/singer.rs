//! `singer`: a Singer tap as a source: a program whose standard output is the tap's messages.
//!
//! A tap is a [`Command`] whose arguments are known: `--config`, `--catalog` and `--state`. The state is
//! the engine's to keep: it stores what [`crate::Block::state`] and [`crate::Ending::state`] bring once everything before
//! it is committed, and gives it back here, in a file that only this user can read and that goes with the run.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read, Write},
    path::PathBuf,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::{LogTaker, Output, RunContext, Stopper, check_argv, check_env};
use super::value::EnvValue;
use super::{Command, FileFormat, masked};
use crate::{Error, Format, ReadOptions, SingerOptions};
use forebay_domain::units::Period;

/// A Singer tap.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Singer {
    /// The tap and arguments of its own, started without a shell. Forebay adds `--config`, `--catalog` and `--state`.
    #[serde(serialize_with = "masked::serialize_arguments")]
    pub command: Vec<String>,
    /// The stream whose records are read. Default: the only one; a tap that sends a second one is an error then.
    pub stream: Option<String>,
    /// The tap's configuration, a JSON file that may hold secrets. Default: none.
    pub config: Option<PathBuf>,
    /// The tap's catalogue, a JSON file that says which streams and fields are selected. Default: none.
    pub catalog: Option<PathBuf>,
    /// Whether the state of the last run is given to the tap: `managed`, or `none` to begin anew each time. Default:
    /// `managed`.
    #[serde(default)]
    pub state: StatePolicy,
    /// The folder in which it runs. Default: the one in which Forebay runs.
    pub cwd: Option<PathBuf>,
    /// Its environment variables: a text, or `{ env = "NAME" }` or `{ file = "PATH" }` for secrets. Default: none.
    #[serde(default)]
    pub env: BTreeMap<String, EnvValue>,
    /// The longest time that it may run. Default: `1h`.
    #[serde(default = "an_hour")]
    pub timeout: Period,
    /// The most lines of its standard error that are logged; what comes after is counted. Default: 10000.
    #[serde(default = "ten_thousand")]
    pub max_stderr_lines: u32,
}

const fn an_hour() -> Period {
    Period::from_secs(3600)
}

const fn ten_thousand() -> u32 {
    10_000
}

/// What becomes of the tap's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatePolicy {
    /// It is stored after each commit and given to the tap at the next run.
    #[default]
    Managed,
    /// It is not given to the tap, so every run reads everything.
    None,
}

impl Singer {
    /// The settings that decide which records are read, in a fixed order: all but where and for how long.
    pub fn reading(&self) -> impl Serialize {
        let Self { command, stream, config, catalog, state, cwd: _, env: _, timeout: _, max_stderr_lines: _ } =
            self;
        (masked::arguments(command), stream, config, catalog, state)
    }

    /// Checks what can be told without starting anything. Error: `invalid_source_setting`.
    pub fn check(&self) -> Result<(), Error> {
        check_argv("singer.command", &self.command)?;
        check_env("singer.env", self.env.keys())?;
        let own = ["--config", "--catalog", "--state"];
        if let Some(given) = self.command.iter().find(|argument| own.contains(&argument.as_str())) {
            let problem = format!("holds {given}, which Forebay adds; use the settings of that name");
            return Err(Error::InvalidSetting { setting: "singer.command", problem });
        }
        Ok(())
    }

    /// How its output is to be read. `key` is the source's. What was whole last time is for who knows it to fill in.
    pub fn read_options(&self, key: &[String]) -> ReadOptions {
        ReadOptions {
            format: Format::Singer,
            singer: SingerOptions {
                stream: self.stream.clone(),
                key: (!key.is_empty()).then(|| key.to_vec()),
                activated: None,
            },
            ..ReadOptions::default()
        }
    }

    /// Starts it. `state` is the JSON text of the state that the last committed run left.
    ///
    /// Errors: `secret_missing`; `command_not_started`. Reading answers with `command_failed` and `command_timeout`.
    pub fn start(
        &self,
        context: &RunContext<'_>,
        state: Option<&str>,
        log: LogTaker,
    ) -> Result<TapOutput, Error> {
        self.check()?;
        let not_started = |source: io::Error| Error::CommandNotStarted {
            program: self.command.first().cloned().unwrap_or_default(),
            source,
        };
        let mut argv = self.command.clone();
        for (option, path) in [("--config", &self.config), ("--catalog", &self.catalog)] {
            if let Some(path) = path {
                // The tap may run in another folder.
                let path = fs::canonicalize(path).map_err(|source| {
                    not_started(io::Error::other(format!("{} cannot be read: {source}", path.display())))
                })?;
                argv.extend([option.to_owned(), path.to_string_lossy().into_owned()]);
            }
        }
        let state_file = match (self.state, state) {
            (StatePolicy::Managed, Some(state)) => {
                // Made for this user alone.
                let mut file = tempfile::NamedTempFile::with_prefix("forebay-state-").map_err(not_started)?;
                file.write_all(state.as_bytes()).and_then(|()| file.flush()).map_err(not_started)?;
                argv.extend(["--state".to_owned(), file.path().to_string_lossy().into_owned()]);
                Some(file)
            }
            _ => None,
        };
        let command = Command {
            argv,
            cwd: self.cwd.clone(),
            env: self.env.clone(),
            timeout: self.timeout,
            format: FileFormat::Singer,
            records: None,
            max_stderr_lines: self.max_stderr_lines,
        };
        Ok(TapOutput { output: command.start(context, log)?, _state: state_file })
    }
}

/// The messages of a tap. Dropping it kills the tap and removes its state file.
#[derive(Debug)]
pub struct TapOutput {
    /// Declared first, so that the tap has ended when the file goes.
    output: Output,
    _state: Option<tempfile::NamedTempFile>,
}

impl TapOutput {
    /// What ends the tap from another thread.
    pub fn stopper(&self) -> Stopper {
        self.output.stopper()
    }
}

impl Read for TapOutput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.output.read(buffer)
    }
}

#[cfg(test)]
mod tests;
