//! The context of every benchmark besides its own arguments: where to print, and which server to use.

use std::path::PathBuf;

use clap::Args;
use forebay_sources::environment;
use forebay_store::connect::{Database, FOREBAY_DATA_DIR, FOREBAY_DATABASE_URL, OpenOptions, Target, choose};
use tokio::process::Command;

use crate::{
    failure::Failure,
    output::{Form, Output},
};

/// The options of every benchmark.
///
/// There is no `Debug`: the URL may hold a password.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// Postgres server to use, as `postgres://user@host/database`
    ///
    /// Precedence: `--database-url`, `FOREBAY_DATABASE_URL`, `SUPABASE_DB_URL`, `DATABASE_URL`, `SUPABASE_URL` with
    /// `SUPABASE_DB_PASSWORD`.
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,

    /// Folder of the private Postgres, used when no database is configured [env: `FOREBAY_DATA_DIR`]
    #[arg(long, global = true, value_name = "FOLDER")]
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
        let Globals { database_url, data_dir, output, .. } = globals;
        Self { output: Output::new(output), database_url, data_dir }
    }

    /// The configured server, or the private one.
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        Ok(choose(self.database_url.as_deref(), self.data_dir.clone(), None, &environment::var)?.target)
    }

    /// Opens the database without looking at its schema.
    pub(crate) async fn database(&self) -> Result<Database, Failure> {
        Ok(Database::open(self.target()?, OpenOptions::default()).await?)
    }

    /// Makes a child process use the same server. Passes the URL by the environment, where a password does not show.
    pub(crate) fn pass_to(&self, child: &mut Command) -> Result<(), Failure> {
        match self.target()? {
            Target::Url(url) => child.env(FOREBAY_DATABASE_URL, url),
            Target::Embedded { data_dir } => child.env(FOREBAY_DATA_DIR, data_dir),
        };
        Ok(())
    }
}
