//! Chooses the database: the variables, their order, and the connection that each gives.
//!
//! Every program of the workspace follows this rule, and so can yours:
//!
//! ```no_run
//! use forebay_store::connect::{Database, OpenOptions, choose};
//!
//! # async fn open() -> forebay_store::Result<()> {
//! let choice = choose(None, None, None, &|name| std::env::var(name))?;
//! let database = Database::open(choice.target, OpenOptions::default()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`configured`] is the rule itself, a pure function. Variables are passed as a lookup, so they can also come from a
//! file. An empty variable counts as not set. No error contains the value of a variable.

mod supabase;
#[cfg(test)]
mod tests;

use std::{env::VarError, fmt, path::PathBuf};

use self::supabase::Project;
use super::target::Target;
use crate::{
    cluster::default_data_dir,
    error::{Error, Result},
};

/// The option that wins over every variable.
pub const DATABASE_URL_OPTION: &str = "--database-url";
/// A URL for Forebay alone.
pub const FOREBAY_DATABASE_URL: &str = "FOREBAY_DATABASE_URL";
/// The connection string of a Supabase project, direct or through its pooler.
pub const SUPABASE_DB_URL: &str = "SUPABASE_DB_URL";
/// A URL that other programs share.
pub const DATABASE_URL: &str = "DATABASE_URL";
/// The address of a Supabase project's API. With [`SUPABASE_DB_PASSWORD`], it gives the direct connection.
pub const SUPABASE_URL: &str = "SUPABASE_URL";
/// The password of the project's database.
pub const SUPABASE_DB_PASSWORD: &str = "SUPABASE_DB_PASSWORD";
/// The keys of the project's API, which do not open its database.
pub const SUPABASE_KEYS: [&str; 3] = ["SUPABASE_KEY", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY"];
/// libpq's name for the TLS mode. Only used for the direct connection; a URL has its own option.
pub const PGSSLMODE: &str = "PGSSLMODE";
/// libpq's name for the file with the trusted root certificates. Only used for the direct connection.
pub const PGSSLROOTCERT: &str = "PGSSLROOTCERT";
/// The folder of the embedded cluster.
pub const FOREBAY_DATA_DIR: &str = "FOREBAY_DATA_DIR";

/// The table of a configuration file that names a database.
pub const DATABASE_TABLE: &str = "[database] in forebay.toml";

/// The variables that hold a URL, in their order.
const URLS: [&str; 3] = [FOREBAY_DATABASE_URL, SUPABASE_DB_URL, DATABASE_URL];

/// Looks up a variable, like [`std::env::var`].
pub type Lookup<'a> = dyn Fn(&str) -> Result<String, VarError> + 'a;

/// The database to use, and what chose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The database.
    pub target: Target,
    /// The option, the variables or the table that configured it. Empty: nothing is configured, so it is the embedded
    /// cluster.
    pub configured_by: &'static [&'static str],
}

/// The database that a configuration file names.
#[derive(Clone, PartialEq, Eq)]
pub enum FileDatabase {
    /// A database with this URL.
    Url(String),
    /// The embedded cluster in this folder.
    DataDir(PathBuf),
}

/// Hides the URL, which may contain a password.
impl fmt::Debug for FileDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(_) => f.write_str("Url(hidden)"),
            Self::DataDir(folder) => f.debug_tuple("DataDir").field(folder).finish(),
        }
    }
}

/// The configured database, or the embedded cluster.
///
/// Precedence: `database_url`, `FOREBAY_DATABASE_URL`, `file`, the variables that other programs share (see
/// [`configured`]), the embedded cluster. The folder of the embedded cluster is `data_dir`, `FOREBAY_DATA_DIR`, that of
/// `file`, or the user's data folder. `database_url` and `data_dir` are the options of the program; empty ones count as
/// not given.
pub fn choose(
    database_url: Option<&str>,
    data_dir: Option<PathBuf>,
    file: Option<FileDatabase>,
    variable: &Lookup<'_>,
) -> Result<Choice> {
    let file = if is_given(database_url, variable)? { None } else { file };
    let file_dir = match file {
        Some(FileDatabase::Url(url)) => {
            return Ok(Choice { target: Target::Url(url), configured_by: &[DATABASE_TABLE] });
        }
        Some(FileDatabase::DataDir(folder)) => Some(folder),
        None => match configured(database_url, variable)? {
            Some(choice) => return Ok(choice),
            None => None,
        },
    };
    let configured_by: &[&str] = if file_dir.is_some() { &[DATABASE_TABLE] } else { &[] };
    let data_dir = match data_dir.filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => folder,
        None => match (given(FOREBAY_DATA_DIR, variable)?, file_dir) {
            (Some(folder), _) => folder.into(),
            (None, Some(folder)) => folder,
            (None, None) => default_data_dir()?,
        },
    };
    Ok(Choice { target: Target::Embedded { data_dir }, configured_by })
}

/// Whether the option or `FOREBAY_DATABASE_URL` names the database, so a configuration file has no say.
pub fn is_given(database_url: Option<&str>, variable: &Lookup<'_>) -> Result<bool> {
    Ok(database_url.is_some_and(|url| !is_blank(url))
        || given(FOREBAY_DATABASE_URL, variable)?.is_some_and(|url| !is_blank(&url)))
}

/// The configured database, if any. Precedence: the option, `FOREBAY_DATABASE_URL`, `SUPABASE_DB_URL`, `DATABASE_URL`,
/// `SUPABASE_URL` with `SUPABASE_DB_PASSWORD`.
///
/// Errors: `supabase_url_invalid`, `supabase_password_missing`, `variable_not_utf8`. A URL is checked when it is
/// opened.
pub fn configured(database_url: Option<&str>, variable: &Lookup<'_>) -> Result<Option<Choice>> {
    let choice = |url, configured_by| Choice { target: Target::Url(url), configured_by };
    if let Some(url) = database_url.filter(|url| !is_blank(url)) {
        return Ok(Some(choice(url.to_owned(), &[DATABASE_URL_OPTION])));
    }
    for name in &URLS {
        if let Some(url) = given(name, variable)?.filter(|url| !is_blank(url)) {
            return Ok(Some(choice(url, std::slice::from_ref(name))));
        }
    }
    let Some(url) = given(SUPABASE_URL, variable)?.filter(|url| !is_blank(url)) else { return Ok(None) };
    let reference = match supabase::project(&url)? {
        Project::Local { host } => return Ok(Some(choice(supabase::local(&host), &[SUPABASE_URL]))),
        Project::Hosted { reference } => reference,
    };
    let Some(password) = given(SUPABASE_DB_PASSWORD, variable)? else {
        let is_set = |name: &&str| !matches!(variable(name), Err(VarError::NotPresent));
        return Err(Error::SupabasePasswordMissing { key: SUPABASE_KEYS.into_iter().find(is_set) });
    };
    let mode = given(PGSSLMODE, variable)?;
    let root_certificate = given(PGSSLROOTCERT, variable)?;
    let url = supabase::direct(&reference, &password, mode.as_deref(), root_certificate.as_deref());
    Ok(Some(choice(url, &[SUPABASE_URL, SUPABASE_DB_PASSWORD])))
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// The value of a variable, if it is set and not empty.
fn given(name: &'static str, variable: &Lookup<'_>) -> Result<Option<String>> {
    match variable(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        // Ignoring it would silently use another database.
        Err(VarError::NotUnicode(_)) => Err(Error::VariableNotUtf8 { name }),
    }
}
