//! The options that every command has, and the parsers of argument values ([`values`]).
//!
//! Global options work before and after the subcommand. The database URL may contain a password: it is parsed as plain
//! text (clap would print a value that a parser rejects), never shown in help, and hidden in `Debug`.

pub(crate) mod values;

use std::{fmt, path::PathBuf};

use clap::Args;

use crate::{
    env_vars,
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
    /// Precedence: `--database-url`, `FOREBAY_DATABASE_URL`, `DATABASE_URL`. Default: a private Postgres.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = env_vars::FOREBAY_DATABASE_URL,
        hide_env = true,
        hide_env_values = true
    )]
    pub(crate) database_url: Option<DatabaseUrl>,

    /// Data folder of the private Postgres
    #[arg(long, global = true, value_name = "FOLDER", env = env_vars::FOREBAY_DATA_DIR, hide_env_values = true)]
    pub(crate) data_dir: Option<PathBuf>,

    /// Configuration file [default: ./forebay.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Format of the result on standard output
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = Output::Human)]
    pub(crate) output: Output,

    /// What to log on standard error: off, error, warn, info, debug, trace, or directives such as
    /// `info,forebay_sources=debug` [default: info for work, warn for mcp, otherwise off]
    #[arg(long, global = true, value_name = "LEVEL", env = env_vars::FOREBAY_LOG, hide_env_values = true)]
    pub(crate) log_level: Option<LogFilter>,

    /// Format of log lines
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = LogFormat::Human)]
    pub(crate) log_format: LogFormat,

    /// Print only the result, warnings and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
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
