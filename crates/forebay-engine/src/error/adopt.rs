//! Errors of adopting a table. All of them are the caller's to resolve, and nothing was written.

/// A table that can't be adopted as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdoptError {
    /// There is no such table or view, or the role may not see its schema.
    #[error("there is no table or view {table:?}")]
    NoSuchTable {
        /// What was asked for.
        table: String,
    },
    /// The table has no such column.
    #[error("the table {table:?} has no column {column:?}")]
    NoSuchColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The columns that it has.
        columns: Vec<String>,
    },
    /// The table has no key, and none was given.
    #[error("the table {table:?} has neither a primary key nor a unique key without nulls")]
    KeyMissing {
        /// The table.
        table: String,
        /// The columns that it has.
        columns: Vec<String>,
    },
}

impl AdoptError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchTable { .. } => "no_such_table",
            Self::NoSuchColumn { .. } => "no_such_column",
            Self::KeyMissing { .. } => "adopt_key_missing",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::NoSuchTable { .. } => {
                "write it as `schema.name`, spelled as in the database and without quotation marks; `forebay doctor \
                 --existing` lists what is there. A table with a dot or a quotation mark in its name can't be named: \
                 read it with `query` of a postgres source"
                    .into()
            }
            Self::NoSuchColumn { columns, .. } => format!("it has {}", columns.join(", ")),
            Self::KeyMissing { columns, .. } => {
                format!("name the columns that identify a row with --key; it has {}", columns.join(", "))
            }
        }
    }
}
