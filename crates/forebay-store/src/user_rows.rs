//! Reads the rows of a user's own table or query as records, so existing data can be imported.
//!
//! A run reads in one read-only transaction with one snapshot and a time limit. The configured query is the user's own
//! and runs with the user's rights; the name of a table is checked and quoted. Rows are streamed: the server sends more
//! only when rows are taken, so memory stays constant for tables of any size.
//!
//! Rows written for another contract have its version in a column. [`mark`] copies that version to their references;
//! [`rows_by_version`] and [`references_by_version`] count the versions. Version 1 is the contract of Forebay's own
//! sources; version 0 means that the column contains no version.

use std::{
    io::{self, Read},
    time::Duration,
};

use forebay_domain::identity::ReferenceId;
use futures_util::TryStreamExt;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{
    Client, GenericClient, IsolationLevel, Transaction,
    types::{ToSql, Type},
};

use crate::{
    connect::{Database, Dedicated},
    error::{Error, Result},
    row::ReadRow,
    tables::{ColumnName, TableName},
    types::sql_ids,
};

/// Copies the contract version from the payload to the references that a run wrote.
pub const MARK: &str = include_str!("user_rows/mark.sql");
/// The active references of a source by contract version.
pub const STORED: &str = include_str!("user_rows/stored.sql");

/// Rows are passed on in pieces of about this size.
const PIECE_BYTES: usize = 128 << 10;
/// Maximum number of pieces that wait to be read.
const PIECES_WAITING: usize = 4;

/// What to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsSpec {
    selection: Selection,
    contract_version_column: Option<ColumnName>,
    timeout: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Selection {
    Table(TableName),
    Query(String),
}

impl RowsSpec {
    /// All rows of a table or view, named as `name` or `schema.name`. Error: `name_refused`.
    pub fn table(name: &str, timeout: Duration) -> Result<Self> {
        let selection = Selection::Table(TableName::parse(name)?);
        Ok(Self { selection, contract_version_column: None, timeout })
    }

    /// The rows of a query: one read-only statement.
    pub fn query(text: &str, timeout: Duration) -> Self {
        // Users end statements with a semicolon, which isn't allowed in a subquery.
        let query = text.trim().trim_end_matches(|c: char| c == ';' || c.is_whitespace());
        Self { selection: Selection::Query(query.to_owned()), contract_version_column: None, timeout }
    }

    /// Sets the column that contains the contract version of a row. Error: `name_refused`.
    pub fn with_contract_version(self, column: &str) -> Result<Self> {
        Ok(Self { contract_version_column: Some(ColumnName::parse(column)?), ..self })
    }

    /// The rows as an item of a `from` clause.
    fn relation(&self) -> String {
        match &self.selection {
            Selection::Table(name) => format!("{name} as r"),
            // On separate lines: a comment at the end of the query would swallow the parenthesis.
            Selection::Query(query) => format!("(\n{query}\n) as r"),
        }
    }
}

/// A stream of rows as JSON Lines. Dropping it ends the query.
///
/// Reading blocks, so don't read on the runtime's own threads.
#[derive(Debug)]
pub struct Rows {
    pieces: mpsc::Receiver<Result<Piece>>,
    piece: Vec<u8>,
    at: usize,
    is_over: bool,
}

/// A message from the reading task. If the channel closes without an end, the task died.
#[derive(Debug)]
enum Piece {
    Rows(Vec<u8>),
    End,
}

/// Begins to read on a separate connection. Errors: connection errors, and the server's errors for the query.
pub async fn start(database: &Database, spec: RowsSpec) -> Result<Rows> {
    let dedicated = database.dedicated().await?;
    let (sender, mut pieces) = mpsc::channel(PIECES_WAITING);
    let (ready, begun) = oneshot::channel();
    tokio::spawn(async move {
        if let Err(error) = send_rows(dedicated, &spec, ready, &sender).await {
            // If the receiver was dropped, so were the rows.
            let _unheard = sender.send(Err(error)).await;
        }
    });
    if begun.await.is_ok() {
        return Ok(Rows { pieces, piece: Vec::new(), at: 0, is_over: false });
    }
    // It didn't start: the first message contains the error.
    let why = pieces.recv().await.and_then(Result::err);
    Err(why.unwrap_or_else(|| Error::Busy { what: "the query".into() }))
}

async fn send_rows(
    mut dedicated: Dedicated,
    spec: &RowsSpec,
    ready: oneshot::Sender<()>,
    pieces: &mpsc::Sender<Result<Piece>>,
) -> Result<()> {
    let transaction = begin(&mut dedicated.client, spec.timeout).await?;
    // Not jsonb, which changes numbers and drops one of two columns with the same name.
    let statement = format!("select row_to_json(r)::text as record from {}", spec.relation());
    let parameters: [(&(dyn ToSql + Sync), Type); 0] = [];
    let rows = transaction.query_typed_raw(&statement, parameters).await?;
    let mut rows = std::pin::pin!(rows);
    // If the receiver is gone, sending rows fails as well.
    let _waiting = ready.send(());
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    while let Some(row) = rows.try_next().await? {
        let text: &str = row.read("record")?;
        // A json column keeps its line breaks. They can't occur inside a string, so they are only whitespace.
        piece.extend(text.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        piece.push(b'\n');
        if piece.len() >= PIECE_BYTES {
            let full = std::mem::replace(&mut piece, Vec::with_capacity(PIECE_BYTES));
            if pieces.send(Ok(Piece::Rows(full))).await.is_err() {
                return Ok(());
            }
        }
    }
    if !piece.is_empty() {
        // If the receiver is gone, the end is not needed either.
        let _dropped = pieces.send(Ok(Piece::Rows(piece))).await;
    }
    let _dropped = pieces.send(Ok(Piece::End)).await;
    Ok(())
}

/// Begins a read-only transaction with one snapshot and a time limit for each query.
pub(crate) async fn begin(client: &mut Client, timeout: Duration) -> Result<Transaction<'_>> {
    let builder = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
    let transaction = builder.read_only(true).start().await?;
    let milliseconds = timeout.as_millis().clamp(1, 2_147_483_647).to_string();
    let statement = "select set_config('statement_timeout', $1, true)";
    transaction.query_typed(statement, &[(&milliseconds, Type::TEXT)]).await?;
    Ok(transaction)
}

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() && !self.is_over {
            match self.pieces.blocking_recv() {
                Some(Ok(Piece::Rows(piece))) => (self.piece, self.at) = (piece, 0),
                Some(Ok(Piece::End)) => self.is_over = true,
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Err(io::Error::other("the query ended unexpectedly")),
            }
        }
        let rest = &self.piece[self.at..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

/// A contract version with a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionCount {
    /// The version; 0 means none.
    pub contract_version: i16,
    /// Number of rows or references.
    pub count: i64,
}

/// The number of rows of each contract version in the user's table or query. Empty without a version column.
pub async fn rows_by_version(database: &Database, spec: &RowsSpec) -> Result<Vec<VersionCount>> {
    let Some(column) = &spec.contract_version_column else { return Ok(Vec::new()) };
    let mut client = database.client().await?;
    let transaction = begin(&mut client, spec.timeout).await?;
    let statement = format!(
        "select v as contract_version, count(*) as num_rows from (
            select case when r.{column}::text ~ '^[0-9]{{1,4}}$' then r.{column}::text::smallint else 0::smallint end as v
            from {}
        ) as versions group by v order by v",
        spec.relation()
    );
    let rows = transaction.query_typed(&statement, &[]).await?;
    counts(&rows)
}

/// The number of active references of each contract version in a source.
pub async fn references_by_version(client: &impl GenericClient, source_id: i32) -> Result<Vec<VersionCount>> {
    counts(&client.query_typed(STORED, &[(&source_id, Type::INT4)]).await?)
}

fn counts(rows: &[tokio_postgres::Row]) -> Result<Vec<VersionCount>> {
    let count = |row: &tokio_postgres::Row| {
        Ok(VersionCount { contract_version: row.read("contract_version")?, count: row.read("num_rows")? })
    };
    rows.iter().map(count).collect()
}

/// Copies the contract version from `column` of the payload to those of these references that a run wrote; invalid
/// versions become 0. Returns the number of changed references. Field rules must not ignore the column.
pub async fn mark(
    client: &impl GenericClient,
    run_id: i64,
    reference_ids: &[ReferenceId],
    column: &str,
) -> Result<u64> {
    let ids = sql_ids(reference_ids);
    let parameters: [(&(dyn ToSql + Sync), Type); 3] =
        [(&ids, Type::UUID_ARRAY), (&run_id, Type::INT8), (&column, Type::TEXT)];
    Ok(client.execute_typed(MARK, &parameters).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_panicked_task_are_an_error() {
        let read = |pieces: Vec<Piece>| {
            let (sender, receiver) = mpsc::channel(PIECES_WAITING);
            for piece in pieces {
                sender.try_send(Ok(piece)).unwrap();
            }
            drop(sender);
            let mut rows = Rows { pieces: receiver, piece: Vec::new(), at: 0, is_over: false };
            let mut text = String::new();
            rows.read_to_string(&mut text).map(|_| text)
        };
        let row = || Piece::Rows(b"{}\n".to_vec());
        assert_eq!(read(vec![row(), row(), Piece::End]).unwrap(), "{}\n{}\n");
        assert!(read(vec![row()]).is_err());
    }
}
