//! The user's own tables, filled with the rows of the content tables in the same transaction.
//!
//! Names come from the configuration and are checked as [`TableName`] and [`ColumnName`]; types come from the catalogue,
//! so values arrive in the types of the user's columns. [`OwnStatements::load`] checks the tables and builds their
//! statements. Only rows that Forebay wrote are ever deleted, and only changed rows are written.

mod check;
mod columns;
mod statements;

use forebay_domain::{
    content::own_tables::{OwnTableKind, OwnTables},
    identity::ReferenceId,
};
use serde_json::Value;
use tokio_postgres::{
    GenericClient,
    types::{ToSql, Type},
};

pub use check::TableDifference;

use crate::{
    error::{Error, Result},
    row::ReadRow,
    types::sql_ids,
};

/// The statements that fill a course's own tables.
#[derive(Clone, Debug, Default)]
pub struct OwnStatements {
    pieces: Option<String>,
    metadata: Option<String>,
    research: Option<String>,
    lessons: Option<LessonStatements>,
}

#[derive(Clone, Debug)]
struct LessonStatements {
    upsert: String,
    /// The keys that lessons have in the user's table.
    keys: String,
    /// Deletes the rows of keys that no lesson has any more.
    remove: String,
}

impl OwnStatements {
    /// Checks the tables and builds their statements. Error: `content_tables_mismatch`, with all differences.
    pub async fn load(client: &impl GenericClient, tables: &OwnTables) -> Result<Self> {
        let mut own = Self::default();
        let mut differences = Vec::new();
        let mut pieces = None;
        for (kind, table) in tables.tables() {
            let (checked, found) = check::check(client, kind, table, pieces.as_ref()).await?;
            differences.extend(found);
            let Some(checked) = checked else { continue };
            match kind {
                OwnTableKind::Pieces => {
                    own.pieces = Some(statements::upsert(&checked));
                    pieces = Some(checked);
                }
                OwnTableKind::Metadata => own.metadata = Some(statements::upsert(&checked)),
                OwnTableKind::Research => own.research = Some(statements::upsert(&checked)),
                OwnTableKind::Lessons => {
                    own.lessons = Some(LessonStatements {
                        upsert: statements::upsert(&checked),
                        keys: statements::keys(&checked),
                        remove: statements::remove(&checked),
                    });
                }
            }
        }
        if differences.is_empty() { Ok(own) } else { Err(Error::ContentTables { differences }) }
    }

    /// Writes the row of the course itself. Returns the number of rows written.
    pub(super) async fn write_piece(&self, client: &impl GenericClient, piece_id: i64) -> Result<u64> {
        execute(client, self.pieces.as_deref(), piece_id).await
    }

    /// Writes the row with the metadata of a course.
    pub(super) async fn write_metadata(&self, client: &impl GenericClient, piece_id: i64) -> Result<u64> {
        execute(client, self.metadata.as_deref(), piece_id).await
    }

    /// Writes the row with the research of a course.
    pub(super) async fn write_research(&self, client: &impl GenericClient, piece_id: i64) -> Result<u64> {
        execute(client, self.research.as_deref(), piece_id).await
    }

    /// The keys in the user's table of lessons that are about to change, for [`Self::write_lessons`].
    pub(super) async fn lesson_keys(
        &self,
        client: &impl GenericClient,
        piece_id: i64,
        ids: &[ReferenceId],
    ) -> Result<Value> {
        let Some(lessons) = &self.lessons else { return Ok(Value::Null) };
        let ids = sql_ids(ids);
        let parameters: [(&(dyn ToSql + Sync), Type); 2] =
            [(&piece_id, Type::INT8), (&ids, Type::UUID_ARRAY)];
        client.query_typed_one(&lessons.keys, &parameters).await?.read("keys")
    }

    /// Writes the rows of lessons, and deletes those of `keys_before` that no lesson has any more.
    pub(super) async fn write_lessons(
        &self,
        client: &impl GenericClient,
        piece_id: i64,
        ids: &[ReferenceId],
        keys_before: &Value,
    ) -> Result<u64> {
        let Some(lessons) = &self.lessons else { return Ok(0) };
        let mut num_rows = 0;
        if keys_before.as_array().is_some_and(|keys| !keys.is_empty()) {
            let parameters: [(&(dyn ToSql + Sync), Type); 2] =
                [(&piece_id, Type::INT8), (keys_before, Type::JSONB)];
            num_rows += client.execute_typed(&lessons.remove, &parameters).await?;
        }
        let ids = sql_ids(ids);
        let parameters: [(&(dyn ToSql + Sync), Type); 2] =
            [(&piece_id, Type::INT8), (&ids, Type::UUID_ARRAY)];
        num_rows += client.execute_typed(&lessons.upsert, &parameters).await?;
        Ok(num_rows)
    }
}

async fn execute(client: &impl GenericClient, statement: Option<&str>, piece_id: i64) -> Result<u64> {
    let Some(statement) = statement else { return Ok(0) };
    Ok(client.execute_typed(statement, &[(&piece_id, Type::INT8)]).await?)
}
