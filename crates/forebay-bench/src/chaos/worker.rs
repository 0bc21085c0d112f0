//! One worker, in a process of its own so that it can be killed: what `forebay work` does, without schedules.

use std::{future::pending, path::PathBuf};

use forebay_engine::work::{Declarations, WorkOptions, drain, follow};

use super::stage;
use crate::{context::Context, failure::Failure};

/// Most hand-offs of one batch: small, so that a kill hits many batches.
const BATCH: u32 = 50;

/// Ingest what has been handed off
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stop when nothing is left to do
    #[arg(long)]
    drain: bool,

    /// The file that the command appends to
    #[arg(long)]
    deliveries: PathBuf,

    /// The URL of the webhook's endpoint
    #[arg(long)]
    receiver: String,
}

/// Runs this part.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    // Reconciliation would hand off again what was lost, and so hide the loss.
    let options = WorkOptions {
        declarations: Declarations::new(stage::specs(&args.deliveries, &args.receiver)),
        batch: BATCH,
        reconcile_every: None,
        ..WorkOptions::default()
    };
    let database = context.database().await?;
    if args.drain {
        drain(&database, &options, &|_| {}).await?;
    } else {
        follow(&database, &options, &|_| {}, pending()).await?;
    }
    Ok(database.close().await?)
}
