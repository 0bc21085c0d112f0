//! The references of a source out again, as a stream: as they are, or as they were at a time.
//!
//! Rows come ordered by `record_key`, byte by byte, whatever the database's collation, so that two exports of the
//! same content are the same file. The server sorts, on disk if it must; this side holds a few rows at a time, since
//! the driver reads on only when rows are taken.

use std::{fmt, pin::Pin};

use deadpool_postgres::Transaction;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use tokio_postgres::{
    GenericClient, IsolationLevel, Row, RowStream,
    types::{ToSql, Type},
};

use crate::{connect::Client, error::Result, row::ReadRow, sources::Source};

/// The payloads of a source's active references.
pub const NOW: &str = include_str!("export/now.sql");
/// The payloads that a source's references had at a time.
pub const AT: &str = include_str!("export/at.sql");

/// Payloads on their way.
pub struct Payloads {
    rows: Pin<Box<RowStream>>,
    /// The one that was handed out last.
    row: Option<Row>,
}

impl fmt::Debug for Payloads {
    /// Payloads may be sensitive, so none is shown.
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

/// Begins a transaction that only reads and sees one moment, so that several sources are exported as of the same.
pub async fn snapshot(client: &mut Client) -> Result<Transaction<'_>> {
    let builder = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    Ok(builder.start().await?)
}

/// Streams the payloads of a source: of what is active now, or of what was there `at` a time.
pub async fn payloads(
    client: &impl GenericClient,
    source: &Source,
    at: Option<Timestamp>,
) -> Result<Payloads> {
    let rows = match at {
        None => {
            let parameters: [(&(dyn ToSql + Sync), Type); 1] = [(&source.source_id, Type::INT4)];
            client.query_typed_raw(NOW, parameters).await?
        }
        Some(at) => {
            let parameters: [(&(dyn ToSql + Sync), Type); 2] =
                [(&source.name, Type::TEXT), (&at, Type::TIMESTAMPTZ)];
            client.query_typed_raw(AT, parameters).await?
        }
    };
    Ok(Payloads { rows: Box::pin(rows), row: None })
}
