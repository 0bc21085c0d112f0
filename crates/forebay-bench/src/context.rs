//! The context of every benchmark besides its own arguments: where to print, and which server to use.

use std::{env, path::PathBuf};

use clap::Args;
use forebay_store::{
    cluster::default_data_dir,
    connect::{Database, OpenOptions, Target},
};
use tokio::process::Command;

use crate::{
    failure::Failure,
    output::{Form, Output},
};

const DATABASE_URL: &str = "FOREBAY_DATABASE_URL";
const DATA_DIR: &str = "FOREBAY_DATA_DIR";

/// The options of every benchmark.
///
/// There is no `Debug`: the URL may hold a password.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// Postgres server to use, as `postgres://user@host/database`
    ///
    /// Precedence: `--database-url`, `FOREBAY_DATABASE_URL`, `DATABASE_URL`.
    #[arg(long, global = true, value_name = "URL", env = DATABASE_URL, hide_env = true, hide_env_values = true)]
    database_url: Option<String>,

    /// Folder of the private Postgres, used when no database is configured
    #[arg(long, global = true, value_name = "FOLDER", env = DATA_DIR, hide_env_values = true)]
    data_dir: Option<PathBuf>,

    /// `json` prints exactly one JSON document on standard output
    #[arg(long, global = true, value_enum, value_name = "FORM", default_value_t = Form::Human)]
    output: Form,

    /// What to log on standard error: a level, or directives such as `info,forebay_engine=debug` [default: off]
    ///
    /// Processes that a benchmark starts read only `FOREBAY_LOG`.
    #[arg(long, global = true, value_name = "LEVEL", env = "FOREBAY_LOG", hide_env_values = true)]
    pub(crate) log_level: Option<String>,
}

/// The surroundings of a benchmark.
pub(crate) struct Context {
    pub(crate) output: Output,
    database_url: Option<String>,
    data_dir: Option<PathBuf>,
}

impl Context {
    pub(crate) fn new(globals: Globals) -> Self {
        // An empty variable counts as absent.
        let shared = env::var("DATABASE_URL").ok();
        let database_url =
            [globals.database_url, shared].into_iter().flatten().find(|url| !url.trim().is_empty());
        let data_dir = globals.data_dir.filter(|folder| !folder.as_os_str().is_empty());
        Self { output: Output::new(globals.output), database_url, data_dir }
    }

    /// The configured server, or the private one.
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        match (&self.database_url, &self.data_dir) {
            (Some(url), _) => Ok(Target::Url(url.clone())),
            (None, Some(data_dir)) => Ok(Target::Embedded { data_dir: data_dir.clone() }),
            (None, None) => Ok(Target::Embedded { data_dir: default_data_dir()? }),
        }
    }

    /// Opens the database without looking at its schema.
    pub(crate) async fn database(&self) -> Result<Database, Failure> {
        Ok(Database::open(self.target()?, OpenOptions::default()).await?)
    }

    /// Makes a child process use the same server. Passes the URL by the environment, where a password does not show.
    pub(crate) fn pass_to(&self, child: &mut Command) -> Result<(), Failure> {
        match self.target()? {
            Target::Url(url) => child.env(DATABASE_URL, url),
            Target::Embedded { data_dir } => child.env(DATA_DIR, data_dir),
        };
        Ok(())
    }
}
