//! Writes rows so that one that the database refuses costs only that row.
//!
//! Each statement has a savepoint, which is sent in the same round trip. If the data of a row is refused, the statement
//! is undone and its rows are tried in halves, down to the refused ones. Other errors fail the transaction.

use forebay_domain::identity::ReferenceId;
use futures_util::future;
use serde_json::Value;
use tokio_postgres::{
    Transaction,
    types::{ToSql, Type},
};
use tracing::warn;

use crate::{
    error::{Result, is_about_data},
    row::ReadRow,
    types::{SqlId, sql_ids},
};

/// After this many refusals in one statement, its remaining rows are not halved further: the table is wrong, not a row.
const MAX_REFUSED: usize = 100;

/// A row that the database refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// The table.
    pub table: String,
    /// The path of the file from which the row is made; `None`: it has no single file.
    pub path: Option<String>,
    /// The five-character SQLSTATE.
    pub sqlstate: String,
    /// The server's message.
    pub message: String,
    /// The column, if the server names one.
    pub column: Option<String>,
    /// The constraint, if the server names one.
    pub constraint: Option<String>,
}

/// What was written to the content tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projected {
    /// Number of rows that were written or deleted.
    pub num_rows: u64,
    /// The rows that the database refused.
    pub refused: Vec<RefusedRow>,
    /// Run after each statement, to check constraints that are deferred.
    check: Option<String>,
}

/// A parameter with its type.
pub(super) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// The rows that a statement writes: its second parameter.
#[derive(Clone, Copy)]
enum Items<'a> {
    /// Lessons, by their references.
    Lessons(&'a [SqlId]),
    /// Keys of a user's table of lessons.
    Keys(&'a [Value]),
}

impl Items<'_> {
    fn len(self) -> usize {
        match self {
            Self::Lessons(ids) => ids.len(),
            Self::Keys(keys) => keys.len(),
        }
    }

    fn halves(self) -> [Self; 2] {
        let middle = self.len() / 2;
        match self {
            Self::Lessons(ids) => [Self::Lessons(&ids[..middle]), Self::Lessons(&ids[middle..])],
            Self::Keys(keys) => [Self::Keys(&keys[..middle]), Self::Keys(&keys[middle..])],
        }
    }
}

impl Projected {
    /// Nothing yet. `check` is run after each statement, which is refused if the check is.
    pub(super) fn checking(check: Option<&str>) -> Self {
        Self { check: check.map(str::to_owned), ..Self::default() }
    }

    /// Adds what another statement wrote.
    pub fn add(&mut self, other: Self) {
        self.num_rows += other.num_rows;
        self.refused.extend(other.refused);
    }

    /// Runs a statement that writes one row of a course. `files` are the references from which the row is made.
    pub(super) async fn write_course(
        &mut self,
        transaction: &Transaction<'_>,
        table: &str,
        statement: &str,
        parameters: &[Parameter<'_>],
        files: &[ReferenceId],
    ) -> Result<()> {
        match attempt(transaction, statement, parameters, self.check.as_deref()).await? {
            Ok(num_rows) => self.num_rows += num_rows,
            Err(refusal) => {
                let path = paths(transaction, &sql_ids(files)).await?.into_iter().next();
                self.refuse(refusal.row(table, path.map(|(_, path)| path)));
            }
        }
        Ok(())
    }

    /// Runs a statement that writes the rows of lessons. Returns the lessons whose rows were refused.
    pub(super) async fn write_lessons(
        &mut self,
        transaction: &Transaction<'_>,
        table: &str,
        statement: &str,
        piece_id: i64,
        ids: &[ReferenceId],
    ) -> Result<Vec<ReferenceId>> {
        let ids = sql_ids(ids);
        let refused = self.write(transaction, statement, piece_id, Items::Lessons(&ids)).await?;
        let mut refused_ids = Vec::new();
        for (part, refusal) in refused {
            let Items::Lessons(ids) = part else { continue };
            for (SqlId(id), path) in paths(transaction, ids).await? {
                refused_ids.push(id);
                self.refuse(refusal.row(table, Some(path)));
            }
        }
        Ok(refused_ids)
    }

    /// Runs a statement that deletes the rows of keys.
    pub(super) async fn delete_keys(
        &mut self,
        transaction: &Transaction<'_>,
        table: &str,
        statement: &str,
        piece_id: i64,
        keys: &[Value],
    ) -> Result<()> {
        for (part, refusal) in self.write(transaction, statement, piece_id, Items::Keys(keys)).await? {
            let Items::Keys(keys) = part else { continue };
            for key in keys {
                let mut row = refusal.row(table, None);
                row.message = format!("{}; the row {key} was to be deleted", row.message);
                self.refuse(row);
            }
        }
        Ok(())
    }

    /// Writes rows, in halves if some are refused. Returns those.
    async fn write<'a>(
        &mut self,
        transaction: &Transaction<'_>,
        statement: &str,
        piece_id: i64,
        items: Items<'a>,
    ) -> Result<Vec<(Items<'a>, Refusal)>> {
        let mut refused: Vec<(Items<'a>, Refusal)> = Vec::new();
        let mut parts = if items.len() == 0 { Vec::new() } else { vec![items] };
        while !parts.is_empty() {
            let mut has_progress = false;
            while let Some(part) = parts.pop() {
                let attempted = match part {
                    Items::Lessons(ids) => {
                        let parameters: [Parameter<'_>; 2] =
                            [(&piece_id, Type::INT8), (&ids, Type::UUID_ARRAY)];
                        attempt(transaction, statement, &parameters, self.check.as_deref()).await?
                    }
                    Items::Keys(keys) => {
                        let keys = Value::Array(keys.to_vec());
                        let parameters: [Parameter<'_>; 2] = [(&piece_id, Type::INT8), (&keys, Type::JSONB)];
                        attempt(transaction, statement, &parameters, self.check.as_deref()).await?
                    }
                };
                match attempted {
                    Ok(num_rows) => {
                        self.num_rows += num_rows;
                        has_progress = true;
                    }
                    Err(refusal) if part.len() == 1 || refused.len() >= MAX_REFUSED => {
                        refused.push((part, refusal));
                    }
                    Err(_) => parts.extend(part.halves()),
                }
            }
            // A row may fit once another one has changed, for example if two exchange a unique value.
            if has_progress && refused.len() < MAX_REFUSED {
                parts.extend(refused.drain(..).map(|(part, _)| part));
            }
        }
        Ok(refused)
    }

    fn refuse(&mut self, row: RefusedRow) {
        warn!(
            table = row.table,
            path = row.path.as_deref().unwrap_or_default(),
            sqlstate = row.sqlstate,
            "a row is refused: {}",
            row.message
        );
        self.refused.push(row);
    }
}

/// Why a row was refused.
struct Refusal {
    sqlstate: String,
    message: String,
    column: Option<String>,
    constraint: Option<String>,
}

impl Refusal {
    /// `None`: the error is not about the data of a row.
    fn of(error: &tokio_postgres::Error) -> Option<Self> {
        let server = error.as_db_error()?;
        is_about_data(error).then(|| Self {
            sqlstate: server.code().code().to_owned(),
            message: server.message().to_owned(),
            column: server.column().map(str::to_owned),
            constraint: server.constraint().map(str::to_owned),
        })
    }

    fn row(&self, table: &str, path: Option<String>) -> RefusedRow {
        RefusedRow {
            table: table.to_owned(),
            path,
            sqlstate: self.sqlstate.clone(),
            message: self.message.clone(),
            column: self.column.clone(),
            constraint: self.constraint.clone(),
        }
    }
}

/// Runs a check. Returns whether it passed; if not, the transaction goes on as if it had not run.
pub(super) async fn is_accepted(transaction: &Transaction<'_>, check: &str) -> Result<bool> {
    Ok(attempt(transaction, "select", &[], Some(check)).await?.is_ok())
}

/// Runs a statement, and a check after it. If one of them is refused, the transaction goes on without it.
async fn attempt(
    transaction: &Transaction<'_>,
    statement: &str,
    parameters: &[Parameter<'_>],
    check: Option<&str>,
) -> Result<std::result::Result<u64, Refusal>> {
    // Sent together: the first poll of each future sends its message, in this order.
    let checked = async {
        match check {
            Some(check) => transaction.batch_execute(check).await,
            None => Ok(()),
        }
    };
    let (begun, done, checked, released) = future::join4(
        transaction.batch_execute("savepoint content_rows"),
        transaction.execute_typed(statement, parameters),
        checked,
        transaction.batch_execute("release savepoint content_rows"),
    )
    .await;
    // If the statement failed, so did everything after it.
    match done.and_then(|num_rows| checked.map(|()| num_rows)) {
        Ok(num_rows) => {
            begun?;
            released?;
            Ok(Ok(num_rows))
        }
        Err(error) => {
            let Some(refusal) = Refusal::of(&error) else { return Err(error.into()) };
            let undo = "rollback to savepoint content_rows; release savepoint content_rows";
            transaction.batch_execute(undo).await?;
            Ok(Err(refusal))
        }
    }
}

/// The paths of files, by path.
async fn paths(transaction: &Transaction<'_>, ids: &[SqlId]) -> Result<Vec<(SqlId, String)>> {
    let statement = "select r.reference_id, coalesce(r.payload ->> 'path', r.record_key) as path \
         from forebay.\"references\" as r where r.reference_id = any($1) \
         order by coalesce(r.payload ->> 'path', r.record_key) collate \"C\"";
    let rows = transaction.query_typed(statement, &[(&ids, Type::UUID_ARRAY)]).await?;
    rows.iter().map(|row| Ok((row.read("reference_id")?, row.read("path")?))).collect()
}
