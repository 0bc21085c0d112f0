//! Supabase Realtime: the tables whose changes its subscribers get, by the publication `supabase_realtime`.
//!
//! The publication is the only record of the choice. Postgres takes a table out of it when the table is dropped, so
//! reverting the migrations needs nothing else.
//!
//! Updates are sent with the primary key as replica identity, which every table has. The full old row would write each
//! payload twice to the WAL; old values are in `reference_revisions`.

use tokio_postgres::{Client, GenericClient};

use crate::{
    error::{Error, Result},
    row::ReadRow,
};

const TABLES: &str = include_str!("realtime/tables.sql");

/// A table of Forebay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealtimeTable {
    /// Its name in the schema `forebay`.
    pub name: String,
    /// Its changes are sent to subscribers.
    pub is_published: bool,
    /// Changes would be sent as changes of its partitions.
    is_partitioned: bool,
    /// The publication has all tables, or all of the schema.
    is_published_by_all: bool,
}

/// The tables that can be published, by name. Errors: `realtime_missing`.
pub async fn list(client: &impl GenericClient) -> Result<Vec<RealtimeTable>> {
    let tables = all(client).await?;
    Ok(tables.into_iter().filter(|table| !table.is_partitioned || table.is_published).collect())
}

/// Adds tables to the publication and returns what [`list`] does. Those that it has already stay.
///
/// Errors: `realtime_missing`, `realtime_refused`; nothing was changed then.
pub async fn add(client: &mut Client, names: &[String]) -> Result<Vec<RealtimeTable>> {
    let change = |table: &RealtimeTable| {
        if table.is_partitioned {
            let reason = "is partitioned, so its changes would be sent as those of partitions, which no role may read; \
                          follow `references` instead";
            return Err(reason);
        }
        Ok((!table.is_published).then_some("add"))
    };
    alter(client, names, change).await
}

/// Takes tables out of the publication and returns what [`list`] does.
///
/// Errors: `realtime_missing`, `realtime_refused`; nothing was changed then.
pub async fn remove(client: &mut Client, names: &[String]) -> Result<Vec<RealtimeTable>> {
    let change = |table: &RealtimeTable| {
        if table.is_published_by_all {
            return Err("can't be taken out, because the publication has all tables");
        }
        Ok(table.is_published.then_some("drop"))
    };
    alter(client, names, change).await
}

/// Alters the publication for each table as `change` says: `add`, `drop`, or not at all.
async fn alter(
    client: &mut Client,
    names: &[String],
    change: impl Fn(&RealtimeTable) -> std::result::Result<Option<&'static str>, &'static str>,
) -> Result<Vec<RealtimeTable>> {
    let transaction = client.transaction().await?;
    let tables = all(&transaction).await?;
    for name in names {
        let refused = |reason| Error::RealtimeRefused { table: name.clone(), reason };
        let table = tables.iter().find(|table| table.name == *name);
        let table = table.ok_or_else(|| refused("is not a table of the schema forebay"))?;
        if let Some(verb) = change(table).map_err(refused)? {
            // A name of the catalogue, without quotes in it.
            let statement =
                format!("alter publication supabase_realtime {verb} table forebay.\"{}\"", table.name);
            transaction.batch_execute(&statement).await?;
        }
    }
    let tables = list(&transaction).await?;
    transaction.commit().await?;
    Ok(tables)
}

async fn all(client: &impl GenericClient) -> Result<Vec<RealtimeTable>> {
    let rows = client.query_typed(TABLES, &[]).await?;
    if rows.is_empty() {
        return Err(Error::RealtimeMissing);
    }
    rows.iter()
        .map(|row| {
            Ok(RealtimeTable {
                name: row.read("name")?,
                is_published: row.read("is_published")?,
                is_partitioned: row.read("is_partitioned")?,
                is_published_by_all: row.read("is_published_by_all")?,
            })
        })
        .collect()
}
