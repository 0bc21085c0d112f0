//! `forebay pipelines`: the pipelines in the database.

mod disable;
mod enable;
mod list;

use clap::Subcommand;
use forebay_store::{connect::Database, pipelines::Pipeline};
use forebay_views::read::pipelines::state;

use crate::{
    context::Context,
    failure::{Exit, Failure},
    names,
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(list::Args),
    Enable(enable::Args),
    Disable(disable::Args),
}

/// Runs the command.
pub(crate) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::List(_) => list::run(context).await,
        Command::Enable(args) => enable::run(args, context).await,
        Command::Disable(args) => disable::run(args, context).await,
    }
}

/// Changes a pipeline and prints its state afterwards.
async fn change(
    name: &String,
    context: &Context,
    apply: impl AsyncFnOnce(&Database, &Pipeline) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    context
        .report(async |database| {
            let pipeline = names::pipeline(&database.client().await?, name).await?;
            apply(database, &pipeline).await?;
            let client = database.client().await?;
            state(&client, &names::pipeline(&client, name).await?).await
        })
        .await
}
