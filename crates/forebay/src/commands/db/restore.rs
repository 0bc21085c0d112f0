//! `forebay db restore`: the database as a backup has it.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::{ChildStdin, Stdio},
};

use forebay_store::{connect::Database, migrations, sources, stats, tools::Libpq};
use forebay_views::DatabaseRestored;
use tokio::task::block_in_place;

use super::{report, tools};
use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, format},
};

/// Replace the database with a backup
///
/// Everything that Forebay stored is replaced in one transaction: if anything fails, nothing changed. Asks for
/// confirmation if there is data; without a terminal, --yes is required.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db restore forebay.dump
  forebay db restore forebay.dump --yes && forebay doctor --deep")]
pub(crate) struct Args {
    /// A file of `forebay db backup` or of `pg_dump --format=custom`
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Skip the confirmation
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if let Err(error) = std::fs::File::open(&args.file) {
        let message = format!("{} can't be read", args.file.display());
        return Err(Failure::usage("file_unreadable", message).because(&error));
    }
    let database = context.bare_database().await?;
    let restored = restore(args, context, &database).await;
    database.close().await?;
    context.ui.show(&restored?)?;
    Ok(Exit::Done)
}

async fn restore(args: &Args, context: &Context, database: &Database) -> Result<DatabaseRestored, Failure> {
    let mut client = database.client().await?;
    if report::version(&client).await? == 0 {
        // Creates the roles that the backup grants rights to.
        migrations::up(&mut client).await?;
    }
    let has_data = sources::names(&**client).await.is_ok_and(|names| !names.is_empty());
    if has_data && !args.yes {
        let stored = report::stored(&client, database).await;
        context.ui.confirm(&format!("a restore replaces {stored}; this cannot be undone"))?;
    }
    let (libpq, server_major) = tools::connection(context, database).await?;
    replay(&libpq, server_major, &args.file, database.is_embedded())?;
    client.batch_execute("analyze").await.map_err(forebay_store::Error::from)?;
    let totals = stats::totals(&**client, None).await?;
    Ok(DatabaseRestored {
        file: args.file.display().to_string(),
        version: report::version(&client).await?,
        num_active: totals.num_active,
        num_removed: totals.num_removed,
        num_revisions: totals.num_revisions,
    })
}

/// Sends the statements of a backup to the server, in one transaction. It is committed only after the last statement,
/// so a backup that ends early changes nothing.
fn replay(libpq: &Libpq, server_major: u32, file: &Path, is_embedded: bool) -> Result<(), Failure> {
    let mut reading = libpq.command(&tools::find("pg_restore", server_major)?);
    reading.args(["--file=-", "--no-owner"]);
    if is_embedded {
        // The backup also contains tables outside Forebay's schemas.
        reading.args(["--clean", "--if-exists"]);
    }
    reading.arg(file).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut writing = libpq.command(&tools::find("psql", server_major)?);
    writing.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]);
    writing.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let failed =
        |error: io::Error| Failure::new("tool_failed", "the backup can't be replayed").because(&error);
    block_in_place(|| {
        let mut reader = reading.spawn().map_err(failed)?;
        let mut writer = writing.spawn().map_err(failed)?;
        let sent = (|| -> io::Result<Option<ChildStdin>> {
            let (Some(mut from), Some(mut to)) = (reader.stdout.take(), writer.stdin.take()) else {
                return Ok(None);
            };
            to.write_all(BEFORE.as_bytes())?;
            io::copy(&mut from, &mut to)?;
            Ok(Some(to))
        })();
        let read = reader.wait_with_output().map_err(failed)?;
        // A broken pipe is explained by what psql says.
        let committed = match sent {
            Ok(Some(mut to)) => read.status.success() && to.write_all(b"\ncommit;\n").is_ok(),
            Ok(None) | Err(_) => false,
        };
        let written = writer.wait_with_output().map_err(failed)?;
        tools::check(&written, "psql")?;
        tools::check(&read, "pg_restore").map_err(|failure| {
            failure.hint(
                "the file is no backup, is damaged, or was written by a newer pg_dump: install its client programs",
            )
        })?;
        if committed {
            Ok(())
        } else {
            Err(Failure::new("tool_failed", "the backup was not read to its end"))
        }
    })
}

const BEFORE: &str = "\
set client_min_messages = error;
begin;
drop schema if exists forebay cascade;
drop schema if exists forebay_private cascade;
";

impl Report for DatabaseRestored {
    fn write(&self, page: &mut Page) {
        page.line(&format!(
            "restored {}: {} active references, {} removed, {} revisions; the schema is at version {}",
            self.file,
            format::count(self.num_active),
            format::count(self.num_removed),
            format::count(self.num_revisions),
            self.version
        ));
        page.line("check it with: forebay doctor --deep");
    }
}
