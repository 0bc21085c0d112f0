//! `postgres`: the rows of a table or query, each as one record.
//!
//! It imports rows that existed before Forebay. This file contains only the settings. The store
//! (`forebay_store::user_rows`) contains the SQL, decides which tables may be read, and returns the rows as JSON Lines.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::Secret;
use crate::{Error, Format, ReadOptions};
use forebay_domain::units::Period;

/// Rows of a Postgres table or query, read in one read-only transaction.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// Table or view: `name` (in the schema `public`) or `schema.name`, spelled as in the database. Excludes `query`.
    pub table: Option<String>,
    /// Query whose rows are the records. It cannot write, and sees one snapshot of the database. Excludes `table`.
    pub query: Option<String>,
    /// Where to read the URL of the database: `{ env = "NAME" }` or `{ file = "PATH" }`. Default: Forebay's own
    /// database.
    pub url: Option<Secret>,
    /// Integer column with the contract version of a row, which its reference stores; null counts as 0. Default: none,
    /// every row has version 1.
    pub contract_version_column: Option<String>,
    /// Maximum time for reading. Default: `1h`.
    #[serde(default = "an_hour")]
    pub timeout: Period,
}

const fn an_hour() -> Period {
    Period::from_secs(3600)
}

impl Postgres {
    /// The settings that determine which records are read, in a fixed order: all except location and limits.
    pub fn reading(&self) -> impl Serialize {
        let Self { table, query, url: _, contract_version_column, timeout: _ } = self;
        (table, query, contract_version_column)
    }

    /// Checks that the settings fit together; the store checks the names. Error: `invalid_source_setting`.
    pub fn check(&self) -> Result<(), Error> {
        let invalid =
            |setting, problem: &str| Err(Error::InvalidSetting { setting, problem: problem.to_owned() });
        match (&self.table, &self.query) {
            (Some(_), Some(_)) => invalid("postgres.query", "excludes table; remove one of them"),
            (None, None) => invalid("postgres.table", "is missing: set table or query"),
            (None, Some(query)) if query.trim().is_empty() => invalid("postgres.query", "is empty"),
            _ => Ok(()),
        }
    }

    /// The options for reading the rows, one per line.
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions { format: Format::JsonLines, ..ReadOptions::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Postgres, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn exactly_one_of_table_and_query_is_given() {
        assert!(read(r#"{"table": "courses"}"#).unwrap().check().is_ok());
        let query =
            read(r#"{"query": "select 1 as id", "url": {"env": "LEGACY_URL"}, "timeout": "5m"}"#).unwrap();
        assert!(query.check().is_ok());
        assert_eq!(query.timeout.get().as_secs(), 300);
        for json in ["{}", r#"{"table": "a", "query": "select 1"}"#, r#"{"query": " "}"#] {
            assert_eq!(read(json).unwrap().check().unwrap_err().code(), "invalid_source_setting", "{json}");
        }
        assert!(read(r#"{"table": "a", "url": "postgres://u:p@h/d"}"#).is_err());
    }
}
