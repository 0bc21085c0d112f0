//! `command`: a program of the user's own whose standard output is the records: a spider (Scrapy as it is), a script.
//!
//! It is started without a shell, in a process group of its own, which is ended as a whole: when its time is over, when
//! whoever reads lets go of it, and when it ends and leaves something behind. What it writes to standard error becomes
//! lines of the run's log. Only an end with exit code 0 is a complete input; any other is the error `command_failed`
//! behind everything that was read.
//!
//! It sees `PATH`, `HOME`, `LANG` and `TZ`, what `env` gives it, and what is said of the run: `FOREBAY_SOURCE`,
//! `FOREBAY_RUN_ID`, and `FOREBAY_SCOPE_<NAME>` for each part of the scope. It does not see the rest of Forebay's own
//! environment, which may hold the database's password.

mod log;
mod process;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, time::Duration};

use forebay_domain::{pointer::Pointer, scope::Scope, units::Period};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::{FileFormat, check_records, read_options};
use super::masked;
use super::value::EnvValue;
use crate::{Error, ReadOptions};

pub use log::{LogLevel, LogLine};
pub use process::{Output, Stopper};

/// What every command sees of Forebay's own environment.
const ALWAYS_SEEN: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];
/// How the names of what tells of the run begin; they win over `env`.
const OWN_PREFIX: &str = "FOREBAY_";

/// A program that prints records to standard output.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments, started without a shell. Arguments are seen by every user of the machine: put
    /// secrets into `env`.
    #[serde(serialize_with = "masked::serialize_arguments")]
    pub argv: Vec<String>,
    /// The folder in which it runs. Default: the one in which Forebay runs.
    pub cwd: Option<PathBuf>,
    /// Its environment variables: a text, or `{ env = "NAME" }` or `{ file = "PATH" }` for secrets. Default: none but
    /// `PATH`, `HOME`, `LANG`, `TZ` and those that tell of the run.
    #[serde(default)]
    pub env: BTreeMap<String, EnvValue>,
    /// The longest time that it may run. Default: `1h`.
    #[serde(default = "an_hour")]
    pub timeout: Period,
    /// What it prints. Default: `jsonl`.
    #[serde(default = "jsonl")]
    pub format: FileFormat,
    /// A JSON pointer to the array of records, for the format `json`. Default: the whole document.
    pub records: Option<Pointer>,
    /// The most lines of its standard error that are logged; what comes after is counted. Default: 10000.
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

/// For which run a program is started.
#[derive(Clone, Copy, Debug)]
pub struct RunContext<'a> {
    /// The name of the source.
    pub source: &'a str,
    /// The run.
    pub run_id: i64,
    /// What the run covers.
    pub scope: &'a Scope,
}

/// Takes the lines that a program writes to its standard error, on a thread of its own.
pub type LogTaker = Box<dyn FnMut(LogLine) + Send>;

impl Command {
    /// The settings that decide which records are read, in a fixed order: all but where and for how long.
    pub fn reading(&self) -> impl Serialize {
        let Self { argv, cwd: _, env: _, timeout: _, format, records, max_stderr_lines: _ } = self;
        (masked::arguments(argv), format, records)
    }

    /// Checks what can be told without starting anything. Error: `invalid_source_setting`.
    pub fn check(&self) -> Result<(), Error> {
        check_argv("command.argv", &self.argv)?;
        check_env("command.env", self.env.keys())?;
        check_records("command.records", self.format, self.records.as_ref())
    }

    /// How its output is to be read.
    pub fn read_options(&self) -> ReadOptions {
        read_options(self.format, self.records.as_ref())
    }

    /// Starts it. Its records are what is read from the answer. Blocks only to start the process.
    ///
    /// Errors: `secret_missing`; `command_not_started`. Reading answers with `command_failed` and `command_timeout`.
    pub fn start(&self, context: &RunContext<'_>, log: LogTaker) -> Result<Output, Error> {
        self.check()?;
        let (environment, secrets) = environment(&self.env, context)?;
        process::start(
            process::Plan {
                argv: self.argv.clone(),
                cwd: self.cwd.clone(),
                environment,
                secrets,
                timeout: self.timeout.get(),
                max_stderr_lines: self.max_stderr_lines,
            },
            log,
        )
    }
}

pub(super) fn check_argv(setting: &'static str, argv: &[String]) -> Result<(), Error> {
    let invalid = |problem: &str| Err(Error::InvalidSetting { setting, problem: problem.to_owned() });
    if argv.first().is_none_or(String::is_empty) {
        return invalid("names no program: give a list such as [\"scrapy\", \"crawl\", \"courses\"]");
    }
    if argv.iter().any(|text| text.contains('\0')) {
        return invalid("holds a NUL character");
    }
    Ok(())
}

pub(super) fn check_env<'a>(
    setting: &'static str,
    mut names: impl Iterator<Item = &'a String>,
) -> Result<(), Error> {
    if let Some(name) = names.find(|name| name.is_empty() || name.contains(['=', '\0'])) {
        let problem = format!("has {name:?}, which cannot be the name of a variable");
        return Err(Error::InvalidSetting { setting, problem });
    }
    Ok(())
}

/// The environment of a program, and what in it must not be shown.
pub(super) fn environment(
    given: &BTreeMap<String, EnvValue>,
    context: &RunContext<'_>,
) -> Result<(BTreeMap<OsString, OsString>, Vec<String>), Error> {
    let mut environment = BTreeMap::new();
    let mut secrets = Vec::new();
    for name in ALWAYS_SEEN {
        if let Some(value) = std::env::var_os(name) {
            environment.insert(name.into(), value);
        }
    }
    for (name, value) in given {
        let text = value.read()?;
        if text.contains('\0') {
            return Err(Error::SecretMissing {
                place: format!("the value of {name}"),
                problem: "holds a NUL character".into(),
            });
        }
        if !value.is_plain() {
            secrets.push(text.clone());
        }
        environment.insert(name.into(), text.into());
    }
    environment.insert(format!("{OWN_PREFIX}SOURCE").into(), context.source.into());
    environment.insert(format!("{OWN_PREFIX}RUN_ID").into(), context.run_id.to_string().into());
    for (name, value) in context.scope.pairs() {
        let name: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect();
        environment.insert(format!("{OWN_PREFIX}SCOPE_{name}").into(), value.into());
    }
    Ok((environment, secrets))
}

/// So long a program that was told to end is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
