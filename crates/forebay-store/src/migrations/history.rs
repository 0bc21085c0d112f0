//! The migration history: `forebay.schema_migrations`.
//!
//! The runner creates this table and the schemas, not a migration, because the first migration must be recorded too. A
//! role without the right to create tables can still read it, so reading never creates it.

use forebay_domain::hex;
use jiff::Timestamp;
use tokio_postgres::{GenericClient, Transaction, types::Type};

use super::list::Migration;
use crate::{
    error::{Error, Result},
    row::ReadRow,
};

/// "forebay" after a zero byte: all processes that migrate a database use this lock.
const LOCK: i64 = i64::from_be_bytes(*b"\0forebay");

/// One row of the history.
pub(super) struct Applied {
    pub(super) version: u32,
    pub(super) name: String,
    pub(super) checksum: String,
    pub(super) when: Timestamp,
}

/// Creates the schemas and the history table if they are missing; refuses those of another role.
pub(super) const SCHEMAS_UP: &str = include_str!("../../migrations/schemas.up.sql");
/// Removes them again.
pub(super) const SCHEMAS_DOWN: &str = include_str!("../../migrations/schemas.down.sql");
/// Names without a schema must mean the server's own objects, not those planted in a schema of the search path.
pub(super) const SEARCH_PATH: &str = "pg_catalog, pg_temp";
/// How the message of [`SCHEMAS_UP`] begins if another role owns something.
const FOREIGN: &str = "schema_foreign: ";

/// Waits for the lock, and sets what every migration needs. Both last until the transaction ends.
pub(super) async fn lock(transaction: &Transaction<'_>) -> Result<()> {
    // A migration of a large database may exceed the timeouts of hosted databases, and so may waiting for one.
    let settings = format!(
        "set local search_path = {SEARCH_PATH}; set local statement_timeout = 0; set local lock_timeout = 0"
    );
    transaction.batch_execute(&settings).await?;
    transaction.query_typed("select pg_catalog.pg_advisory_xact_lock($1)", &[(&LOCK, Type::INT8)]).await?;
    Ok(())
}

/// Creates what is missing. The caller has the lock.
///
/// Errors: `schema_foreign`.
pub(super) async fn open(transaction: &Transaction<'_>) -> Result<()> {
    transaction.batch_execute(SCHEMAS_UP).await.map_err(|error| {
        let foreign = error.as_db_error().and_then(|server| {
            let reason = server.message().strip_prefix(FOREIGN)?.to_owned();
            Some(Error::SchemaForeign { reason, hint: server.hint().map(str::to_owned) })
        });
        foreign.unwrap_or_else(|| error.into())
    })
}

/// The applied migrations, in order. Empty if the table doesn't exist.
pub(super) async fn read(client: &impl GenericClient) -> Result<Vec<Applied>> {
    if !exists(client).await? {
        return Ok(Vec::new());
    }
    let rows = client
        .query_typed(
            "select version::bigint as version, name, checksum, applied_at from forebay.schema_migrations order by version",
            &[],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Applied {
                // The column contains no negative numbers: only `write` fills it.
                version: u32::try_from(row.read::<i64>("version")?).unwrap_or_default(),
                name: row.read("name")?,
                checksum: row.read("checksum")?,
                when: row.read("applied_at")?,
            })
        })
        .collect()
}

/// Records that a migration was applied.
pub(super) async fn write(
    transaction: &Transaction<'_>,
    migration: &Migration,
) -> Result<(), tokio_postgres::Error> {
    let (version, checksum) = (i64::from(migration.version), checksum(migration));
    let insert = "insert into forebay.schema_migrations (version, name, checksum) values ($1::int, $2, $3)";
    let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
        [(&version, Type::INT8), (&migration.name, Type::TEXT), (&checksum, Type::TEXT)];
    transaction.execute_typed(insert, &values).await.map(|_| ())
}

/// Deletes the record of a migration.
pub(super) async fn erase(transaction: &Transaction<'_>, version: u32) -> Result<(), tokio_postgres::Error> {
    let delete = "delete from forebay.schema_migrations where version = $1";
    transaction.execute_typed(delete, &[(&i64::from(version), Type::INT8)]).await.map(|_| ())
}

/// SHA-256 of the `up` text in lower-case hex. Line endings are normalised, because a checkout may change them.
pub(super) fn checksum(migration: &Migration) -> String {
    let text = migration.up.replace("\r\n", "\n");
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    hex::encode(digest.as_ref())
}

/// Whether the table exists.
pub(super) async fn exists(client: &impl GenericClient) -> Result<bool> {
    let row = client
        .query_typed("select pg_catalog.to_regclass('forebay.schema_migrations') is not null as exists", &[])
        .await?;
    row.first().map_or(Ok(false), |row| row.read("exists"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_does_not_depend_on_line_ends() {
        let unix = Migration { version: 1, name: "a", up: "select 1;\n", down: "" };
        let windows = Migration { up: "select 1;\r\n", ..unix };
        let other = Migration { up: "select 2;\n", ..unix };
        assert_eq!(checksum(&unix), checksum(&windows));
        assert_ne!(checksum(&unix), checksum(&other));
        assert_eq!(checksum(&unix), "4a45092ccf992ea92250053a80b931b787924ba61648f420555511b84f10ab6c");
    }
}
