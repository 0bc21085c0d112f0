//! Which course a source is.

use tokio_postgres::{GenericClient, types::Type};

use crate::{error::Result, row::ReadRow};

/// Which course a run writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// The course.
    pub piece_id: i64,
    /// Its source.
    pub source: String,
}

/// The course whose files are the references of a source. `None`: the source is no course.
pub async fn of_source(client: &impl GenericClient, source_id: i32) -> Result<Option<Course>> {
    let statement = "select p.piece_id, s.name as source from forebay.content_pieces as p \
         join forebay.sources as s on s.source_id = p.source_id where p.source_id = $1";
    let row = client.query_typed_opt(statement, &[(&source_id, Type::INT4)]).await?;
    row.map(|row| Ok(Course { piece_id: row.read("piece_id")?, source: row.read("source")? })).transpose()
}
