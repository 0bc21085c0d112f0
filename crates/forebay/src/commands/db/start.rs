//! `forebay db start`: keeps the private cluster running.

use super::url;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Start the private Postgres and keep it running until `forebay db stop`
///
/// Prints its URL. It listens on a socket in a private folder, so it needs no password and other users can't connect.
/// Has no effect on a configured database.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db start
  psql \"$(forebay db url)\"")]
pub(crate) struct Args {}

/// Runs the command.
pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    let (started, is_embedded) = context
        .with_database(async |database| {
            if let Some(cluster) = database.cluster() {
                cluster.keep().await?;
            }
            Ok((url::of(context, database).await?, database.is_embedded()))
        })
        .await?;
    context.ui.show(&started)?;
    if !is_embedded {
        context.ui.note("a database is configured; Forebay doesn't start configured databases");
    }
    Ok(Exit::Done)
}
