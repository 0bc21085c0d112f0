//! Compares the migrations of this program with those applied to a database.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    history::{self, Applied},
    list::Migration,
};
use crate::error::{Error, Result};

forebay_domain::words! {
    /// The state of a migration in a database.
    pub enum MigrationState {
        /// Applied, and the same as in this program.
        Applied = "applied",
        /// Not applied yet.
        Pending = "pending",
        /// Applied, but its text differs from this program's.
        Drifted = "drifted",
        /// Applied by a newer Forebay; not in this program.
        Unknown = "unknown",
    }
}

/// One line of `status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// The migration's number.
    pub version: u32,
    /// Its name; if this program doesn't contain it, the name in the database.
    pub name: String,
    /// Its state.
    pub state: MigrationState,
    /// When it was applied.
    pub applied_at: Option<Timestamp>,
}

/// Number of pending migrations. A database that is newer than this program, or has drifted, is refused.
pub(super) fn pending(status: &[MigrationStatus], list: &[Migration]) -> Result<usize> {
    refuse_newer(status, list)?;
    if let Some(line) = status.iter().find(|line| line.state == MigrationState::Drifted) {
        return Err(Error::MigrationDrift { version: line.version, name: line.name.clone() });
    }
    Ok(status.iter().filter(|line| line.state == MigrationState::Pending).count())
}

pub(super) fn refuse_newer(status: &[MigrationStatus], list: &[Migration]) -> Result<()> {
    let newest = status.iter().rev().find(|line| line.state == MigrationState::Unknown);
    newest.map_or(Ok(()), |line| {
        let known = list.iter().map(|migration| migration.version).max().unwrap_or(0);
        Err(Error::SchemaNewer { found: line.version, known })
    })
}

pub(super) fn compare(applied: &[Applied], list: &[Migration]) -> Vec<MigrationStatus> {
    let ours = list.iter().map(|migration| {
        let (version, name) = (migration.version, migration.name.to_owned());
        (version, MigrationStatus { version, name, state: MigrationState::Pending, applied_at: None })
    });
    let mut lines: BTreeMap<u32, MigrationStatus> = ours.collect();
    for row in applied {
        let state = match list.iter().find(|migration| migration.version == row.version) {
            None => MigrationState::Unknown,
            Some(migration) if history::checksum(migration) == row.checksum => MigrationState::Applied,
            Some(_) => MigrationState::Drifted,
        };
        let (version, applied_at) = (row.version, Some(row.when));
        lines.insert(version, MigrationStatus { version, name: row.name.clone(), state, applied_at });
    }
    lines.into_values().collect()
}
