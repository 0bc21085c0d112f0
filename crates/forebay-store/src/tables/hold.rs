//! Holding on to the user's table: what a worker writes goes to the table that it opened, or nowhere.
//!
//! Statements name the table. After a rename, a drop or a change of types they could fail row by row, or write to
//! another table, which lacks everything before. So each batch locks the table against changes of its definition and
//! compares it with the one that was opened.

use futures_util::future;
use tokio_postgres::{GenericClient, Transaction, error::SqlState, types::Type};

use super::Table;
use crate::{
    error::{Error, Result},
    row::ReadRow,
};

const IDENTITY: &str = include_str!("identity.sql");

/// The table that a name stands for.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    /// `None`: there is no such table.
    pub(super) oid: Option<u32>,
    /// The table that the pipeline used last, according to its row.
    pub(super) used_oid: Option<u32>,
    /// Whether Forebay created it for the pipeline.
    pub(super) is_own: bool,
    /// The types of the columns that are written; empty: there is no such column.
    types: Vec<String>,
}

/// What has become of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It is the one that was opened.
    Same,
    /// An operator has had another one by that name filled. Open it again.
    Replaced,
}

impl Identity {
    /// Whether the pipeline has used the table, and it is gone or another one has its name.
    pub(super) fn is_gone(&self) -> bool {
        self.used_oid.is_some() && self.oid != self.used_oid
    }

    pub(super) async fn read(
        client: &impl GenericClient,
        pipeline_id: i32,
        table: &str,
        columns: &[&str],
    ) -> Result<Self> {
        let row = client
            .query_typed_one(
                IDENTITY,
                &[(&table, Type::TEXT), (&columns, Type::TEXT_ARRAY), (&pipeline_id, Type::INT4)],
            )
            .await?;
        Ok(Self {
            oid: row.read("oid")?,
            used_oid: row.read("used_oid")?,
            is_own: row.read("is_own")?,
            types: row.read("types")?,
        })
    }
}

/// Locks the table against changes of its definition until the transaction ends, and checks that it is the one that was
/// opened. From now on, deferred constraints are checked at once, while a violation can be attributed to a row.
///
/// Error: `table_changed`.
pub async fn hold(transaction: &Transaction<'_>, table: &Table) -> Result<Held> {
    let columns: Vec<&str> = table.written().collect();
    let lock = format!("set constraints all immediate; lock table only {} in row exclusive mode", table.name);
    // Sent together: one round trip.
    let (locked, now) = future::join(
        transaction.batch_execute(&lock),
        Identity::read(transaction, table.pipeline_id, &table.name, &columns),
    )
    .await;
    let changed = |reason: String| Err(Error::TableChanged { table: table.plain_name(), reason });
    if let Err(error) = locked {
        return match error.code().map(SqlState::code) {
            // The table or its schema.
            Some("42P01" | "3F000") => changed("it was renamed or dropped".to_owned()),
            _ => Err(error.into()),
        };
    }
    let now = now?;
    if now.oid != table.identity.oid {
        return if now.oid == now.used_oid {
            Ok(Held::Replaced)
        } else {
            changed("another table has its name now".to_owned())
        };
    }
    let types = table.identity.types.iter().zip(&now.types);
    match columns.iter().zip(types).find(|(_, (before, now))| before != now) {
        None => Ok(Held::Same),
        Some((column, (_, now))) if now.is_empty() => changed(format!("its column {column} is gone")),
        Some((column, (before, now))) => {
            changed(format!("the type of its column {column} was {before} and is {now}"))
        }
    }
}
