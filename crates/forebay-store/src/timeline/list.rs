//! The references of a source, page by page, chosen by scope and by values of their fields.

use forebay_domain::{
    field_filter::{self, FieldFilter},
    identity::ReferenceId,
    scope::Scope,
};
use tokio_postgres::{
    GenericClient,
    types::{ToSql, Type},
};

use super::change::{BEFORE_ALL, PageOf};
use crate::{
    error::Result,
    history::{ReferenceRow, reference_row},
    row::ReadRow,
    types::SqlId,
};

/// Reads references of a source.
pub const LIST: &str = include_str!("list.sql");

/// Selects references of a source.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Only of this scope.
    pub scope: Option<Scope>,
    /// Removed references instead of active ones.
    pub removed: bool,
    /// Only with these values in the payload.
    pub fields: Vec<FieldFilter>,
}

/// References of a source after a position, by id, at most `limit`.
pub async fn list(
    client: &impl GenericClient,
    source_id: i32,
    filter: &ListFilter,
    after: Option<ReferenceId>,
    limit: u32,
) -> Result<PageOf<ReferenceRow, ReferenceId>> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let rows = client
        .query_typed(
            LIST,
            &[
                (&source_id, Type::INT4),
                (&SqlId(after.unwrap_or(BEFORE_ALL)), Type::UUID),
                (&filter.scope.as_ref().map(Scope::to_string), Type::TEXT),
                (&filter.removed, Type::BOOL),
                (&field_filter::json_path(&filter.fields), Type::TEXT),
                (&(i64::from(limit) + 1), Type::INT8),
            ],
        )
        .await?;
    let items = rows.iter().take(wanted).map(reference_row).collect::<Result<Vec<_>>>()?;
    let next = items.last().filter(|_| rows.len() > wanted).map(|last| last.reference_id);
    Ok(PageOf { items, next })
}

/// Whether any record of a source, active or removed, has a value where this condition looks.
pub async fn has_field(client: &impl GenericClient, source_id: i32, field: &FieldFilter) -> Result<bool> {
    let statement = "select exists (select from forebay.\"references\" as r, unnest($2::text[]) as p (path) \
         where r.source_id = $1 and r.payload @? p.path::jsonpath) as has_field";
    let parameters: [(&(dyn ToSql + Sync), Type); 2] =
        [(&source_id, Type::INT4), (&field.paths(), Type::TEXT_ARRAY)];
    client.query_typed_one(statement, &parameters).await?.read("has_field")
}

/// The top-level fields of some records of a source, by name. Empty: it has no records.
pub async fn some_fields(client: &impl GenericClient, source_id: i32) -> Result<Vec<String>> {
    let rows = client
        .query_typed(
            "select distinct f.name from (select r.payload from forebay.\"references\" as r \
                 where r.source_id = $1 order by r.reference_id limit 500) as r \
             cross join lateral jsonb_object_keys(r.payload) as f (name) order by f.name",
            &[(&source_id, Type::INT4)],
        )
        .await?;
    rows.iter().map(|row| row.read("name")).collect()
}
