//! Made-up data: what else a database holds, and the few statements for what Forebay's own calls can't make.

use tokio_postgres::{GenericClient, Transaction, types::Type};

use crate::{error::Result, row::ReadRow};

/// Finds sources besides the made-up ones, their references, and pipelines for all sources.
pub const OTHER_DATA: &str = include_str!("seed/other_data.sql");
/// Sets times in the past, and adds a run and a worker whose processes died.
pub const PAST: &str = include_str!("seed/past.sql");

/// Data of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherData {
    /// Their sources, by name.
    pub sources: Vec<String>,
    /// References of these sources, active or removed.
    pub num_references: u64,
    /// Their pipelines that take the changes of every source, so those of made-up ones too.
    pub pipelines: Vec<String>,
}

impl OtherData {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.pipelines.is_empty()
    }
}

/// Those of these sources that are stored, by name.
pub async fn stored_of(client: &impl GenericClient, names: &[&str]) -> Result<Vec<String>> {
    let statement = "select s.name from forebay.sources as s where s.name = any($1) order by s.name";
    let rows = client.query_typed(statement, &[(&names, Type::TEXT_ARRAY)]).await?;
    rows.iter().map(|row| row.read("name")).collect()
}

/// What the database holds besides these sources.
pub async fn other_data(client: &impl GenericClient, names: &[&str]) -> Result<OtherData> {
    let row = client.query_typed_one(OTHER_DATA, &[(&names, Type::TEXT_ARRAY)]).await?;
    Ok(OtherData {
        sources: row.read("sources")?,
        num_references: row.count("num_references")?,
        pipelines: row.read("pipelines")?,
    })
}

/// Moves the runs of made-up sources to the times of their data, and adds what a dead process leaves.
pub async fn set_past(transaction: &Transaction<'_>) -> Result<()> {
    Ok(transaction.batch_execute(PAST).await?)
}
