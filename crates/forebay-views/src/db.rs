//! The database, its schema and the private cluster.

use forebay_store::migrations::MigrationStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// The database, the version of its schema, and what is pending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DbStatus {
    /// Where the database is.
    pub database: DatabasePlace,
    /// The newest migration that is applied; 0: none.
    pub version: u32,
    /// Migrations that are not applied yet.
    pub num_pending: u64,
    /// All migrations, by version.
    pub migrations: Vec<Migration>,
}

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabasePlace {
    /// `configured`: the user configured it. `embedded`: Forebay runs it.
    #[schemars(schema_with = "crate::words::database_kind")]
    pub kind: String,
    /// Host, port and name, without secrets.
    pub target: String,
    /// The option or variable that configured it, never its value; null: the database is embedded.
    pub configured_by: Option<String>,
    /// The data folder of the embedded cluster; null: the database is configured.
    pub data_dir: Option<String>,
    /// The TCP port of 127.0.0.1 on which the embedded cluster listens; null: it listens on its socket only.
    pub port: Option<u16>,
}

/// A migration of the schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Migration {
    /// Its number.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// The state. `drifted`: it was applied in another form. `unknown`: a newer Forebay applied it.
    #[schemars(schema_with = "crate::words::migration_state")]
    pub state: String,
    /// When it was applied; null: it is not applied.
    pub applied_at: Option<Time>,
}

/// The result of migrating.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Migrated {
    /// Migrations that were reverted, in this order.
    pub undone: Vec<u32>,
    /// Migrations that were applied afterwards, in this order.
    pub applied: Vec<u32>,
    /// The version of the schema now; 0: there is none.
    pub version: u32,
}

/// Whether the private cluster was stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterStop {
    /// Whether it was running and was stopped.
    pub is_stopped: bool,
    /// Why. `configured`: a configured database is never stopped.
    #[schemars(schema_with = "crate::words::stop_reason")]
    pub reason_code: String,
    /// Its data folder; null: the database is configured.
    pub data_dir: Option<String>,
}

impl From<MigrationStatus> for Migration {
    fn from(status: MigrationStatus) -> Self {
        Self {
            version: status.version,
            name: status.name,
            state: status.state.as_str().to_owned(),
            applied_at: status.applied_at.map(Time::from),
        }
    }
}
