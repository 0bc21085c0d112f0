//! The user's own tables, filled with the rows of the content tables in the same transaction.
//!
//! Names come from the configuration and are checked as [`TableName`] and [`ColumnName`]; types come from the
//! catalogue, so values arrive in the types of the user's columns. [`OwnStatements::load`] checks the tables and builds
//! their statements. Only rows that Forebay wrote are ever deleted, and only changed rows are written.

mod check;
mod columns;
mod statements;

use forebay_domain::{
    content::own_tables::{OwnTableKind, OwnTables},
    identity::ReferenceId,
};
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::{GenericClient, Transaction, types::Type};

use self::check::CheckedTable;
use super::refused::{Parameter, Projected};
use crate::{
    error::{Error, Result},
    row::ReadRow,
    types::sql_ids,
};

pub use check::TableDifference;

const DEFERRED: &str = include_str!("own_tables/deferred.sql");

/// The statements that fill and compare a course's own tables.
#[derive(Clone, Debug, Default)]
pub struct OwnStatements {
    pieces: Option<TableStatements>,
    metadata: Option<TableStatements>,
    research: Option<TableStatements>,
    lessons: Option<LessonStatements>,
    performance: Option<PerformanceStatements>,
    /// Checks the deferred constraints of the tables now; `None`: there are none.
    check_deferred: Option<String>,
}

#[derive(Clone, Debug)]
struct PerformanceStatements {
    rows: TableStatements,
    /// Writes the row of one measurement.
    upsert_one: String,
}

#[derive(Clone, Debug)]
struct TableStatements {
    table: String,
    upsert: String,
    /// Finds the rows that the upsert would write.
    differences: String,
}

#[derive(Clone, Debug)]
struct LessonStatements {
    rows: TableStatements,
    /// The keys that lessons have in the user's table.
    keys: String,
    /// Deletes the rows of keys that no lesson has any more.
    remove: String,
}

impl TableStatements {
    fn new(checked: &CheckedTable) -> Self {
        Self {
            table: checked.name.to_string().replace('"', ""),
            upsert: statements::upsert(checked),
            differences: statements::differences(checked),
        }
    }
}

impl OwnStatements {
    /// Checks the tables and builds their statements. Error: `content_tables_mismatch`, with all differences.
    pub async fn load(client: &impl GenericClient, tables: &OwnTables) -> Result<Self> {
        let mut own = Self::default();
        let mut differences = Vec::new();
        let mut pieces = None;
        let mut names = Vec::new();
        for (kind, table) in tables.tables() {
            let (checked, found) = check::check(client, kind, table, pieces.as_ref()).await?;
            differences.extend(found);
            let Some(checked) = checked else { continue };
            let rows = TableStatements::new(&checked);
            names.push(checked.name.to_string());
            match kind {
                OwnTableKind::Pieces => {
                    own.pieces = Some(rows);
                    pieces = Some(checked);
                }
                OwnTableKind::Metadata => own.metadata = Some(rows),
                OwnTableKind::Research => own.research = Some(rows),
                OwnTableKind::Performance => {
                    let upsert_one = statements::upsert_measurement(&checked);
                    own.performance = Some(PerformanceStatements { rows, upsert_one });
                }
                OwnTableKind::Lessons => {
                    own.lessons = Some(LessonStatements {
                        rows,
                        keys: statements::keys(&checked),
                        remove: statements::remove(&checked),
                    });
                }
            }
        }
        if !differences.is_empty() {
            return Err(Error::ContentTables { differences });
        }
        if !names.is_empty() {
            let deferred = client.query_typed(DEFERRED, &[(&names, Type::TEXT_ARRAY)]).await?;
            let deferred: Vec<String> = deferred.iter().map(|row| row.read("name")).collect::<Result<_>>()?;
            let all = deferred.join(", ");
            own.check_deferred = (!deferred.is_empty())
                .then(|| format!("set constraints {all} immediate; set constraints {all} deferred"));
        }
        Ok(own)
    }

    /// Checks the deferred constraints of the tables now; `None`: there are none. Without it, they would fail the
    /// commit, with all rows.
    pub(super) fn check_deferred(&self) -> Option<&str> {
        self.check_deferred.as_deref()
    }

    /// The tables, each with the statement that finds rows to write. Its parameter is the course.
    pub(super) fn differences(&self) -> impl Iterator<Item = (&str, &str)> {
        let Self { pieces, metadata, research, lessons, performance, .. } = self;
        let lessons = lessons.as_ref().map(|lessons| &lessons.rows);
        let performance = performance.as_ref().map(|performance| &performance.rows);
        [pieces.as_ref(), metadata.as_ref(), research.as_ref(), lessons, performance]
            .into_iter()
            .flatten()
            .map(|table| (table.table.as_str(), table.differences.as_str()))
    }

    /// Writes the row of the course itself. `files` are the references from which it is made.
    pub(super) async fn write_piece(
        &self,
        transaction: &Transaction<'_>,
        piece_id: i64,
        files: &[ReferenceId],
        written: &mut Projected,
    ) -> Result<()> {
        write(transaction, self.pieces.as_ref(), piece_id, files, written).await
    }

    /// Writes the row with the metadata of a course.
    pub(super) async fn write_metadata(
        &self,
        transaction: &Transaction<'_>,
        piece_id: i64,
        files: &[ReferenceId],
        written: &mut Projected,
    ) -> Result<()> {
        write(transaction, self.metadata.as_ref(), piece_id, files, written).await
    }

    /// Writes the row with the research of a course.
    pub(super) async fn write_research(
        &self,
        transaction: &Transaction<'_>,
        piece_id: i64,
        files: &[ReferenceId],
        written: &mut Projected,
    ) -> Result<()> {
        write(transaction, self.research.as_ref(), piece_id, files, written).await
    }

    /// Writes the rows of all measurements.
    pub(super) async fn write_performance(
        &self,
        transaction: &Transaction<'_>,
        piece_id: i64,
        written: &mut Projected,
    ) -> Result<()> {
        let rows = self.performance.as_ref().map(|performance| &performance.rows);
        write(transaction, rows, piece_id, &[], written).await
    }

    /// Writes the row of one measurement.
    pub(super) async fn write_measurement(
        &self,
        transaction: &Transaction<'_>,
        piece_id: i64,
        metric: &str,
        recorded_at: Timestamp,
        written: &mut Projected,
    ) -> Result<()> {
        let Some(PerformanceStatements { rows, upsert_one }) = &self.performance else { return Ok(()) };
        let parameters: [Parameter<'_>; 3] =
            [(&piece_id, Type::INT8), (&metric, Type::TEXT), (&recorded_at, Type::TIMESTAMPTZ)];
        written.write_course(transaction, &rows.table, upsert_one, &parameters, &[]).await
    }

    /// The keys in the user's table of lessons that are about to change, for [`Self::write_lessons`].
    pub(super) async fn lesson_keys(
        &self,
        client: &impl GenericClient,
        piece_id: i64,
        ids: &[ReferenceId],
    ) -> Result<Vec<Value>> {
        let Some(lessons) = &self.lessons else { return Ok(Vec::new()) };
        let ids = sql_ids(ids);
        let parameters: [Parameter<'_>; 2] = [(&piece_id, Type::INT8), (&ids, Type::UUID_ARRAY)];
        let rows = client.query_typed(&lessons.keys, &parameters).await?;
        rows.iter().map(|row| row.read("key")).collect()
    }

    /// Writes the rows of lessons, and deletes those of `keys_before` that no lesson has any more.
    pub(super) async fn write_lessons(
        &self,
        transaction: &Transaction<'_>,
        piece_id: i64,
        ids: &[ReferenceId],
        keys_before: &[Value],
        written: &mut Projected,
    ) -> Result<()> {
        let Some(LessonStatements { rows, remove, .. }) = &self.lessons else { return Ok(()) };
        written.delete_keys(transaction, &rows.table, remove, piece_id, keys_before).await?;
        written.write_lessons(transaction, &rows.table, &rows.upsert, piece_id, ids).await?;
        Ok(())
    }
}

async fn write(
    transaction: &Transaction<'_>,
    table: Option<&TableStatements>,
    piece_id: i64,
    files: &[ReferenceId],
    written: &mut Projected,
) -> Result<()> {
    let Some(TableStatements { table, upsert, .. }) = table else { return Ok(()) };
    written.write_course(transaction, table, upsert, &[(&piece_id, Type::INT8)], files).await
}
