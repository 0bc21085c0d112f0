//! `command`: the user's own program, such as a script or a Scrapy spider, that prints records to standard output.
//!
//! The program is started without a shell, in its own process group. The whole group is killed on timeout, when the
//! output is dropped, and when the program exits and leaves processes behind. Standard error becomes lines of the run's
//! log. The input is complete only if the exit code is 0. Any other exit is the error `command_failed` after all
//! records read, which ends the input early ([`Error::ends_input_early`]).
//!
//! [`Program`] is the same for a program that a person names on the command line: its standard error passes through.
//!
//! A program gets the environment of Forebay without its secrets ([`environment::of_programs`]), the variables of
//! `env`, and variables that describe the run: `FOREBAY_SOURCE`, `FOREBAY_RUN_ID`, and `FOREBAY_SCOPE_<NAME>` for each
//! part of the scope.

mod log;
mod process;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

use forebay_domain::{pointer::Pointer, scope::Scope, units::Period};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::{FileFormat, check_csv, check_records, read_options};
use super::masked;
use super::value::EnvValue;
use crate::{CsvOptions, Error, ReadOptions, TextEncoding, environment};

pub use log::{LineSink, LogLevel, LogLine};
pub use process::{Output, Stopper};

/// Prefix of the variables that describe the run; they override `env`.
const OWN_PREFIX: &str = "FOREBAY_";

/// A program that prints records to standard output.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments, run without a shell. All users of the machine can see arguments: put secrets into
    /// `env`.
    #[serde(serialize_with = "masked::serialize_arguments")]
    pub argv: Vec<String>,
    /// Working directory. Default: that of Forebay.
    pub cwd: Option<PathBuf>,
    /// Environment variables: plain text, or `{ env = "NAME" }` or `{ file = "PATH" }` for secrets. They are
    /// added to the environment of Forebay without its secrets, and to the variables that describe the run.
    #[serde(default)]
    pub env: BTreeMap<String, EnvValue>,
    /// Maximum run time. Default: `1h`.
    #[serde(default = "an_hour")]
    pub timeout: Period,
    /// Format of its output. Default: `jsonl`.
    #[serde(default = "jsonl")]
    pub format: FileFormat,
    /// JSON pointer to the array of records, only for format `json`. Default: the whole document.
    pub records: Option<Pointer>,
    /// How to read delimited text; only for format `csv`. Default: a header row, everything detected.
    #[serde(default)]
    pub csv: CsvOptions,
    /// Encoding of its output, such as `windows-1252`. Default: UTF-8.
    #[serde(default)]
    pub encoding: Option<TextEncoding>,
    /// Maximum lines of standard error to log; further lines are only counted. Default: 10000.
    #[serde(default = "ten_thousand")]
    pub max_stderr_lines: u32,
}

const fn an_hour() -> Period {
    Period::from_secs(3600)
}

const fn jsonl() -> FileFormat {
    FileFormat::Jsonl
}

const fn ten_thousand() -> u32 {
    10_000
}

/// The run that a program is started for.
#[derive(Clone, Copy, Debug)]
pub struct RunContext<'a> {
    /// The name of the source.
    pub source: &'a str,
    /// The run's id.
    pub run_id: i64,
    /// The scope of the run.
    pub scope: &'a Scope,
}

impl Command {
    /// The settings that determine which records are read, in a fixed order: all except location and limits.
    pub fn reading(&self) -> impl Serialize {
        let Self { argv, cwd: _, env: _, timeout: _, format, records, csv, encoding, max_stderr_lines: _ } =
            self;
        (masked::arguments(argv), format, records, csv, encoding)
    }

    /// Checks the settings without starting the program. Error: `invalid_source_setting`.
    pub fn check(&self) -> Result<(), Error> {
        check_argv("command.argv", &self.argv)?;
        check_env("command.env", self.env.keys())?;
        check_records("command.records", self.format, self.records.as_ref())?;
        check_csv("command.csv", self.format, self.csv)
    }

    /// The options for reading the output.
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions {
            csv: self.csv,
            encoding: self.encoding,
            ..read_options(self.format, self.records.as_ref())
        }
    }

    /// Starts the program and returns its output. Blocks only while the process starts.
    ///
    /// Errors: `secret_missing`; `command_not_started`. Reading may fail with `command_failed` or `command_timeout`.
    pub fn start(&self, context: &RunContext<'_>, log: LineSink) -> Result<Output, Error> {
        self.check()?;
        let (environment, secrets) = environment_with(&self.env, context)?;
        process::start(process::Plan {
            argv: self.argv.clone(),
            cwd: self.cwd.clone(),
            environment,
            timeout: Some(self.timeout.get()),
            stderr: process::Stderr::Logged { log, secrets, max_lines: self.max_stderr_lines },
        })
    }
}

/// A program that a person names on the command line, with its arguments.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and its arguments, run without a shell.
    pub argv: Vec<String>,
}

impl Program {
    /// Starts the program and returns its output. Blocks only while the process starts.
    ///
    /// Errors: `invalid_source_setting`; `command_not_started`. Reading may fail with `command_failed`.
    pub fn start(&self, context: &RunContext<'_>) -> Result<Output, Error> {
        check_argv("the command", &self.argv)?;
        let mut environment = environment::of_programs();
        environment.extend(of_the_run(context));
        process::start(process::Plan {
            argv: self.argv.clone(),
            cwd: None,
            environment,
            timeout: None,
            stderr: process::Stderr::Through,
        })
    }
}

pub(super) fn check_argv(setting: &'static str, argv: &[String]) -> Result<(), Error> {
    let invalid = |problem: &str| Err(Error::InvalidSetting { setting, problem: problem.to_owned() });
    if argv.first().is_none_or(String::is_empty) {
        return invalid("is empty: set a list such as [\"scrapy\", \"crawl\", \"courses\"]");
    }
    if argv.iter().any(|text| text.contains('\0')) {
        return invalid("contains a NUL character");
    }
    Ok(())
}

pub(super) fn check_env<'a>(
    setting: &'static str,
    mut names: impl Iterator<Item = &'a String>,
) -> Result<(), Error> {
    if let Some(name) = names.find(|name| name.is_empty() || name.contains(['=', '\0'])) {
        let problem = format!("contains {name:?}, which is not a valid variable name");
        return Err(Error::InvalidSetting { setting, problem });
    }
    Ok(())
}

/// The environment of a program, and the secrets in it.
pub(super) fn environment_with(
    given: &BTreeMap<String, EnvValue>,
    context: &RunContext<'_>,
) -> Result<(BTreeMap<OsString, OsString>, Vec<String>), Error> {
    let mut environment = environment::of_programs();
    let mut secrets = Vec::new();
    for (name, value) in given {
        let text = value.read()?;
        if text.contains('\0') {
            return Err(Error::SecretMissing {
                place: format!("the value of {name}"),
                problem: "contains a NUL character".into(),
            });
        }
        if !value.is_plain() {
            secrets.push(text.clone());
        }
        environment.insert(name.into(), text.into());
    }
    environment.extend(of_the_run(context));
    Ok((environment, secrets))
}

/// The variables that describe the run.
fn of_the_run(context: &RunContext<'_>) -> Vec<(OsString, OsString)> {
    let mut variables = vec![
        (format!("{OWN_PREFIX}SOURCE").into(), context.source.into()),
        (format!("{OWN_PREFIX}RUN_ID").into(), context.run_id.to_string().into()),
    ];
    for (name, value) in context.scope.pairs() {
        let name: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect();
        variables.push((format!("{OWN_PREFIX}SCOPE_{name}").into(), value.into()));
    }
    variables
}
