//! Audits the tables that a project had before Forebay, and proposes what to do with each.
//!
//! It looks at one schema and only reads. A proposal is a guess from names, keys and values, to be checked by a person.

mod proposal;

use std::time::Duration;

use forebay_store::{
    connect::Database,
    tables::SchemaName,
    user_tables::{self, UserTable},
};

use crate::error::Result;

pub use self::proposal::{Mapping, Proposal};

/// The audit of a schema.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The schema.
    pub schema: String,
    /// Its tables and views.
    pub tables: Vec<Audited>,
    /// What code around scrapers usually reads, and whether it is there.
    pub needs: Vec<Need>,
    /// The proposals as a part of `forebay.toml`; empty: there is nothing to adopt.
    pub toml: String,
}

/// A table with what to do with it.
#[derive(Clone, Debug)]
pub struct Audited {
    /// The table.
    pub table: UserTable,
    /// What to do with it.
    pub proposal: Proposal,
}

/// A relation that code around scrapers usually reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Its name.
    pub name: &'static str,
    /// Whether it is there and works.
    pub state: NeedState,
    /// Its missing columns.
    pub missing_columns: Vec<&'static str>,
    /// The profile that creates it.
    pub profile: &'static str,
}

forebay_domain::words! {
    /// Whether a relation is there and works.
    pub enum NeedState {
        /// It has the columns, and rows.
        Works = "works",
        /// It has the columns, but no row: nothing writes it.
        Empty = "empty",
        /// Columns are missing.
        Incomplete = "incomplete",
        /// There is none.
        Missing = "missing",
        /// The current role may not read it.
        Unreadable = "unreadable",
    }
}

/// Name, columns and profile of each.
const NEEDS: [(&str, &[&str], &str); 5] = [
    ("event_revisions", &["event_id", "changed_at", "field_name", "old_value", "new_value"], "events"),
    ("scraping_runs", &["source_id", "started_at", "engine", "duration_ms"], "events"),
    ("scraping_logs", &["run_id", "level", "message", "metadata"], "events"),
    ("circuit_breaker_state", &["source_id", "state", "failure_count", "open_until"], "events"),
    ("sync_metadata", &["entity_type", "last_sync", "sync_status", "error_message"], "freshness"),
];

/// Audits a schema. `timeout` limits each query. Errors: the server's.
pub async fn audit(database: &Database, schema: &SchemaName, timeout: Duration) -> Result<Audit> {
    let tables = user_tables::list(&mut *database.client().await?, schema, timeout).await?;
    let needs = NEEDS.iter().map(|(name, columns, profile)| need(&tables, name, columns, profile)).collect();
    let has_profile = |table: &UserTable| NEEDS.iter().any(|(name, _, _)| *name == table.name);
    let proposals: Vec<Proposal> =
        tables.iter().map(|table| proposal::propose(table, has_profile(table))).collect();
    let toml = proposal::toml(&tables, &proposals);
    let tables = tables.into_iter().zip(proposals).map(|(table, proposal)| Audited { table, proposal });
    Ok(Audit { schema: schema.as_str().to_owned(), tables: tables.collect(), needs, toml })
}

fn need(tables: &[UserTable], name: &'static str, columns: &[&'static str], profile: &'static str) -> Need {
    let Some(table) = tables.iter().find(|table| table.name == name) else {
        return Need { name, state: NeedState::Missing, missing_columns: Vec::new(), profile };
    };
    let missing_columns: Vec<&str> =
        columns.iter().copied().filter(|column| table.column(column).is_none()).collect();
    let state = match table.num_rows {
        _ if !missing_columns.is_empty() => NeedState::Incomplete,
        None => NeedState::Unreadable,
        Some(0) => NeedState::Empty,
        Some(_) => NeedState::Works,
    };
    Need { name, state, missing_columns, profile }
}
