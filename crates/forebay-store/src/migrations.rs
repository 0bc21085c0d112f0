//! The migrations: what this program carries, and running them.
//!
//! A migration is a pair of files in `crates/forebay-store/migrations/`, `NNNN_name.up.sql` and `.down.sql`; adding
//! one is adding the pair and a line in [`MIGRATIONS`]. Once released it never changes: its checksum is kept in the
//! database, and a difference is reported as drift. Each runs in a transaction of its own under one advisory lock, so
//! any number of processes may migrate at the same moment and each migration runs once; that also works through a
//! transaction-mode pooler. Nothing here touches anything outside of the schemas that the migrations make.

use jiff::Timestamp;
use tokio_postgres::Client;

use crate::error::{Error, Result};

mod history;
mod run;

/// One step of the schema, there and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Counts 1, 2, 3 …
    pub version: u32,
    /// What it brings, in snake case, as in the file's name.
    pub name: &'static str,
    /// The statements that make it.
    pub up: &'static str,
    /// The statements that undo it.
    pub down: &'static str,
}

/// Reads the pairs of files; a name is `NNNN_name`, as the files are called.
macro_rules! migrations {
    ($($file:literal),* $(,)?) => {
        &[$(Migration {
            version: version_of($file),
            name: $file.split_at(5).1,
            up: include_str!(concat!("../migrations/", $file, ".up.sql")),
            down: include_str!(concat!("../migrations/", $file, ".down.sql")),
        }),*]
    };
}

/// Every migration of this program, in order.
pub const MIGRATIONS: &[Migration] = migrations![
    "0001_sources_and_runs",
    "0002_references",
    "0003_handoffs",
    "0004_point_in_time",
    "0005_integrity",
    "0006_documents",
    "0007_workers",
    "0008_scraping",
];

/// The number in front of a file's name. A name without one does not compile.
const fn version_of(file: &str) -> u32 {
    let digits = file.as_bytes();
    let (mut version, mut place) = (0, 0);
    while place < 4 {
        assert!(digits[place].is_ascii_digit(), "a migration's file name begins with four digits");
        version = version * 10 + (digits[place] - b'0') as u32;
        place += 1;
    }
    version
}

/// How a migration stands in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationState {
    /// Applied, and the same as ours.
    Applied,
    /// Not applied yet.
    Pending,
    /// Applied, but ours is another text.
    Drifted,
    /// Applied by a newer Forebay; we do not carry it.
    Unknown,
}

impl MigrationState {
    /// The stable word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Drifted => "drifted",
            Self::Unknown => "unknown",
        }
    }
}

/// One line of [`status`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// The migration's number.
    pub version: u32,
    /// Its name; for one we do not carry, the name that is in the database.
    pub name: String,
    /// How it stands.
    pub state: MigrationState,
    /// When it was applied.
    pub applied_at: Option<Timestamp>,
}

/// Applies what is pending, and returns the versions that this call applied.
///
/// Errors: `schema_newer`, `migration_drift`, `migration_failed`; what was applied before the failure stays.
pub async fn up(client: &mut Client) -> Result<Vec<u32>> {
    run::up(client, MIGRATIONS).await
}

/// Undoes every migration above `to`, newest first, and returns the versions undone.
///
/// `to: 0` also removes the history and, if nothing else is in it, the schema.
pub async fn down(client: &mut Client, to: u32) -> Result<Vec<u32>> {
    run::down(client, MIGRATIONS, to).await
}

/// Undoes everything and applies everything. What was stored is gone.
pub async fn reset(client: &mut Client) -> Result<Vec<u32>> {
    run::down(client, MIGRATIONS, 0).await?;
    run::up(client, MIGRATIONS).await
}

/// Every migration that we carry or that the database knows, in order of its version.
pub async fn status(client: &Client) -> Result<Vec<MigrationStatus>> {
    run::status(client, MIGRATIONS).await
}

/// Sees to it that the schema is as this program expects it.
///
/// The embedded database is ours, so what is pending is applied. Somebody's own database is changed only when told:
/// there the answer is `schema_missing`.
pub async fn ensure(client: &mut Client, embedded: bool) -> Result<()> {
    let pending = run::pending(&run::status(client, MIGRATIONS).await?, MIGRATIONS)?;
    if pending == 0 {
        return Ok(());
    }
    if !embedded {
        return Err(Error::SchemaMissing { pending });
    }
    run::up(client, MIGRATIONS).await.map(|_| ())
}

/// The same functions for a list of one's own, for tests of the mechanism.
#[cfg(feature = "testing")]
pub mod with_list {
    pub use super::run::{down, status, up};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_up_from_one() {
        let versions: Vec<u32> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        let expected: Vec<u32> = (1..).take(MIGRATIONS.len()).collect();
        assert_eq!(versions, expected);
    }
}
