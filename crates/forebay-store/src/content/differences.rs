//! Compares the rows of a course with its references. Writes nothing.

use std::sync::LazyLock;

use forebay_domain::identity::ReferenceId;
use futures_util::future;
use tokio_postgres::{GenericClient, Row, types::Type};

use super::{
    course::Course,
    projection::{LESSONS, METADATA, RESEARCH, TITLE},
    refused::Parameter,
};
use crate::{
    error::{Result, is_about_data},
    row::ReadRow,
    types::SqlId,
};

forebay_domain::words! {
    /// How a row differs from what the references say.
    pub enum RowState {
        /// There is no such row.
        Missing = "missing",
        /// Its columns differ.
        Changed = "changed",
        /// The course has no such lesson.
        Extra = "extra",
    }
}

/// A row that differs from what the references say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowDifference {
    /// The table.
    pub table: String,
    /// The lesson; `None`: the row is one of the course itself.
    pub reference_id: Option<ReferenceId>,
    /// The path of the lesson's file; `None`: the row is made from several files.
    pub path: Option<String>,
    /// How it differs.
    pub state: RowState,
    /// The columns that differ. Empty for a row that is missing or extra, and for a table that cannot be compared.
    pub columns: Vec<String>,
}

/// All tables of Forebay. `$1` is the course, `$2` the name of its source, `$3` its id.
static DIFFERENCES: LazyLock<String> = LazyLock::new(|| {
    [
        LESSONS.differences("and r.source_id = $3"),
        include_str!("extra_lessons.sql").to_owned(),
        METADATA.differences(""),
        TITLE.differences(""),
        RESEARCH.differences(""),
    ]
    .join(" union all ")
});

/// The rows of a course, in all its tables, that differ from what its references say.
pub async fn differences(
    client: &impl GenericClient,
    course: &Course,
    source_id: i32,
) -> Result<Vec<RowDifference>> {
    let Course { piece_id, source, own, .. } = course;
    let parameters: [Parameter<'_>; 3] =
        [(piece_id, Type::INT8), (source, Type::TEXT), (&source_id, Type::INT4)];
    let of_course: [Parameter<'_>; 1] = [(piece_id, Type::INT8)];
    let own_tables: Vec<(&str, &str)> = own.differences().collect();
    let compared = own_tables.iter().map(|(_, statement)| client.query_typed(statement, &of_course));
    // One round trip for all of them.
    let (rows, own_rows) =
        future::join(client.query_typed(&DIFFERENCES, &parameters), future::join_all(compared)).await;
    let mut found = rows?.iter().map(difference).collect::<Result<Vec<_>>>()?;
    for ((table, _), rows) in own_tables.into_iter().zip(own_rows) {
        match rows {
            Ok(rows) => {
                for row in &rows {
                    found.push(difference(row)?);
                }
            }
            // A value does not fit the type of its column, so the row cannot be there.
            Err(error) if is_about_data(&error) => found.push(RowDifference {
                table: table.to_owned(),
                reference_id: None,
                path: None,
                state: RowState::Changed,
                columns: Vec::new(),
            }),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

fn difference(row: &Row) -> Result<RowDifference> {
    Ok(RowDifference {
        table: row.read("relation")?,
        reference_id: row.read::<Option<SqlId>>("reference_id")?.map(|SqlId(id)| id),
        path: row.read("path")?,
        state: row.word("state")?,
        columns: row.read("columns")?,
    })
}
