//! Reads hand-offs.

use forebay_engine::clock;
use forebay_store::{
    connect::Client,
    handoffs::{self, HandoffCursor, HandoffFilter},
    pauses, workers,
};
use jiff::Timestamp;

use crate::{Handoff, HandoffCount, Page, ReferenceHandoffs, cursor, failure::Failure, names};

/// Maximum number of hand-offs and attempts of one reference to show, newest first. Few references have as many.
const MOST_SHOWN: i64 = 1000;

/// A page of hand-offs, newest first, with at most the filter's limit. Errors: `no_such_pipeline`, `no_such_source`,
/// `no_such_code`, `cursor_invalid`.
pub async fn page(
    client: &Client,
    mut filter: HandoffFilter,
    after: Option<&str>,
) -> Result<Page<Handoff>, Failure> {
    filter.after = after.map(position).transpose()?;
    let limit = filter.limit;
    filter.limit += 1;
    names::pipelines(client, &filter.pipeline).await?;
    if let Some(source) = &filter.source {
        names::source(client, source).await?;
    }
    let rows = handoffs::list(&***client, &filter).await?;
    // Looking for a code reads everything, so only a list without hand-offs is explained.
    if rows.is_empty() && filter.after.is_none() {
        names::codes(client, filter.reason_code.as_deref(), filter.failure_code.as_deref()).await?;
    }
    cursor::page(rows, limit, |last| {
        (last.enqueued_at, last.version, last.reference_id.to_string(), last.pipeline.clone())
    })
}

fn position(text: &str) -> Result<HandoffCursor, Failure> {
    let (enqueued_at, version, id, pipeline): (Timestamp, i32, String, String) = cursor::read(text)?;
    let reference_id = id.parse().map_err(|_| cursor::invalid())?;
    Ok(HandoffCursor { enqueued_at, version, reference_id, pipeline })
}

/// The hand-offs of a reference with their attempts. Errors: `no_such_pipeline`, and those of [`names::reference`].
pub async fn of_reference(
    client: &Client,
    name: &str,
    pipeline: Option<&String>,
) -> Result<ReferenceHandoffs, Failure> {
    names::pipelines(client, pipeline).await?;
    let reference = names::reference(client, name).await?;
    let reference_id = reference.reference_id;
    let filter = HandoffFilter {
        pipeline: pipeline.cloned(),
        reference_id: Some(reference_id),
        limit: MOST_SHOWN,
        ..HandoffFilter::default()
    };
    let handoffs_of = handoffs::list(&***client, &filter).await?;
    let jobs = handoffs::jobs_of(&***client, reference_id).await?;
    let attempts = handoffs::attempts_of(&***client, reference_id, MOST_SHOWN).await?;
    let workers = workers::list(&***client, None).await?;
    let pauses = pauses::list(&***client, pipeline.map(String::as_str)).await?;
    Ok(ReferenceHandoffs::new((&reference).into(), handoffs_of, &jobs, attempts, &workers, pauses))
}

/// The numbers of hand-offs by pipeline and state. Error: `no_such_pipeline`.
pub async fn counts(client: &Client, pipeline: Option<&String>) -> Result<Page<HandoffCount>, Failure> {
    names::pipelines(client, pipeline).await?;
    let name = pipeline.map(String::as_str);
    let counts = handoffs::counts(&***client, name).await?;
    let pauses = pauses::list(&***client, name).await?;
    let now = clock::now();
    let items: Vec<HandoffCount> =
        counts.into_iter().map(|count| HandoffCount::new(count, &pauses, now)).collect();
    Ok(items.into())
}
