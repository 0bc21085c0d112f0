//! `singer`: a Singer tap, a program that prints the tap's messages to standard output.
//!
//! A tap is a [`Command`] with known arguments: `--config`, `--catalog` and `--state`. The engine keeps the state: it
//! stores [`crate::Block::state`] and [`crate::Ending::state`] once all earlier records are committed, and passes it to
//! the next run. The tap gets it in a temporary file that only this user can read.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read, Write},
    path::PathBuf,
};

use forebay_domain::units::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    command::{Command, LineSink, Output, RunContext, Stopper, check_argv, check_env},
    file::FileFormat,
    masked,
    value::EnvValue,
};
use crate::{CsvOptions, Error, Format, ReadOptions, SingerOptions};

/// A Singer tap.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Singer {
    /// The tap and its own arguments, run without a shell. Forebay adds `--config`, `--catalog` and `--state`.
    #[serde(serialize_with = "masked::serialize_arguments")]
    pub command: Vec<String>,
    /// Stream to read. Default: the only one; a second stream is then an error.
    pub stream: Option<String>,
    /// Configuration of the tap, a JSON file that may contain secrets. Default: none.
    pub config: Option<PathBuf>,
    /// Catalog of the tap, a JSON file that selects streams and fields. Default: none.
    pub catalog: Option<PathBuf>,
    /// Whether to pass the state of the last run to the tap: `managed`, or `none` to start afresh each time. Default:
    /// `managed`.
    #[serde(default)]
    pub state: StatePolicy,
    /// Working directory. Default: that of Forebay.
    pub cwd: Option<PathBuf>,
    /// Environment variables: plain text, or `{ env = "NAME" }` or `{ file = "PATH" }` for secrets. Default: none.
    #[serde(default)]
    pub env: BTreeMap<String, EnvValue>,
    /// Maximum run time. Default: `1h`.
    #[serde(default = "an_hour")]
    pub timeout: Period,
    /// Maximum lines of standard error to log; further lines are only counted. Default: 10000.
    #[serde(default = "ten_thousand")]
    pub max_stderr_lines: u32,
}

const fn an_hour() -> Period {
    Period::from_secs(3600)
}

const fn ten_thousand() -> u32 {
    10_000
}

/// How the tap's state is handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatePolicy {
    /// Stored after each commit and passed to the tap in the next run.
    #[default]
    Managed,
    /// Not passed to the tap, so every run reads everything.
    None,
}

impl Singer {
    /// The settings that determine which records are read, in a fixed order: all except location and limits.
    pub fn reading(&self) -> impl Serialize {
        let Self { command, stream, config, catalog, state, cwd: _, env: _, timeout: _, max_stderr_lines: _ } =
            self;
        (masked::arguments(command), stream, config, catalog, state)
    }

    /// Checks the settings without starting the tap. Error: `invalid_source_setting`.
    pub fn check(&self) -> Result<(), Error> {
        check_argv("singer.command", &self.command)?;
        check_env("singer.env", self.env.keys())?;
        let own = ["--config", "--catalog", "--state"];
        if let Some(given) = self.command.iter().find(|argument| own.contains(&argument.as_str())) {
            let problem = format!("contains {given}, which Forebay adds; use the setting of that name");
            return Err(Error::InvalidSetting { setting: "singer.command", problem });
        }
        Ok(())
    }

    /// The options for reading the output; `key` is the source's key. The caller sets `activated`.
    pub fn read_options(&self, key: &[String]) -> ReadOptions {
        ReadOptions {
            format: Format::Singer,
            singer: SingerOptions {
                stream: self.stream.clone(),
                key: (!key.is_empty()).then(|| key.to_vec()),
                ..SingerOptions::default()
            },
            ..ReadOptions::default()
        }
    }

    /// Starts the tap. `state` is the JSON text of the state that the last committed run stored.
    ///
    /// Errors: `secret_missing`; `command_not_started`. Reading may fail with `command_failed` or `command_timeout`.
    pub fn start(
        &self,
        context: &RunContext<'_>,
        state: Option<&str>,
        log: LineSink,
    ) -> Result<TapOutput, Error> {
        self.check()?;
        let not_started = |source: io::Error| Error::CommandNotStarted {
            program: self.command.first().cloned().unwrap_or_default(),
            source,
        };
        let mut argv = self.command.clone();
        for (option, path) in [("--config", &self.config), ("--catalog", &self.catalog)] {
            if let Some(path) = path {
                // The tap may have another working directory.
                let path = fs::canonicalize(path).map_err(|source| {
                    not_started(io::Error::other(format!("{} cannot be read: {source}", path.display())))
                })?;
                argv.extend([option.to_owned(), path.to_string_lossy().into_owned()]);
            }
        }
        let state_file = match (self.state, state) {
            (StatePolicy::Managed, Some(state)) => {
                // Readable by this user only.
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
            csv: CsvOptions::default(),
            encoding: None,
            max_stderr_lines: self.max_stderr_lines,
        };
        Ok(TapOutput { output: command.start(context, log)?, _state: state_file })
    }
}

/// The messages of a tap. Dropping it kills the tap and removes its state file.
#[derive(Debug)]
pub struct TapOutput {
    /// Declared first, so the tap ends before the file is removed.
    output: Output,
    _state: Option<tempfile::NamedTempFile>,
}

impl TapOutput {
    /// A handle that ends the tap from another thread.
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
