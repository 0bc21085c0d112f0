//! `forebay db backup`: a copy of the database in a file.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use forebay_store::connect::Database;
use forebay_views::DatabaseBackup;

use super::tools;
use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, format},
};

/// Write a backup, in the custom format of `pg_dump`
///
/// Of the private Postgres, everything; of a configured database, Forebay's own schemas. Only its owner can read the
/// file. Runs beside other work: the backup is the database at one moment.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db backup forebay.dump
  forebay db backup \"backups/$(date +%F).dump\"")]
pub(crate) struct Args {
    /// File to write; it must not exist
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.file.exists() {
        let message = format!("{} exists already", args.file.display());
        return Err(Failure::usage("file_exists", message).hint("name another file, or remove it"));
    }
    let database = context.database().await?;
    let written = write(&args.file, context, &database).await;
    database.close().await?;
    context.ui.show(&written?)?;
    Ok(Exit::Done)
}

async fn write(file: &Path, context: &Context, database: &Database) -> Result<DatabaseBackup, Failure> {
    let (libpq, server_major) = tools::connection(context, database).await?;
    let tool = tools::find("pg_dump", server_major)?;
    // A backup that was cut off must not look like one.
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let failed = |error: std::io::Error| {
        Failure::new("output_failed", format!("{} can't be written", file.display())).because(&error)
    };
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part).map_err(failed)?;
    let mut command = libpq.command(&tool);
    command.arg("--format=custom").arg("--no-owner").arg("--file").arg(&part);
    if !database.is_embedded() {
        command.args(["--schema=forebay", "--schema=forebay_private"]);
    }
    let written = tools::finish(command, "pg_dump");
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&part);
    }
    written?;
    let num_bytes = fs::metadata(&part).map_err(failed)?.len();
    fs::rename(&part, file).map_err(failed)?;
    Ok(DatabaseBackup { file: file.display().to_string(), num_bytes, server_major, tool_major: tool.major })
}

impl Report for DatabaseBackup {
    fn write(&self, page: &mut Page) {
        page.line(&format!(
            "wrote {} ({}), a backup of Postgres {} by pg_dump {}",
            self.file,
            format::bytes(self.num_bytes),
            self.server_major,
            self.tool_major
        ));
    }
}
