//! Which course a source is.

use forebay_domain::content::own_tables::OwnTables;
use serde_json::Value;
use tokio_postgres::{GenericClient, types::Type};

use super::own_tables::OwnStatements;
use crate::{
    error::{Error, Result},
    row::ReadRow,
};

/// Which course is written.
#[derive(Clone, Debug)]
pub struct Course {
    /// The course.
    pub piece_id: i64,
    /// Its source.
    pub source: String,
    /// What fills the user's own tables.
    pub own: OwnStatements,
}

/// The course whose files are the references of a source. `None`: the source is no course. Checks the user's own tables.
pub async fn of_source(client: &impl GenericClient, source_id: i32) -> Result<Option<Course>> {
    let statement = "select p.piece_id, s.name as source, p.own_tables from forebay.content_pieces as p \
         join forebay.sources as s on s.source_id = p.source_id where p.source_id = $1";
    let row = client.query_typed_opt(statement, &[(&source_id, Type::INT4)]).await?;
    let Some(row) = row else { return Ok(None) };
    let own = match row.read::<Option<Value>>("own_tables")? {
        Some(tables) => OwnStatements::load(client, &stored(tables)?).await?,
        None => OwnStatements::default(),
    };
    Ok(Some(Course { piece_id: row.read("piece_id")?, source: row.read("source")?, own }))
}

fn stored(tables: Value) -> Result<OwnTables> {
    let text = tables.to_string();
    serde_json::from_value(tables).map_err(|_| Error::UnknownWord { column: "own_tables", word: text })
}
