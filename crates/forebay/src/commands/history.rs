//! `forebay history`: the versions of one reference, and what it was at a time.

mod excerpt;
mod report;

use forebay_store::{
    connect::Database,
    history::{self, ReferenceRow},
};
use jiff::Timestamp;

use self::report::{AtReport, HistoryReport};
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
    let database = context.database().await?;
    let shown = match args.at {
        Some(at) => payload_at(args, at, &database).await.map(Shown::At),
        None => whole(args, &database).await.map(Shown::History),
    };
    database.close().await?;
    match shown? {
        Shown::History(report) => context.ui.show(&report)?,
        Shown::At(report) => context.ui.show(&report)?,
    }
    Ok(Exit::Done)
}

enum Shown {
    History(HistoryReport),
    At(AtReport),
}

async fn whole(args: &Args, database: &Database) -> Result<HistoryReport, Failure> {
    let client = database.client().await?;
    let reference = names::reference(&client, &args.reference).await?;
    let events = history::versions(&**client, &reference).await?;
    HistoryReport::new(reference, events)
}

async fn payload_at(args: &Args, at: Timestamp, database: &Database) -> Result<AtReport, Failure> {
    let client = database.client().await?;
    let reference = names::reference(&client, &args.reference).await?;
    match history::reference_at(&**client, reference.reference_id, at).await? {
        Some(payload) => AtReport::new(&reference, at, &payload),
        None => Err(not_there_then(&reference, at)),
    }
}

fn not_there_then(reference: &ReferenceRow, at: Timestamp) -> Failure {
    let name = format!("{}/{}", reference.source, reference.record_key);
    let why = if at < reference.first_seen_at {
        format!("it was first seen at {}", format::timestamp(reference.first_seen_at))
    } else {
        "it had been removed".to_owned()
    };
    Failure::new("not_there_then", format!("{name} was not there at {}: {why}", format::timestamp(at)))
        .hint(format!("`forebay history {}` shows when it came and went", reference.reference_id))
}
