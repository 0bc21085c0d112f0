//! `forebay history`: the versions of one reference, or its state at a time.

mod excerpt;
mod report;

use forebay_store::{
    connect::Client,
    history::{self, ReferenceRow},
};
use forebay_views::{History, PointInTime};
use jiff::Timestamp;

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::format,
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
            let reference = names::reference(&client, &args.reference).await?;
            if let Some(at) = args.at {
                let payload = payload_at(&client, &reference, at).await?;
                return context.ui.show(&PointInTime::new(&reference, at, &payload)?);
            }
            let events = history::versions(&**client, &reference).await?;
            context.ui.show(&History::new(&reference, events)?)
        })
        .await?;
    Ok(Exit::Done)
}

/// The payload that a reference had at a time. Error: `not_there_then`.
pub(crate) async fn payload_at(
    client: &Client,
    reference: &ReferenceRow,
    at: Timestamp,
) -> Result<String, Failure> {
    if let Some(payload) = history::reference_at(&***client, reference.reference_id, at).await? {
        return Ok(payload);
    }
    let name = format::plain(&format!("{}/{}", reference.source, reference.record_key));
    let why = if at < reference.first_seen_at {
        format!("it was first seen at {}", format::timestamp(reference.first_seen_at))
    } else {
        "it had been removed".to_owned()
    };
    let message = format!("{name} did not exist at {}: {why}", format::timestamp(at));
    Err(Failure::new("not_there_then", message).hint(format!(
        "run `forebay history {}` to see when it was added and removed",
        reference.reference_id
    )))
}
