//! `[database]`: the database of a project.

use std::path::{Path, PathBuf};

use forebay_sources::environment;
use forebay_store::connect::{FileDatabase, has_password};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{error, error::Problem, text_of};
use crate::{env_vars, failure::Failure};

/// The database. Precedence: `--database-url`, `FOREBAY_DATABASE_URL`, this table, the variables that other programs
/// share (`SUPABASE_DB_URL`, `DATABASE_URL`, `SUPABASE_URL` with `SUPABASE_DB_PASSWORD`), a private Postgres.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DatabaseSettings {
    /// Postgres to use: a URL without a password, or `{ env = "NAME" }` for a variable that contains the URL. If the
    /// variable isn't set, commands fail; they never use another database instead. Default: none.
    url: Option<DatabaseUrl>,
    /// Data folder of the private Postgres, relative to the folder of this file. `--data-dir` and `FOREBAY_DATA_DIR`
    /// take precedence. Not together with `url`. Default: none.
    data_dir: Option<PathBuf>,
}

/// A URL, or the variable that contains it.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a URL without a password, or { env = \"NAME\" }")]
enum DatabaseUrl {
    /// The URL itself, without a password.
    Plain(String),
    /// A variable that contains the URL.
    Env(UrlFromEnv),
}

/// A variable that contains the URL.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UrlFromEnv {
    /// Name of the environment variable.
    env: String,
}

/// Hides the URL, which contains a password until it was checked.
impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("Plain(hidden)"),
            Self::Env(from) => from.fmt(f),
        }
    }
}

impl DatabaseSettings {
    /// Checks what the types don't express.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let at = |key: &str, message: &str| Err(Problem::at(["database", key], message));
        match &self.url {
            Some(_) if self.data_dir.is_some() => {
                return at("data_dir", "a database has either url or data_dir");
            }
            Some(DatabaseUrl::Env(from)) if from.env.is_empty() || from.env.contains(['=', '\0']) => {
                return at("url", "env must be the name of an environment variable");
            }
            Some(DatabaseUrl::Plain(url)) => match has_password(url) {
                Ok(false) => {}
                Ok(true) => {
                    let problem = Problem::at(["database", "url"], "url contains a password");
                    let hint = "put the URL into an environment variable: url = { env = \"NAME\" }";
                    return Err(Problem { hint: Some(hint.to_owned()), ..problem });
                }
                Err(error) => return at("url", &error.to_string()),
            },
            _ => {}
        }
        match &self.data_dir {
            Some(folder) if folder.as_os_str().is_empty() => at("data_dir", "data_dir must not be empty"),
            _ => Ok(()),
        }
    }

    /// The error of a command, if the variable with the URL isn't set.
    pub(super) fn missing_variable(&self, path: &Path) -> Option<Failure> {
        self.named(path).err()
    }

    /// The database that the file at `path` names.
    fn named(&self, path: &Path) -> Result<Option<FileDatabase>, Failure> {
        if let Some(folder) = &self.data_dir {
            let folder = path.parent().unwrap_or(Path::new("")).join(folder);
            return Ok(Some(FileDatabase::DataDir(folder)));
        }
        Ok(match &self.url {
            None => None,
            Some(DatabaseUrl::Plain(url)) => Some(FileDatabase::Url(url.clone())),
            Some(DatabaseUrl::Env(UrlFromEnv { env })) => {
                match environment::var(env).ok().filter(|url| !url.trim().is_empty()) {
                    Some(url) => Some(FileDatabase::Url(url)),
                    None => return Err(variable_missing(env, path)),
                }
            }
        })
    }
}

/// Only the table of the database, so a mistake elsewhere in the file doesn't keep commands from their database.
#[derive(Default, Deserialize)]
#[serde(default)]
struct OnlyDatabase {
    database: DatabaseSettings,
}

/// The database that the file at `path` names, if the file exists and names one. Errors: `config_invalid`,
/// `config_unreadable`, `database_variable_missing`.
pub(crate) fn read(path: &Path) -> Result<Option<FileDatabase>, Failure> {
    let Some(text) = text_of(path)? else { return Ok(None) };
    let file = path.display().to_string();
    let OnlyDatabase { database } =
        toml::from_str(&text).map_err(|error| error::located(&error, &text, &file))?;
    database.check().map_err(|problem| problem.located(&text, &file))?;
    database.named(path)
}

fn variable_missing(name: &str, path: &Path) -> Failure {
    let name = env_vars::place(name);
    let message = format!("{} names the database by the variable {name}, which isn't set", path.display());
    Failure::usage("database_variable_missing", message)
        .hint("set it, name a file that sets it with --env-file, or use another database with --database-url")
}
