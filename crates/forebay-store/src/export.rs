//! Exports the references of a source as a stream: the current state, or the state at a time.
//!
//! Rows are ordered by the bytes of `record_key`, whatever the database's collation, so two exports of the same content
//! are identical. The server sorts, on disk if necessary; the client holds only a few rows, since the driver reads more
//! only when rows are taken.

use std::{fmt, pin::Pin};

use deadpool_postgres::Transaction;
use forebay_domain::scope::Scope;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use tokio_postgres::{
    GenericClient, IsolationLevel, Row, RowStream,
    types::{ToSql, Type},
};

use crate::{connect::Client, error::Result, row::ReadRow, sources::Source};

/// The payloads of a source's active references.
pub const NOW: &str = include_str!("export/now.sql");
/// The payloads of a source's references at a time.
pub const AT: &str = include_str!("export/at.sql");

/// A stream of payloads.
pub struct Payloads {
    rows: Pin<Box<RowStream>>,
    /// The row returned last.
    row: Option<Row>,
}

impl fmt::Debug for Payloads {
    /// Omits payloads, which may be sensitive.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payloads").finish_non_exhaustive()
    }
}

impl Payloads {
    /// The next payload as JSON text, as Postgres writes it; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<&str>> {
        self.row = self.rows.try_next().await?;
        match &self.row {
            Some(row) => row.read("payload").map(Some),
            None => Ok(None),
        }
    }
}

/// Begins a read-only transaction with one snapshot, so several sources are exported as of the same moment.
pub async fn snapshot(client: &mut Client) -> Result<Transaction<'_>> {
    let builder = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    Ok(builder.start().await?)
}

/// Streams the payloads of a source or of one scope: of its active references, or of those at a time.
pub async fn payloads(
    client: &impl GenericClient,
    source: &Source,
    scope: Option<&Scope>,
    at: Option<Timestamp>,
) -> Result<Payloads> {
    let scope = scope.map(Scope::to_string);
    let rows = match at {
        None => {
            let parameters: [(&(dyn ToSql + Sync), Type); 2] =
                [(&source.source_id, Type::INT4), (&scope, Type::TEXT)];
            client.query_typed_raw(NOW, parameters).await?
        }
        Some(at) => {
            let parameters: [(&(dyn ToSql + Sync), Type); 3] =
                [(&source.name, Type::TEXT), (&at, Type::TIMESTAMPTZ), (&scope, Type::TEXT)];
            client.query_typed_raw(AT, parameters).await?
        }
    };
    Ok(Payloads { rows: Box::pin(rows), row: None })
}
