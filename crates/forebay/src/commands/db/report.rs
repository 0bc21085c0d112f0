//! The output of migrations, and what a revert would delete.

use forebay_store::{
    connect::{Client, Database},
    migrations::{self, Loss, MIGRATIONS, MigrationState},
    stats,
};
use forebay_views::Migrated;

use crate::{
    failure::Failure,
    ui::{Page, Report, format},
};

impl Report for Migrated {
    fn write(&self, page: &mut Page) {
        for (did, versions) in [("reverted", &self.undone), ("applied", &self.applied)] {
            for version in versions {
                page.line(&format!("{did} {version:04} {}", name_of(*version)));
            }
        }
        if self.version == 0 {
            page.line("the database has no schema of Forebay now");
        } else if self.undone.is_empty() && self.applied.is_empty() {
            page.line(&format!("nothing to do; the schema is at version {}", self.version));
        } else {
            page.line(&format!("the schema is at version {}", self.version));
        }
    }
}

/// The newest applied migration; 0: none.
pub(super) async fn version(client: &Client) -> Result<u32, Failure> {
    let lines = migrations::status(client).await?;
    let applied = lines.iter().filter(|line| line.state != MigrationState::Pending);
    Ok(applied.map(|line| line.version).max().unwrap_or(0))
}

/// How much data is stored, for the confirmation. An incomplete schema is not counted.
pub(super) async fn stored(client: &Client, database: &Database) -> String {
    let what = match stats::totals(&***client, None).await {
        Ok(totals) => format!(
            "{} with {}",
            format::counted(totals.num_active + totals.num_removed, "reference"),
            format::counted(totals.num_revisions, "revision")
        ),
        Err(_) => "everything that Forebay stored".to_owned(),
    };
    format!("{what} in {}", database.target())
}

/// The tables that a revert would drop, with the number of their rows.
pub(super) fn lost(losses: &[Loss]) -> String {
    let filled = losses.iter().filter(|loss| loss.num_rows > 0);
    let mut lost: Vec<String> =
        filled.map(|loss| format!("{} of {}", format::counted(loss.num_rows, "row"), loss.table)).collect();
    let num_empty = losses.len() - lost.len();
    if num_empty > 0 {
        lost.push(format::counted(num_empty as u64, "empty table"));
    }
    if lost.is_empty() { "no table".to_owned() } else { lost.join(", ") }
}

fn name_of(version: u32) -> &'static str {
    MIGRATIONS.iter().find(|migration| migration.version == version).map_or("", |migration| migration.name)
}
