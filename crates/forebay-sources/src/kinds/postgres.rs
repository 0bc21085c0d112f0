//! `postgres`: the rows of a table or query, each as one record.
//!
//! This is how rows that were there before Forebay are adopted. Only the settings stand here: the SQL, and the names of
//! tables that may be read, are the store's (`forebay_store::user_rows`), which gives the rows as JSON Lines.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::Secret;
use crate::{Error, Format, ReadOptions};
use forebay_domain::units::Period;

/// Rows of a Postgres table or query, read in one transaction that can only read.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// The table or view: `name` (in the schema `public`) or `schema.name`, exactly as it is spelt in the database.
    /// Either this or `query`.
    pub table: Option<String>,
    /// A query whose rows are the records. It can only read, and a run sees one moment of the database.
    pub query: Option<String>,
    /// The database, as `{ env = "NAME" }` or `{ file = "PATH" }`, which hold its URL. Default: the database that
    /// Forebay itself uses.
    pub url: Option<Secret>,
    /// The column that says which version of its contract a row was written for, an integer. References keep it apart:
    /// rows without one count as version 0, rows of Forebay's own sources as 1. Default: none, every row is of version 1.
    pub contract_version_column: Option<String>,
    /// The longest time that reading may take. Default: `1h`.
    #[serde(default = "an_hour")]
    pub timeout: Period,
}

const fn an_hour() -> Period {
    Period::from_secs(3600)
}

impl Postgres {
    /// The settings that decide which records are read, in a fixed order: all but where and for how long.
    pub fn reading(&self) -> impl Serialize {
        let Self { table, query, url: _, contract_version_column, timeout: _ } = self;
        (table, query, contract_version_column)
    }

    /// Checks what goes together. Error: `invalid_source_setting`. Whether the names can be used is the store's to say.
    pub fn check(&self) -> Result<(), Error> {
        let invalid =
            |setting, problem: &str| Err(Error::InvalidSetting { setting, problem: problem.to_owned() });
        match (&self.table, &self.query) {
            (Some(_), Some(_)) => invalid("postgres.query", "is given beside a table; leave out one of them"),
            (None, None) => invalid("postgres.table", "is missing: give a table or a query"),
            (None, Some(query)) if query.trim().is_empty() => invalid("postgres.query", "is empty"),
            _ => Ok(()),
        }
    }

    /// How the rows are to be read: one a line.
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
