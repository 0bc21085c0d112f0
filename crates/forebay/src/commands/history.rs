//! `forebay history`: the versions of one reference, or its state at a time.

mod excerpt;
mod report;

use forebay_views::read::references;
use jiff::Timestamp;

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
};

/// Show every change of a reference, or its state at a point in time
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay history courses/CSC-126
  forebay history courses/CSC-126 --at 2026-01-12
  forebay history 1f0c2a7e-5b1d-8c33-9a55-0d3a5a1f7c20 --output json")]
pub(crate) struct Args {
    /// Reference: `NAME/RECORD_KEY` or its UUID
    #[arg(value_parser = values::name)]
    pub(crate) reference: String,

    /// Show the record as observed at this time
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(crate) at: Option<Timestamp>,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context
        .with_database(async |database| {
            let client = database.client().await?;
            if let Some(at) = args.at {
                return context.ui.show(&references::at(&client, &args.reference, at).await?);
            }
            context.ui.show(&references::history(&client, &args.reference).await?)
        })
        .await?;
    Ok(Exit::Done)
}
