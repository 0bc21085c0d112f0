//! `[content]`: generated courses.

use forebay_domain::{
    content::{
        PersistMode,
        layout::{Layout, LayoutChoice, LayoutError, LayoutSettings},
        own_tables::{OwnTableError, OwnTables},
    },
    units::Size,
    words,
};
use forebay_store::connect::Limits;
use schemars::JsonSchema;
use serde::Deserialize;

use super::error::Problem;
use crate::cli::values::Duration;

/// Generated courses: folders that are written to the database too.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Content {
    /// Whether courses are written to the database beside their files. `off` opens no connection; `shadow` writes,
    /// reports differences, and only counts errors; `on` writes and warns about errors. The environment variable
    /// `CREATOR_OS_DB_PERSIST` overrides it: `true` means `on`, `false` means `off`. Default: `on`.
    #[schemars(schema_with = "words::schema::<PersistMode>")]
    pub(crate) persist: Option<PersistMode>,
    /// Project that courses belong to. Default: `default`.
    pub(crate) project: Option<String>,
    /// Layout of the folders: `creator-os`, `markdown`, `mdbook`, `docusaurus` or `hugo`, or a table that changes one
    /// of these. Default: `creator-os`.
    layout: Option<LayoutChoice>,
    /// Size up to which a file is stored, such as `8MiB`. Larger texts are errors; of larger assets, only the hash is
    /// stored. Default: `8MiB`.
    pub(crate) max_file_bytes: Option<Size>,
    /// Maximum number of connections to the database, at most 100. Default: 8.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) pool_size: Option<u32>,
    /// How long to wait for a lock that another session holds. Default: `10s`.
    lock_timeout: Option<Duration>,
    /// How long a statement may run, waits for locks included. Default: `1m`.
    statement_timeout: Option<Duration>,
    /// Your own tables, which get the same rows as Forebay's tables of courses. Each names the columns to fill, as
    /// `field = "column"`; fields are the columns of Forebay's table. Without it, each course keeps the tables that are
    /// stored for it; `tables = {}` removes them. Default: none.
    pub(crate) tables: Option<OwnTables>,
}

impl Content {
    /// The settings of the layout, if the file has any.
    pub(crate) fn layout(&self) -> Option<LayoutSettings> {
        self.layout.clone().map(LayoutChoice::settings)
    }

    /// The limits of statements.
    pub(crate) fn limits(&self) -> Limits {
        let default = Limits::default();
        Limits {
            lock_timeout: self.lock_timeout.map_or(default.lock_timeout, Duration::get),
            statement_timeout: self.statement_timeout.map_or(default.statement_timeout, Duration::get),
        }
    }

    /// Checks what the types of the fields do not express.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let problem =
            |key: &str, message: &str| Err(Problem::at(["content", key], format!("{key} {message}")));
        if self.project.as_deref().is_some_and(str::is_empty) {
            return problem("project", "must not be empty");
        }
        if self.pool_size.is_some_and(|size| !(1..=100).contains(&size)) {
            return problem("pool_size", "must be from 1 to 100");
        }
        Layout::new(&self.layout().unwrap_or_default())
            .map_err(|error| Problem::at(place(&error), error.to_string()))?;
        let checked = self.tables.as_ref().map_or(Ok(()), OwnTables::check);
        checked.map_err(|error| Problem::at(table_place(&error), error.problem))
    }
}

/// The key that an error of a layout is about.
fn place(error: &LayoutError) -> Vec<String> {
    let key = match error {
        LayoutError::Pattern { setting, .. }
        | LayoutError::Capture { setting, .. }
        | LayoutError::TooManyPatterns { setting, .. } => (*setting).to_owned(),
        LayoutError::NoLessons => "lessons".to_owned(),
        LayoutError::NoNumbers => "numbers".to_owned(),
        LayoutError::EmptyField { field } => format!("fields.{field}"),
    };
    ["content", "layout"].into_iter().chain(key.split('.')).map(str::to_owned).collect()
}

/// The key that an error of a table is about.
fn table_place(error: &OwnTableError) -> Vec<String> {
    let (table, key) = (error.table.to_string(), error.key.clone());
    let is_field = !matches!(key.as_str(), "table" | "id" | "course" | "key" | "columns");
    let columns = is_field.then(|| "columns".to_owned());
    ["content".to_owned(), "tables".to_owned(), table].into_iter().chain(columns).chain([key]).collect()
}
