//! `forebay db backup`: a copy of the database in a file.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use forebay_engine::clock;
use forebay_store::{
    connect::Database,
    tools::{dump, find},
};
use forebay_views::DatabaseBackup;
use tokio::task::block_in_place;

use super::tools::{connection, contents};
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

/// Runs the command. Migrates nothing: a backup is also what to make before an upgrade.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.file.exists() {
        return Err(exists(&args.file));
    }
    context.report_bare(async |database| write(&args.file, context, database).await).await
}

async fn write(file: &Path, context: &Context, database: &Database) -> Result<DatabaseBackup, Failure> {
    database.require_session("a backup").await?;
    let (libpq, server_major) = connection(context, database).await?;
    let tool = find("pg_dump", server_major)?;
    // A backup that was cut off must not look like one.
    let part = Part::create(file).map_err(|error| Failure::file("written", file, &error))?;
    block_in_place(|| dump(&libpq, &tool, &part.path, contents(database)))?;
    let num_bytes = part.place(file)?;
    Ok(DatabaseBackup { file: file.display().to_string(), num_bytes, server_major, tool_major: tool.major })
}

fn exists(file: &Path) -> Failure {
    let message = format!("{} exists already", file.display());
    Failure::usage("file_exists", message).hint("name another file, or remove it")
}

/// A backup that is being written, beside its file. Dropping it removes it.
struct Part {
    path: PathBuf,
}

impl Part {
    /// Creates an empty file that only its owner can read.
    fn create(file: &Path) -> io::Result<Self> {
        let mut path = file.as_os_str().to_owned();
        path.push(format!(".{:016x}.part", clock::random_seed()));
        let path = PathBuf::from(path);
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { path })
    }

    /// Gives the backup its name and returns its size. Never overwrites a file: error `file_exists`.
    fn place(self, file: &Path) -> Result<u64, Failure> {
        let num_bytes =
            fs::metadata(&self.path).map_err(|error| Failure::file("written", file, &error))?.len();
        fs::hard_link(&self.path, file).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => exists(file),
            _ => Failure::file("written", file, &error),
        })?;
        Ok(num_bytes)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // The first error is the one to report.
        let _ = fs::remove_file(&self.path);
    }
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
