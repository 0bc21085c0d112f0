//! Rows of a table or query of the user's own, read as records: how what was there before Forebay is adopted.
//!
//! A run reads in one transaction that can only read, sees one moment, and has a time limit. The query of the
//! configuration is the user's own and runs with the user's rights; the name of a table is checked and quoted. Rows
//! stream: the server sends on only when rows are taken, so memory stays flat whatever the size of the table.
//!
//! Rows that were written for another contract are marked by a column of theirs. [`mark`] gives their references that
//! version, and [`rows_by_version`] and [`references_by_version`] tell what is mixed. Version 1 is that of Forebay's own
//! sources, 0 is every row whose column holds no version.

use std::{
    io::{self, Read},
    time::Duration,
};

use forebay_domain::identity::ReferenceId;
use futures_util::TryStreamExt;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{
    GenericClient, IsolationLevel,
    types::{ToSql, Type},
};

use crate::{
    connect::{Database, Dedicated},
    error::{Error, Result},
    row::ReadRow,
    tables::{ColumnName, TableName},
    types::sql_ids,
};

/// Gives references that a run wrote the contract version that stands in their payload.
pub const MARK: &str = include_str!("user_rows/mark.sql");
/// The active references of a source by contract version.
pub const STORED: &str = include_str!("user_rows/stored.sql");

/// Rows are handed over in pieces of about this size.
const PIECE_BYTES: usize = 128 << 10;
/// So many pieces may wait to be read.
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

    /// The rows of a query: one statement, which can only read.
    pub fn query(text: &str, timeout: Duration) -> Self {
        // Users end statements with a semicolon, which isn't allowed in a subquery.
        let query = text.trim().trim_end_matches(|c: char| c == ';' || c.is_whitespace());
        Self { selection: Selection::Query(query.to_owned()), contract_version_column: None, timeout }
    }

    /// The same with the column that says which version of its contract a row was written for. Error: `name_refused`.
    pub fn with_contract_version(self, column: &str) -> Result<Self> {
        Ok(Self { contract_version_column: Some(ColumnName::parse(column)?), ..self })
    }

    /// The rows as something to select from.
    fn relation(&self) -> String {
        match &self.selection {
            Selection::Table(name) => format!("{name} as r"),
            // On lines of its own: a comment at its end would swallow the parenthesis.
            Selection::Query(query) => format!("(\n{query}\n) as r"),
        }
    }
}

/// The rows on their way, as JSON Lines. Dropping it ends the query.
///
/// Reading blocks, so it must be done on a thread that may: not on one of the runtime's own.
#[derive(Debug)]
pub struct Rows {
    pieces: mpsc::Receiver<Result<Piece>>,
    piece: Vec<u8>,
    at: usize,
    is_over: bool,
}

/// What comes from the task that asks. A channel that is closed without an end was left by a task that died.
#[derive(Debug)]
enum Piece {
    Rows(Vec<u8>),
    End,
}

/// Begins to read, on a connection of its own. Errors: those of connecting, and what the server says of the query.
pub async fn start(database: &Database, spec: RowsSpec) -> Result<Rows> {
    let dedicated = database.dedicated().await?;
    let (sender, mut pieces) = mpsc::channel(PIECES_WAITING);
    let (ready, begun) = oneshot::channel();
    tokio::spawn(async move {
        if let Err(error) = send_rows(dedicated, &spec, ready, &sender).await {
            // The receiver has dropped the rows.
            let _unheard = sender.send(Err(error)).await;
        }
    });
    if begun.await.is_ok() {
        return Ok(Rows { pieces, piece: Vec::new(), at: 0, is_over: false });
    }
    // It didn't start: the first message says why.
    let why = pieces.recv().await.and_then(Result::err);
    Err(why.unwrap_or_else(|| Error::Busy { what: "the query".into() }))
}

async fn send_rows(
    mut dedicated: Dedicated,
    spec: &RowsSpec,
    ready: oneshot::Sender<()>,
    pieces: &mpsc::Sender<Result<Piece>>,
) -> Result<()> {
    let builder = dedicated.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
    let transaction = builder.read_only(true).start().await?;
    limit_time(&transaction, spec.timeout).await?;
    // Not jsonb, which would change numbers and take one of two columns of the same name.
    let statement = format!("select row_to_json(r)::text as record from {}", spec.relation());
    let parameters: [(&(dyn ToSql + Sync), Type); 0] = [];
    let rows = transaction.query_typed_raw(&statement, parameters).await?;
    let mut rows = std::pin::pin!(rows);
    // The receiver may be gone; then sending rows fails as well.
    let _waiting = ready.send(());
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    while let Some(row) = rows.try_next().await? {
        let text: &str = row.read("record")?;
        // A json column keeps its line breaks. They can't occur inside a string, so they are only white space.
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
        // A receiver that is gone doesn't need the end either.
        let _dropped = pieces.send(Ok(Piece::Rows(piece))).await;
    }
    let _dropped = pieces.send(Ok(Piece::End)).await;
    Ok(())
}

async fn limit_time(client: &impl GenericClient, timeout: Duration) -> Result<()> {
    let milliseconds = timeout.as_millis().clamp(1, 2_147_483_647).to_string();
    let statement = "select set_config('statement_timeout', $1, true)";
    client.query_typed(statement, &[(&milliseconds, Type::TEXT)]).await?;
    Ok(())
}

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() && !self.is_over {
            match self.pieces.blocking_recv() {
                Some(Ok(Piece::Rows(piece))) => (self.piece, self.at) = (piece, 0),
                Some(Ok(Piece::End)) => self.is_over = true,
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Err(io::Error::other("the query ended without a word")),
            }
        }
        let rest = &self.piece[self.at..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

/// How much there is of one contract version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionCount {
    /// The version; 0 is what has none.
    pub contract_version: i16,
    /// Rows or references.
    pub count: i64,
}

/// How many rows of each contract version there are in the user's table or query. Empty when no column tells.
pub async fn rows_by_version(database: &Database, spec: &RowsSpec) -> Result<Vec<VersionCount>> {
    let Some(column) = &spec.contract_version_column else { return Ok(Vec::new()) };
    let mut client = database.client().await?;
    let transaction = client.build_transaction().read_only(true).start().await?;
    limit_time(&*transaction, spec.timeout).await?;
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

/// How many active references of each contract version a source has.
pub async fn references_by_version(client: &impl GenericClient, source_id: i32) -> Result<Vec<VersionCount>> {
    counts(&client.query_typed(STORED, &[(&source_id, Type::INT4)]).await?)
}

fn counts(rows: &[tokio_postgres::Row]) -> Result<Vec<VersionCount>> {
    let count = |row: &tokio_postgres::Row| {
        Ok(VersionCount { contract_version: row.read("contract_version")?, count: row.read("num_rows")? })
    };
    rows.iter().map(count).collect()
}

/// Gives those of these references that a run wrote the contract version that stands in `column` of their payload; what
/// is no version is 0. Returns how many changed. Field rules must not ignore the column.
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
    fn rows_whose_task_died_have_no_end() {
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
