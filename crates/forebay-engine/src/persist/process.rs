//! Processes one window: probes the database, then writes or stages the records that differ.

use std::{
    collections::{HashMap, HashSet},
    mem,
    sync::Arc,
};

use forebay_domain::{
    coverage::Coverage,
    identity::{ReferenceId, VersionHash},
    newest::Rank,
    patch::RecordMode,
    prepare::{self, Preparer},
    run::{Counts, OnDuplicate},
};
use forebay_store::{
    changes::{self, StagedRecord},
    content::RefusedRow,
    pages::{self, PageEntry},
    references::{self, Record},
    rejected, runs,
    sources::Source,
};
use tokio::try_join;
use tokio_postgres::{Client, Transaction};
use tracing::{debug, warn};

use super::{
    batch::{Batch, Entry, ReadPage},
    context::{MAX_ATTEMPTS, RunContext},
    halves::write_in_halves,
    patch::lay_over,
    rejects::Attempted,
    write::{Attempt, Written, split},
};
use crate::error::{Error, Result};

/// The counts of a processed window.
#[derive(Debug, Default)]
pub(super) struct Processed {
    pub(super) counts: Counts,
    pub(super) num_handoffs: u64,
    pub(super) num_unidentified: u64,
    /// The coverage of partial records together with what is stored.
    pub(super) coverage: Coverage,
    /// Rows of content tables that the database refused.
    pub(super) refused_rows: Vec<RefusedRow>,
    /// Paths of lessons whose measures are written too.
    pub(super) measured: Vec<String>,
    /// Whether the counts are already in the run's row.
    pub(super) recorded: bool,
}

/// Probes a window, and writes or stages the differing records in one transaction.
pub(super) async fn process(context: &RunContext<'_>, mut batch: Batch) -> Result<Processed> {
    let mut client = context.database.client().await?;
    let mut coverage = Coverage::default();
    if context.policy.mode == RecordMode::Patch {
        coverage = lay_over(context, &client, &mut batch).await?;
    } else if !batch.revisited.is_empty() {
        settle_revisited(context, &client, &mut batch).await?;
    }
    for attempt in 1.. {
        // A source without earlier runs has no references: a probe is needed only after a conflict.
        let is_new = context.is_first_run && attempt == 1;
        let result = try_once(context, &mut client, &batch, is_new).await;
        let conflict = match &result {
            Ok(None) => true,
            Err(error) => error.is_conflict(),
            Ok(Some(_)) => false,
        };
        if !conflict {
            let processed = result?.ok_or(Error::Contention { attempts: attempt })?;
            let processed = Processed { coverage, ..processed };
            debug!(num_handoffs = processed.num_handoffs, recorded = processed.recorded, "batch done");
            return Ok(processed);
        }
        if attempt == MAX_ATTEMPTS {
            break;
        }
        warn!(
            attempt,
            max_attempts = MAX_ATTEMPTS,
            "another writer changed references of this batch; retrying"
        );
    }
    Err(Error::Contention { attempts: MAX_ATTEMPTS })
}

/// `None`: a conflict with another writer; nothing was written.
async fn try_once(
    context: &RunContext<'_>,
    client: &mut Client,
    batch: &Batch,
    is_new: bool,
) -> Result<Option<Processed>> {
    let mut processed =
        Processed { counts: batch.counts, num_unidentified: batch.num_unidentified, ..Processed::default() };
    // A staged run counts its unchanged records at the end, as the remaining ones.
    if !context.staged {
        processed.counts.num_unchanged = batch.num_known;
    }
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    references::hold_plans(&transaction).await?;
    let (differing, existing) = if is_new {
        (batch.entries.clone(), HashSet::new())
    } else {
        probe(context, &transaction, batch).await?
    };
    let differing = with_effect(context, batch, differing, &existing);
    let nothing_differs = differing.is_empty() && batch.rejected.is_empty() && batch.revisited.is_empty();
    if nothing_differs && !context.staged {
        processed.counts.num_unchanged += batch.entries.len() as u64;
    }
    if nothing_differs && batch.pages.is_empty() {
        return Ok(Some(processed));
    }
    let run_id = context.target.origin.run_id;
    rejected::add(&transaction, run_id, &context.input_name, &batch.rejected).await?;
    // A remembered page counts only if the run ends well, so this is correct while the run's changes are still staged.
    if !batch.pages.is_empty() {
        let Source { source_id, parser_version, .. } = context.source;
        pages::save(&transaction, source_id, parser_version, run_id, &remembered(&batch.pages)).await?;
    }
    let mut attempted = None;
    if nothing_differs {
        // Only pages are new.
    } else if context.staged {
        stage(&transaction, run_id, batch, &differing).await?;
    } else {
        let Some(written) = write_straight(&transaction, context, batch, &differing, &existing).await? else {
            return Ok(None);
        };
        let Counts { num_added, num_updated, num_restored, num_removed, .. } = written.counts;
        let num_written =
            num_added + num_updated + num_restored + num_removed + written.rejected.len() as u64;
        processed.counts.num_unchanged += batch.entries.len() as u64 - num_written;
        let rejects = &context.target.rejects;
        attempted = Some(rejects.add(&transaction, run_id, &context.input_name, written.rejected).await?);
        processed.counts += written.counts;
        processed.num_handoffs = written.num_handoffs;
        processed.refused_rows = written.refused_rows;
        processed.measured = written.measured;
    }
    // Last, because they lock the run's row and the scope until the commit. The update also fails if the run was closed
    // meanwhile.
    // In this order: once the first one has failed, the second one's error says only that the transaction is aborted.
    try_join!(
        biased;
        context.lease.fence(&transaction),
        runs::progress(&transaction, run_id, &processed.counts, processed.num_handoffs)
    )?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    attempted.into_iter().for_each(Attempted::keep);
    processed.recorded = true;
    Ok(Some(processed))
}

/// Leaves out removals of references that are removed already or never existed. If the newest record of a key counts,
/// they are staged nevertheless: a later window may have an older record.
fn with_effect(
    context: &RunContext<'_>,
    batch: &Batch,
    differing: Vec<Entry>,
    existing: &HashSet<ReferenceId>,
) -> Vec<Entry> {
    let needs_all = matches!(context.policy.on_duplicate, OnDuplicate::Newest(_));
    let is_kept = |entry: &Entry| !entry.removes || (!needs_all && existing.contains(&entry.reference_id));
    let removals = batch.entries.iter().filter(|entry| needs_all && entry.removes);
    differing.into_iter().filter(is_kept).chain(removals.copied()).collect()
}

/// Returns the entries that differ from the stored ones, and the ids that exist.
async fn probe(
    context: &RunContext<'_>,
    transaction: &Transaction<'_>,
    batch: &Batch,
) -> Result<(Vec<Entry>, HashSet<ReferenceId>)> {
    let ids: Vec<ReferenceId> = batch.entries.iter().map(|entry| entry.reference_id).collect();
    let hashes: Vec<Option<VersionHash>> = batch.entries.iter().map(Entry::compared_hash).collect();
    let differences = references::probe(transaction, &ids, &hashes, &context.target.origin.scope).await?;
    let existing = differences.iter().filter(|d| d.exists).map(|d| ids[d.index]).collect();
    Ok((differences.iter().map(|d| batch.entries[d.index]).collect(), existing))
}

async fn write_straight(
    transaction: &Transaction<'_>,
    context: &RunContext<'_>,
    batch: &Batch,
    differing: &[Entry],
    existing: &HashSet<ReferenceId>,
) -> Result<Option<Written>> {
    let (added, known) = split(differing.iter().map(|entry| batch.record(entry)), existing);
    match write_in_halves(transaction, &context.target, &added, &known).await? {
        Attempt::Written(written) => Ok(Some(written)),
        Attempt::Conflict => Ok(None),
    }
}

/// Pages in the store's form.
fn remembered(pages: &[ReadPage]) -> Vec<PageEntry> {
    pages
        .iter()
        .map(|ReadPage { page, reference_ids }| PageEntry {
            key: page.key,
            url: page.url.to_string(),
            etag: page.validators.etag.clone(),
            last_modified: page.validators.last_modified.clone(),
            fresh_until: page.fresh_until,
            fetched_at: page.fetched_at,
            num_records: i32::try_from(reference_ids.len()).unwrap_or(i32::MAX),
            reference_ids: reference_ids.clone(),
            field_counts: page.field_counts.clone(),
            links: serde_json::json!(page.links),
        })
        .collect()
}

async fn stage(transaction: &Transaction<'_>, run_id: i64, batch: &Batch, differing: &[Entry]) -> Result<()> {
    let revisited: Vec<ReferenceId> = batch.revisited.iter().map(|entry| entry.reference_id).collect();
    if !revisited.is_empty() {
        // The guards and the final transaction find out whether the later content differs; the earlier content must not
        // stay staged beside it.
        changes::unstage(transaction, run_id, &revisited).await?;
    }
    let records: Vec<Record<'_>> =
        differing.iter().chain(&batch.revisited).map(|entry| batch.record(entry)).collect();
    Ok(changes::stage(transaction, run_id, &records).await?)
}

/// Settles records whose key an earlier window has seen with the content from that window.
async fn settle_revisited(context: &RunContext<'_>, client: &Client, batch: &mut Batch) -> Result<()> {
    match &context.policy.on_duplicate {
        OnDuplicate::Merge => {
            let earlier = earlier_contents(context, client, batch).await?;
            merge_revisited(context, batch, &earlier);
        }
        OnDuplicate::Newest(field) => {
            let earlier = earlier_contents(context, client, batch).await?;
            let revisited = mem::take(&mut batch.revisited);
            let is_newest = |entry: &Entry| {
                earlier.get(&entry.reference_id).is_none_or(|earlier| {
                    batch.rank(field, entry) >= Rank::of(field, earlier.payload.as_bytes())
                })
            };
            batch.revisited = revisited.into_iter().filter(is_newest).collect();
        }
        OnDuplicate::First | OnDuplicate::Last | OnDuplicate::Reject => {}
    }
    Ok(())
}

/// What an earlier window has left of a key.
struct Earlier {
    payload: String,
    removes: bool,
}

/// What earlier windows have left. It is staged if it differed from the stored content; otherwise it is the stored
/// content. A record that removes its reference is staged if the reference is active; if not, nothing is left of the
/// key.
async fn earlier_contents(
    context: &RunContext<'_>,
    client: &Client,
    batch: &Batch,
) -> Result<HashMap<ReferenceId, Earlier>> {
    let ids: Vec<ReferenceId> = batch.revisited.iter().map(|entry| entry.reference_id).collect();
    let mut earlier: HashMap<ReferenceId, Earlier> = references::current(client, &ids)
        .await?
        .into_iter()
        .filter(|current| current.removed_at.is_none())
        .map(|current| (ids[current.index], Earlier { payload: current.payload, removes: false }))
        .collect();
    let staged = changes::find(client, context.target.origin.run_id, &ids).await?;
    earlier.extend(staged.into_iter().map(|StagedRecord { reference_id, payload, removes, .. }| {
        (reference_id, Earlier { payload, removes })
    }));
    Ok(earlier)
}

fn merge_revisited(context: &RunContext<'_>, batch: &mut Batch, earlier: &HashMap<ReferenceId, Earlier>) {
    let mut preparer = Preparer::new(Arc::clone(&context.record_policy));
    for place in 0..batch.revisited.len() {
        let entry = batch.revisited[place];
        let earlier = earlier.get(&entry.reference_id);
        let Some(earlier) = earlier.filter(|earlier| !entry.starts_over && !earlier.removes) else {
            continue;
        };
        let Ok(merged) = prepare::merge(earlier.payload.as_bytes(), batch.record(&entry).payload) else {
            continue;
        };
        batch.revisited[place] = batch.replace(&entry, &merged, &mut preparer);
    }
}
