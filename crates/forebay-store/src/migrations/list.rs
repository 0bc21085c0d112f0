//! The migrations that this program contains. This file imports nothing, so that errors can name a migration.

/// One step of the schema, with its reverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Consecutive, from 1.
    pub version: u32,
    /// Its purpose in snake case, as in the file name.
    pub name: &'static str,
    /// The statements that apply it.
    pub up: &'static str,
    /// The statements that revert it.
    pub down: &'static str,
}

/// Includes pairs of files; each argument is a file name without extensions, `NNNN_name`.
macro_rules! migrations {
    ($($file:literal),* $(,)?) => {
        &[$(Migration {
            version: version_of($file),
            name: $file.split_at(5).1,
            up: include_str!(concat!("../../migrations/", $file, ".up.sql")),
            down: include_str!(concat!("../../migrations/", $file, ".down.sql")),
        }),*]
    };
}

/// Every migration of this program, in order.
pub const MIGRATIONS: &[Migration] = migrations![
    "0001_sources_and_runs",
    "0002_references",
    "0003_handoffs",
    "0004_point_in_time",
    "0005_documents",
    "0006_integrity",
    "0007_queue",
    "0008_limits",
    "0009_attempts",
    "0010_workers",
    "0011_scraping",
    "0012_content",
    "0013_access",
    "0014_profiles",
    "0015_entities",
    "0016_notifications",
    "0017_operators",
    "0018_requests",
];

/// The number at the start of a file name. A name without one does not compile.
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

impl Migration {
    /// The file name of its pair, without the extension.
    pub(crate) fn file_name(&self) -> String {
        format!("{:04}_{}", self.version, self.name)
    }

    fn creates(&self, table: &str) -> bool {
        [format!("create table forebay.{table} ("), format!("create table forebay.\"{table}\" (")]
            .iter()
            .any(|statement| self.up.contains(statement))
    }
}

/// The migration that creates a table of schema `forebay`.
pub(crate) fn creating(table: &str) -> Option<&'static Migration> {
    MIGRATIONS.iter().find(|migration| migration.creates(table))
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
