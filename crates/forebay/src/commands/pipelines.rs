//! `forebay pipelines`: the pipelines in the database.

mod disable;
mod enable;
mod list;

use clap::Subcommand;
use forebay_store::{
    connect::Client,
    jobs,
    pipelines::{self, Pipeline},
};
use forebay_views::PipelineState;

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

/// The pipeline of this name. Error: `no_such_pipeline`.
async fn find(client: &Client, name: &String) -> Result<Pipeline, Failure> {
    names::pipelines(client, [name]).await?;
    let found = pipelines::find(&***client, name).await?;
    found.ok_or_else(|| Failure::usage("no_such_pipeline", format!("there is no pipeline {name:?}")))
}

async fn state(client: &Client, pipeline: &Pipeline) -> Result<PipelineState, Failure> {
    let backlog = jobs::backlog(&***client, pipeline.pipeline_id).await?;
    Ok(PipelineState::new(pipeline, &backlog))
}
