//! `forebay handoffs deliveries`: lists the requests of webhooks.

use std::time::Duration;

use forebay_store::deliveries::DeliveryFilter;
use forebay_views::{Delivery, Page, read};
use jiff::Timestamp;

use crate::{
    cli::{moment::past, values},
    context::Context,
    failure::{Exit, Failure},
    ui::{self, Report, Table, Tone, format, table::Column},
};

/// List the requests of webhooks with their responses, newest first
///
/// Requests are kept for seven days (`forebay work --delivery-retention`). `log_deliveries` of a pipeline says which
/// ones.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs deliveries hook
  forebay handoffs deliveries hook --failed --since 2h
  forebay handoffs deliveries --reference courses/CSC-126 --output json")]
pub(crate) struct Args {
    /// Only this pipeline
    #[arg(value_name = "PIPELINE", value_parser = values::name)]
    pipeline: Option<String>,

    /// Only this reference: `NAME/RECORD_KEY` or its UUID
    #[arg(long, value_name = "REFERENCE", value_parser = values::name)]
    reference: Option<String>,

    /// Only those that failed
    #[arg(long)]
    failed: bool,

    /// Only those sent since this time or within this span (`2h`, `3d`)
    #[arg(long, value_name = "T", value_parser = past)]
    since: Option<Timestamp>,

    /// Start after this cursor: `next` of the previous page
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,

    /// Maximum number of requests, newest first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let filter = DeliveryFilter {
        pipeline: args.pipeline.clone(),
        only_failed: args.failed,
        since: args.since,
        limit: i64::from(args.limit),
        ..DeliveryFilter::default()
    };
    let (reference, after) = (args.reference.as_deref(), args.after.as_deref());
    let page = context
        .with_database(async |database| {
            read::deliveries::page(&database.client().await?, filter, reference, after).await
        })
        .await?;
    context.ui.show_page(&page)?;
    Ok(Exit::Done)
}

impl Report for Page<Delivery> {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::text("sent, UTC"),
            Column::text("pipeline"),
            Column::text("reference"),
            Column::number("attempt").minor(),
            Column::number("status"),
            Column::text("failure_code"),
            Column::number("took"),
            Column::text("response"),
        ]);
        for delivery in &self.items {
            let tone = if delivery.failure_code.is_some() { Tone::Bad } else { Tone::Good };
            let reference = match (&delivery.source, &delivery.record_key) {
                (Some(source), Some(key)) => format::plain(&format!("{source}/{key}")),
                _ => delivery.reference_id.clone(),
            };
            table.toned_row(
                tone,
                [
                    format::timestamp(delivery.sent_at.get()).trim_end_matches(" UTC").to_owned(),
                    delivery.pipeline.clone(),
                    reference,
                    delivery.attempt.to_string(),
                    delivery.http_status.map_or_else(format::none, |status| status.to_string()),
                    delivery.failure_code.clone().unwrap_or_else(format::none),
                    format::duration(Duration::from_millis(delivery.duration_ms)),
                    format::plain(&delivery.response),
                ],
            );
        }
        page.table(&table, "no deliveries");
    }
}
