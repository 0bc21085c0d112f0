//! The command line: the options that every command has, and how a wrong one is told.
//!
//! Global options work before and after the subcommand. Environment variables are named here and nowhere else. The
//! database's address is the one that may hold a password: it is read as plain text (a parser that refuses a value
//! would print it), never shown in help, and redacted in `Debug`.

pub(crate) mod values;

use std::{ffi::OsString, fmt, path::PathBuf};

use clap::{Args, CommandFactory, Parser};

use crate::{
    commands::Command,
    failure::{Exit, Failure},
    ui::{Output, Ui},
};

/// The durable half of a scraper: stable, versioned references on your own Postgres, and the hand-off to whatever
/// ingests them.
///
/// With no database configured, Forebay runs a private Postgres of its own in its data folder.
#[derive(Debug, Parser)]
#[command(name = "forebay", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  forebay persist courses.jsonl --source courses --key id --complete
  forebay work --drain

Exit codes:
  0    done
  1    the work failed
  2    wrong usage or configuration
  3    a run is held by a guard
  4    the database cannot be reached
  5    a source is unavailable, and there is nothing to serve
  130  stopped by Ctrl-C or SIGTERM

Start here:
  forebay demo";

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// Postgres to use, as `postgres://user@host/database` [env: `FOREBAY_DATABASE_URL`, else `DATABASE_URL`]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "FOREBAY_DATABASE_URL",
        hide_env = true,
        hide_env_values = true
    )]
    pub(crate) database_url: Option<DatabaseUrl>,

    /// Folder of the private Postgres, used when no database is configured
    #[arg(long, global = true, value_name = "FOLDER", env = "FOREBAY_DATA_DIR", hide_env_values = true)]
    pub(crate) data_dir: Option<PathBuf>,

    /// Configuration file; by default ./forebay.toml if there is one
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// `json` prints exactly one JSON document on standard output
    #[arg(long, global = true, value_enum, value_name = "FORM", default_value_t = Output::Human)]
    pub(crate) output: Output,

    /// No progress and no notes, only the result and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// The address of a database, which may hold a password: `Debug` hides it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The address with its secret, for the connection only.
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

/// Reads the process's arguments. Help, version and wrong usage have been printed when this returns an error.
pub(crate) fn parse() -> Result<Cli, Exit> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    Cli::try_parse_from(&arguments).map_err(|error| {
        let is_answer = error.exit_code() == 0;
        let text = error.render().to_string();
        match text.strip_prefix("error:") {
            Some(_) if wants_json(&arguments) => Ui::new(Output::Json, true).fail(&usage_failure(&error)),
            // Like every other error it has a code; the rest is said best by the parser.
            Some(rest) => {
                Ui::new(Output::Human, false).note(format!("error[usage]:{rest}").trim_end());
                Exit::Usage
            }
            None => {
                // Help or version. Nobody is left to tell when it cannot be printed.
                let _ = error.print();
                if is_answer { Exit::Done } else { Exit::Usage }
            }
        }
    })
}

/// Whether the arguments ask for JSON, looked for by hand because they did not parse.
fn wants_json(arguments: &[OsString]) -> bool {
    arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--output=json")
        || arguments.windows(2).any(|pair| pair[0] == "--output" && pair[1] == "json")
}

/// Turns clap's error (message, tips, usage; an empty line between them) into a failure.
fn usage_failure(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let message: Vec<_> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    Failure::usage("usage", message.join(" ").trim_start_matches("error: ")).hint(tip.unwrap_or("see --help"))
}

/// The whole command tree, for shell completions.
pub(crate) fn tree() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tree_is_consistent() {
        tree().debug_assert();
    }

    #[test]
    fn a_database_url_is_never_shown() {
        let cli =
            Cli::try_parse_from(["forebay", "--database-url", "postgres://u:secret@h/d", "init"]).unwrap();
        assert!(!format!("{cli:?}").contains("secret"));
        assert_eq!(
            cli.globals.database_url.as_ref().map(DatabaseUrl::reveal),
            Some("postgres://u:secret@h/d")
        );
    }

    #[test]
    fn json_is_noticed_in_arguments_that_do_not_parse() {
        let wants = |line: &str| wants_json(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert!(wants("forebay --output json nonsense"));
        assert!(wants("forebay nonsense --output=json"));
        assert!(!wants("forebay persist -- --output=json"));
        assert!(!wants("forebay --output human nonsense"));
    }
}
