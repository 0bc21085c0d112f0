//! The context of a command: the output, the configuration and the database.
//!
//! Everything is read on demand, so `forebay init` and `forebay completions` work in a folder whose configuration is
//! broken.

mod pipelines;
mod scraper;
mod sources;

use std::path::Path;

use forebay_engine::lineage;
use forebay_sources::environment;
use forebay_store::{
    connect::{Choice, Database, OpenOptions, Target, choose, is_given},
    migrations,
};

use crate::{
    cli::{DatabaseUrl, Globals},
    config::{Config, read_database},
    env_vars,
    failure::{Exit, Failure},
    ui::{Report, Ui},
};

/// The default configuration file, in the current folder.
pub(crate) const CONFIG_FILE: &str = "forebay.toml";

/// The context of a command.
#[derive(Debug)]
pub(crate) struct Context {
    /// All output.
    pub(crate) ui: Ui,
    globals: Globals,
}

impl Context {
    pub(crate) fn new(globals: Globals) -> Self {
        Self { ui: Ui::new(globals.output, globals.quiet), globals }
    }

    /// The database to use, and the option or variables that configured it.
    fn choice(&self) -> Result<Choice, Failure> {
        let url = self.globals.database_url.as_ref().map(DatabaseUrl::reveal);
        let is_given = is_given(url, &environment::var)?;
        let file = if is_given { None } else { read_database(self.config_path())? };
        Ok(choose(url, self.globals.data_dir.clone(), file, &environment::var)?)
    }

    /// The database to use.
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        Ok(self.choice()?.target)
    }

    /// The option or variables that configured the database, with the file that gave them; `None`: the private cluster.
    pub(crate) fn configured_by(&self) -> Result<Option<String>, Failure> {
        Ok(named(&self.choice()?))
    }

    /// Opens the database without checking its schema.
    async fn opened(&self, options: OpenOptions) -> Result<Database, Failure> {
        let choice = self.choice()?;
        let configured_by = named(&choice);
        Database::open(choice.target, options).await.map_err(|error| match configured_by {
            // A variable that the user forgot is a frequent cause.
            Some(name) => Failure::from(error).hint_more(format!("The database is configured by {name}.")),
            None => error.into(),
        })
    }

    /// Opens the database with a current schema: migrates the private cluster; a configured database with pending
    /// migrations is an error.
    async fn migrated(&self, options: OpenOptions) -> Result<Database, Failure> {
        self.report_runs();
        let database = self.opened(options).await?;
        let mut client = database.client().await?;
        let ready = migrations::ensure(&mut client, database.is_embedded()).await;
        drop(client);
        match ready {
            Ok(()) => Ok(database),
            Err(error) => {
                // The error about the schema is the one to report.
                let _ = database.close().await;
                Err(error.into())
            }
        }
    }

    /// Lets the runs of this process send OpenLineage events, if that is configured. A mistake there stops no run.
    fn report_runs(&self) {
        // Commands that need a broken file complain themselves.
        let config = Config::read(self.config_path()).ok().flatten().unwrap_or_default();
        let installed = match config.openlineage.settings() {
            Ok(None) => return,
            Ok(Some(settings)) => lineage::install(settings),
            Err(failure) => Err(format!("{failure} ({})", failure.code())),
        };
        if let Err(problem) = installed {
            self.ui.warn(&format!("no OpenLineage events are sent: {problem}"));
        }
    }

    /// Opens the database with a current schema, runs `work`, and closes it however that ended.
    pub(crate) async fn with_database<T>(
        &self,
        work: impl AsyncFnOnce(&Database) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.with_connections(OpenOptions::default(), work).await
    }

    /// The same with connections of other options.
    pub(crate) async fn with_connections<T>(
        &self,
        options: OpenOptions,
        work: impl AsyncFnOnce(&Database) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        closing(self.migrated(options).await?, work).await
    }

    /// Opens the database without checking its schema, runs `work`, and closes it however that ended.
    pub(crate) async fn with_bare_database<T>(
        &self,
        work: impl AsyncFnOnce(&Database) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        closing(self.opened(OpenOptions::default()).await?, work).await
    }

    /// Prints the report that `work` returns: the whole of most commands.
    pub(crate) async fn report<R: Report>(
        &self,
        work: impl AsyncFnOnce(&Database) -> Result<R, Failure>,
    ) -> Result<Exit, Failure> {
        self.ui.show(&self.with_database(work).await?)?;
        Ok(Exit::Done)
    }

    /// The same without checking the schema.
    pub(crate) async fn report_bare<R: Report>(
        &self,
        work: impl AsyncFnOnce(&Database) -> Result<R, Failure>,
    ) -> Result<Exit, Failure> {
        self.ui.show(&self.with_bare_database(work).await?)?;
        Ok(Exit::Done)
    }

    /// The path of the configuration: `--config`, or `./forebay.toml`.
    pub(crate) fn config_path(&self) -> &Path {
        self.globals.config.as_deref().unwrap_or(Path::new(CONFIG_FILE))
    }

    /// The configuration. A file given with `--config` must exist; a missing `./forebay.toml` means defaults.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Ok(self.config_file()?.unwrap_or_default())
    }

    /// The configuration, if its file exists.
    pub(crate) fn config_file(&self) -> Result<Option<Config>, Failure> {
        match Config::read(self.config_path())? {
            Some(config) => Ok(Some(config)),
            None if self.globals.config.is_none() => Ok(None),
            None => Err(Failure::usage(
                "config_not_found",
                format!("the configuration file {} doesn't exist", self.config_path().display()),
            )
            .hint("create one with `forebay init`")),
        }
    }
}

/// Runs `work` and closes the database however that ended. The error of the work is the one to report.
async fn closing<T>(
    database: Database,
    work: impl AsyncFnOnce(&Database) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let worked = work(&database).await;
    let closed = database.close().await;
    let result = worked?;
    closed?;
    Ok(result)
}

/// The option or variables of a choice in words, with the file that gave them.
fn named(choice: &Choice) -> Option<String> {
    let names: Vec<_> = choice.configured_by.iter().map(|name| env_vars::place(name)).collect();
    (!names.is_empty()).then(|| names.join(" and "))
}
