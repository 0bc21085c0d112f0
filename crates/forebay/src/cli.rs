//! The options that every command has, and the parsers of argument values ([`values`], [`moment`]).
//!
//! Global options work before and after the subcommand. The database URL may contain a password: it is parsed as plain
//! text (clap would print a value that a parser rejects), never shown in help, and hidden in `Debug`.

pub(crate) mod moment;
pub(crate) mod values;
pub(crate) mod why;

use std::{fmt, path::PathBuf};

use clap::Args;
use forebay_sources::environment;

use crate::{
    env_vars,
    failure::Failure,
    ui::{
        Output,
        log::{LogFilter, LogFormat},
    },
};

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// Postgres to use, such as `postgres://user@host/database`
    ///
    /// Precedence: `--database-url`, `FOREBAY_DATABASE_URL`, `[database]` in forebay.toml, `SUPABASE_DB_URL`,
    /// `DATABASE_URL`, `SUPABASE_URL` with `SUPABASE_DB_PASSWORD`. Default: a private Postgres. Lists of processes show
    /// options, so set a variable if the URL contains a password.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<DatabaseUrl>,

    /// File with environment variables, such as `.env`; without this option, none is read
    ///
    /// It can give every variable that Forebay reads, and those that forebay.toml names. Existing variables win.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,

    /// Data folder of the private Postgres [env: `FOREBAY_DATA_DIR`]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Configuration file [default: ./forebay.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Format of the result on standard output
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = Output::Human)]
    pub(crate) output: Output,

    /// What to log on standard error: off, error, warn, info, debug, trace, or directives such as
    /// `info,forebay_sources=debug` [default: info for work, warn for mcp, otherwise off] [env: `FOREBAY_LOG`]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log_level: Option<LogFilter>,

    /// Format of log lines
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = LogFormat::Human)]
    pub(crate) log_format: LogFormat,

    /// Print only the result, warnings and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

impl Globals {
    /// Reads the file of `--env-file`. Do so before anything looks up a variable.
    pub(crate) fn read_env_file(&self) -> Result<(), Failure> {
        match &self.env_file {
            Some(path) => {
                environment::add_file(path).map_err(|error| forebay_engine::Error::from(error).into())
            }
            None => Ok(()),
        }
    }

    /// What to log. Precedence: `--log-level`, `FOREBAY_LOG`.
    pub(crate) fn log_filter(&self) -> Result<Option<LogFilter>, Failure> {
        if self.log_level.is_some() {
            return Ok(self.log_level.clone());
        }
        match environment::var_os(env_vars::FOREBAY_LOG).filter(|value| !value.is_empty()) {
            Some(value) => value.to_string_lossy().parse().map(Some).map_err(|problem: String| {
                Failure::usage(
                    "usage",
                    format!("invalid value in {}: {problem}", env_vars::place(env_vars::FOREBAY_LOG)),
                )
            }),
            None => Ok(None),
        }
    }
}

/// A database URL, which may contain a password: `Debug` hides it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The URL with its secret, for the connection only.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_is_never_shown() {
        let url = DatabaseUrl::from("postgres://u:secret@h/d".to_owned());
        assert_eq!(format!("{url:?}"), "DatabaseUrl(hidden)");
    }
}
