//! Adopts a table that a project already has: its rows become references of a source.
//!
//! The rows are persisted like every other input, with the same identity, versions, guards and rejected records, and
//! adopting again writes nothing. The table is only read, in one snapshot. Its references have a contract version of
//! their own: that of a column of the table, or 0.

use std::time::Duration;

use forebay_sources::{Format, ReadOptions};
use forebay_store::{
    actions::{self, Action, ActionName, Actor, TargetKind},
    connect::{Client, Database},
    sources,
    tables::TableName,
    user_rows::{self, RowsSpec, VersionCount},
    user_tables::{self, KeyFaults, UserTable},
};
use serde_json::json;

use crate::{
    error::{AdoptError, Result},
    persist::{Input, PersistRequest, Progress, RunReport, persist_until},
    stop::Stop,
};

/// The column of the contract version unless another is given. A table without it has version 0.
const CONTRACT_VERSION: &str = "contract_version";

/// A table to adopt.
#[derive(Clone, Debug)]
pub struct AdoptRequest {
    /// The table or view: `name` (in the schema `public`) or `schema.name`.
    pub table: String,
    /// The integer column with the contract version of a row. Default: `contract_version`, if the table has it.
    pub contract_version_column: Option<String>,
    /// Maximum time for each of the queries that read the table.
    pub timeout: Duration,
    /// The source, and its settings. Without key fields: as stored, or the key of the table.
    pub persist: PersistRequest,
}

/// An adopted table.
#[derive(Clone, Debug)]
pub struct Adopted {
    /// The table, with what its columns contain.
    pub table: UserTable,
    /// The columns that make up the key.
    pub key_fields: Vec<String>,
    /// How well they identify a row.
    pub key_faults: KeyFaults,
    /// The active references of the source by contract version.
    pub versions: Vec<VersionCount>,
    /// The run.
    pub run: RunReport,
}

/// Adopts a table.
///
/// Errors, before anything is written: `name_refused`, `no_such_table`, `no_such_column`, and `adopt_key_missing` if
/// the table has no key and none is given; others as for [`persist_until`].
pub async fn adopt(
    database: &Database,
    request: AdoptRequest,
    by: &Actor,
    stop: &Stop,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Adopted> {
    let AdoptRequest { table: name, contract_version_column, timeout, mut persist } = request;
    let table_name = TableName::parse(&name)?;
    let table = {
        let mut client = database.client().await?;
        let found = user_tables::find(&mut client, &table_name, timeout).await?;
        found.ok_or_else(|| AdoptError::NoSuchTable { table: name.clone() })?
    };
    if persist.key_fields.is_empty() {
        persist.key_fields = default_key(database, &persist.source, &table).await?;
    }
    let key_fields = persist.key_fields.clone();
    let columns = || table.columns.iter().map(|column| column.name.clone()).collect();
    if key_fields.is_empty() {
        return Err(AdoptError::KeyMissing { table: name, columns: columns() }.into());
    }
    let missing = key_fields
        .iter()
        .chain(&contract_version_column)
        // A key can also be inside a JSON column, or the scope.
        .find(|field| !field.starts_with(['/', '@']) && table.column(field).is_none());
    if let Some(column) = missing {
        let column = column.clone();
        return Err(AdoptError::NoSuchColumn { table: name, column, columns: columns() }.into());
    }
    let in_table: Vec<String> =
        key_fields.iter().filter(|field| table.column(field).is_some()).cloned().collect();
    let key_faults = if in_table.len() == key_fields.len() {
        user_tables::key_faults(&mut *database.client().await?, &table, &in_table, timeout).await?
    } else {
        KeyFaults::default()
    };
    let column = contract_version_column.unwrap_or_else(|| CONTRACT_VERSION.to_owned());
    let rows = user_rows::start(database, RowsSpec::table(&name, timeout)?).await?;
    persist.contract_version_column = Some(Some(column));
    "adopt".clone_into(&mut persist.engine);
    let options = ReadOptions { format: Format::JsonLines, ..ReadOptions::default() };
    let input = Input::bytes(name, Box::new(rows), options);
    let run = persist_until(database, persist, input, stop, progress).await?;
    let client = database.client().await?;
    record(&client, &table, &run, by).await?;
    let versions = match sources::find(&**client, &run.source).await? {
        Some(source) => user_rows::references_by_version(&**client, source.source_id).await?,
        None => Vec::new(),
    };
    Ok(Adopted { table, key_fields, key_faults, versions, run })
}

/// Records the adoption in the audit trail, after its run, which took many transactions.
async fn record(client: &Client, table: &UserTable, run: &RunReport, by: &Actor) -> Result<()> {
    let action = Action {
        source: Some(&run.source),
        num_touched: run.counts.num_changed(),
        parameters: json!({ "run_id": run.run_id }),
        ..Action::on(ActionName::TableAdopted, TargetKind::Table, table.name.clone())
    };
    actions::record(&***client, by, &action).await?;
    Ok(())
}

/// The key of the source, if it is known, or that of the table.
async fn default_key(database: &Database, source: &str, table: &UserTable) -> Result<Vec<String>> {
    let stored = sources::find(&**database.client().await?, source).await?;
    Ok(stored.map_or_else(|| table.key.clone(), |source| source.key_fields))
}
