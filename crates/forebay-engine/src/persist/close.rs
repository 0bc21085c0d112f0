//! The last transaction of a run: applies the decision and closes the run's row.

use std::collections::BTreeMap;

use forebay_domain::run::{Counts, RunStatus};
use forebay_sources::fetch::HostCounts;
use forebay_store::{
    changes, drift,
    pages::{self, PageEntry},
    references,
    runs::{self, Ending},
    sources::{self, Source},
    states::{self, SourceState},
};
use serde_json::{Value, json};
use tokio_postgres::{Client, Transaction};
use tracing::warn;

use super::{
    apply::apply,
    context::{MAX_ATTEMPTS, RunContext},
    decision::Decision,
    pump::ReadInput,
    rejects::Attempted,
    tally::Tally,
    verdict::Verdict,
    write::Written,
};
use crate::error::{Error, Result};

/// Applies the changes that the decision allows and closes the run. Retries on a conflict with a run of another scope.
pub(super) async fn close(
    context: &RunContext<'_>,
    client: &mut Client,
    tally: &Tally,
    decision: &Decision,
    read: &ReadInput,
) -> Result<Written> {
    for attempt in 1..MAX_ATTEMPTS {
        match try_once(context, client, tally, decision, read).await {
            Err(error) if error.is_conflict() => {
                warn!(
                    attempt,
                    max_attempts = MAX_ATTEMPTS,
                    "another writer changed references of this run; retrying"
                );
            }
            closed => return closed,
        }
    }
    try_once(context, client, tally, decision, read).await
}

async fn try_once(
    context: &RunContext<'_>,
    client: &mut Client,
    tally: &Tally,
    decision: &Decision,
    read: &ReadInput,
) -> Result<Written> {
    let run_id = context.target.origin.run_id;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let mut written = Written::default();
    let has_staged = context.staged || decision.is_complete;
    if has_staged && decision.status == RunStatus::Failed {
        changes::clear(&transaction, run_id).await?;
    } else if has_staged {
        references::hold_plans(&transaction).await?;
        if let Some(verdict) = &decision.verdict {
            verdict.carry_out(&transaction, &context.target).await?;
        }
        written = apply(&transaction, &context.target, &context.input_name).await?;
    }
    if context.staged && decision.status != RunStatus::Failed && !read.is_unchanged {
        let num_staged = decision.verdict.as_ref().map_or(0, Verdict::num_staged);
        let Counts { num_seen, num_duplicate, num_rejected, .. } = tally.counts;
        let Counts { num_added, num_updated, num_restored, num_rejected: num_older, .. } = written.counts;
        let num_changed =
            num_added + num_updated + num_restored + written.num_flagged + num_older + num_staged;
        written.counts.num_unchanged = (num_seen - num_duplicate - num_rejected).saturating_sub(num_changed);
    }
    if read.is_unchanged {
        runs::repeat_coverage(&transaction, run_id).await?;
    } else {
        runs::add_coverage(&transaction, run_id, &read.end.coverage).await?;
    }
    remember(context, &transaction, decision, read).await?;
    runs::progress(&transaction, run_id, &written.counts, written.num_handoffs).await?;
    let messages: Vec<String> =
        decision.messages.iter().cloned().chain(context.target.rejects.sentence()).collect();
    let message = Some(messages.join("; ")).filter(|message| !message.is_empty());
    let ending = Ending {
        status: decision.status,
        reason_code: decision.reason_code,
        message: message.as_deref(),
        duration: context.started.elapsed(),
    };
    // Before the end of the run, whose lock all runs share.
    context.lease.release_in(&transaction).await?;
    runs::finish(&transaction, run_id, RunStatus::Running, &ending).await?;
    if decision.decides_about_scope(read) {
        runs::supersede_held(&transaction, run_id, context.target.origin.source_id, &context.request.scope)
            .await?;
    } else if !decision.outdated.is_empty() {
        changes::drop_outdated(&transaction, run_id, &decision.outdated).await?;
    }
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    context.lease.released();
    written.attempted.drain(..).for_each(Attempted::keep);
    Ok(written)
}

fn host(counts: HostCounts) -> Value {
    let HostCounts { host, num_requests, num_not_modified, seconds } = counts;
    json!({ "host": host, "num_requests": num_requests, "num_not_modified": num_not_modified, "seconds": seconds })
}

/// Stores the run's cost and drift, and where the next run continues (the state of a tap, the validators of a file).
async fn remember(
    context: &RunContext<'_>,
    transaction: &Transaction<'_>,
    decision: &Decision,
    read: &ReadInput,
) -> Result<()> {
    let run_id = context.target.origin.run_id;
    let Source { source_id, parser_version, .. } = context.source;
    if let Some(stats) = &read.stats {
        let counts = stats.counts();
        runs::add_requests(
            transaction,
            run_id,
            counts.num_requests,
            counts.num_not_modified,
            counts.num_wire_bytes,
            &stats.by_host().into_iter().map(host).collect(),
        )
        .await?;
    }
    drift::add(transaction, run_id, &decision.drift).await?;
    if !decision.is_complete && context.request.complete {
        runs::set_incremental(transaction, run_id).await?;
    }
    let ending = &read.end.ending;
    if ending.end_line.is_some() && !context.source.sends_end_line {
        sources::remember_end_line(transaction, source_id).await?;
    }
    if matches!(decision.status, RunStatus::Complete | RunStatus::Partial) {
        let state = SourceState { state: ending.state.clone(), version: ending.version };
        states::save(transaction, source_id, &context.target.origin.scope, run_id, &state).await?;
    }
    if let Some(page) = &read.page
        && decision.status == RunStatus::Complete
    {
        let entry = PageEntry {
            key: page.key,
            url: page.url.clone(),
            etag: page.validators.etag.clone(),
            last_modified: page.validators.last_modified.clone(),
            fresh_until: page.fresh_until,
            fetched_at: page.fetched_at,
            num_records: 0,
            reference_ids: Vec::new(),
            field_counts: BTreeMap::new(),
            links: serde_json::json!([]),
        };
        pages::save_file(transaction, source_id, parser_version, run_id, &entry).await?;
    }
    Ok(())
}

/// Closes a failed run if the database still responds; otherwise the next run of the scope closes it as aborted.
pub(super) async fn fail(context: &RunContext<'_>, tally: &Tally, error: &Error) {
    let Ok(client) = context.database.client().await else { return };
    let run_id = context.target.origin.run_id;
    let message = error.to_string();
    let ending = Ending {
        status: RunStatus::Failed,
        reason_code: Some(error.code()),
        message: Some(&message),
        duration: context.started.elapsed(),
    };
    // The error that made the run fail is the one to report, not an error from here.
    let _ = changes::clear(&**client, run_id).await;
    let _ = runs::progress(&**client, run_id, &tally.unrecorded, 0).await;
    let _ = runs::finish(&**client, run_id, RunStatus::Running, &ending).await;
}
