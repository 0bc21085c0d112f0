//! Which rows of the user's a source reads, from its settings.

use forebay_sources::kinds::Postgres;
use forebay_store::user_rows::RowsSpec;

/// The rows of a source. Error: `name_refused`, for a name that no table or column can have.
pub(super) fn rows_spec(postgres: &Postgres) -> forebay_store::Result<RowsSpec> {
    let timeout = postgres.timeout.get();
    let spec = match (&postgres.table, &postgres.query) {
        (Some(table), _) => RowsSpec::table(table, timeout)?,
        (None, query) => RowsSpec::query(query.as_deref().unwrap_or_default(), timeout),
    };
    Ok(match &postgres.contract_version_column {
        Some(column) => spec.with_contract_version(column)?,
        None => spec,
    })
}
