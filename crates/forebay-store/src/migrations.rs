//! The migrations of this program, and applying them.
//!
//! A migration is a pair of files in `crates/forebay-store/migrations/`: `NNNN_name.up.sql` and `.down.sql`. To add
//! one, add the pair and its name in [`MIGRATIONS`]. A released migration never changes: the database keeps its
//! checksum, and a difference is reported as drift. Each migration runs in its own transaction under one advisory lock,
//! and with a search path of the server's own objects: name everything else with its schema.
//! Any number of processes can therefore migrate at the same time and each migration runs once, even through a
//! transaction-mode pooler. Migrations touch nothing outside the schemas that they create.

use tokio_postgres::Client;

use crate::error::{Error, Result};

mod dependents;
mod export;
mod history;
pub(crate) mod list;
mod run;
mod status;

pub use export::{SqlFile, api_scripts, rollbacks, scripts};
pub use list::{MIGRATIONS, Migration};
pub use run::Loss;
pub use status::{MigrationState, MigrationStatus};

/// Applies the pending migrations and returns the versions that this call applied.
///
/// Errors: `schema_newer`, `schema_foreign`, `migration_drift`, `migration_failed`. Migrations applied before a failure
/// stay applied.
pub async fn up(client: &mut Client) -> Result<Vec<u32>> {
    run::up(client, MIGRATIONS).await
}

/// Reverts every migration above `to`, newest first, all or none, and returns the reverted versions.
///
/// `to: 0` also drops the history table and, if nothing else is in them, the schemas. Errors: those of [`up`], and
/// `schema_in_use`: objects of other schemas depend on what would be dropped.
pub async fn down(client: &mut Client, to: u32) -> Result<Vec<u32>> {
    run::down(client, MIGRATIONS, to).await
}

/// The tables that [`down`] would drop, with the number of their rows. Changes nothing. Errors: those of [`down`].
pub async fn losses(client: &mut Client, to: u32) -> Result<Vec<Loss>> {
    run::losses(client, MIGRATIONS, to).await
}

/// Reverts all migrations and applies them again. All stored data is lost.
pub async fn reset(client: &mut Client) -> Result<Vec<u32>> {
    run::down(client, MIGRATIONS, 0).await?;
    run::up(client, MIGRATIONS).await
}

/// Every migration that this program contains or that was applied to the database, by version.
pub async fn status(client: &Client) -> Result<Vec<MigrationStatus>> {
    run::status(client, MIGRATIONS).await
}

/// Checks that the schema is current.
///
/// In the embedded database, pending migrations are applied. A configured database is migrated only on request, so
/// pending migrations there are the error `schema_missing`.
pub async fn ensure(client: &mut Client, embedded: bool) -> Result<()> {
    let pending = status::pending(&run::status(client, MIGRATIONS).await?, MIGRATIONS)?;
    if pending == 0 {
        return Ok(());
    }
    if !embedded {
        return Err(Error::SchemaMissing { pending });
    }
    run::up(client, MIGRATIONS).await.map(|_| ())
}

/// The same functions with a custom list of migrations, for tests.
#[cfg(feature = "testing")]
pub mod with_list {
    pub use super::run::{down, status, up};
}
