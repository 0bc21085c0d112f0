//! The end of a run: removals, guards, and one transaction that applies what was staged and closes the run.

use std::collections::BTreeMap;

use forebay_domain::{
    coverage::Coverage,
    drift::{self, Drift, DriftPolicy},
    guards::{Evidence, FieldBaseline, Verdict, decide},
    identity::ReferenceId,
    rekey::{self, Candidate, Rekey},
    run::{Counts, RunStatus},
};
use forebay_store::{
    changes::{self, RekeySide, StagedRecord},
    connect::Dedicated,
    drift as shapes,
    pages::{self, PageEntry},
    references, rejected,
    runs::{self, Ending},
    sources::Source,
    states::{self, SourceState},
};
use futures_util::{StreamExt, pin_mut};
use tokio_postgres::{Client, Transaction};

use super::{
    MAX_ATTEMPTS, Progress, ReadInput, RunContext, RunReport, Tally,
    reading::InputEnd,
    record,
    seen::SeenSet,
    write::{Attempt, Target, Written, remove, split, write},
};
use crate::error::{Error, Result};

/// Rows of one batch when staged changes are written or applied.
const BATCH: usize = 10_000;
/// Fewer rejected records than this never fail a run, whatever their share.
const MIN_REJECTED_TO_FAIL: u64 = 5;
/// A re-key is looked for among at most so many records a side.
const REKEY_LIMIT: i64 = 200_000;
/// A run that wrote at least so many references, and a tenth of the table, has it vacuumed.
const VACUUM_AFTER: u64 = 10_000;

/// How a run is to end.
struct Decision {
    status: RunStatus,
    reason_code: Option<&'static str>,
    messages: Vec<String>,
    warnings: Vec<String>,
    /// Records that a held run keeps staged.
    num_staged: u64,
    /// What a complete run has not seen may go.
    may_remove: bool,
    /// The run covers its scope completely after all.
    is_complete: bool,
    /// Where its records have another shape than those of the last good runs.
    drift: Vec<Drift>,
}

/// Decides how the run ends, and ends it.
pub(super) async fn finish(
    context: &RunContext<'_>,
    mut read: ReadInput,
    tally: &mut Tally,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<RunReport> {
    progress(Progress::Applying);
    // Nothing waits for a second connection while it holds one: runs that all did would wait for each other.
    record(context, tally.take_unrecorded()).await?;
    let mut client = context.database.client().await?;
    let mut decision = judge_input(context, tally, &read);
    if read.is_unchanged {
        let source_id = context.source.source_id;
        let num_active = references::count_active(&**client, source_id, &context.target.origin.scope).await?;
        tally.counts = Counts { num_seen: num_active, num_unchanged: num_active, ..Counts::default() };
        runs::progress(&**client, context.target.origin.run_id, &tally.counts, 0).await?;
        decision.reason_code = Some("not_modified");
    }
    let is_complete = context.request.complete && read.outcome.ending.is_complete != Some(false);
    let judges_removals = is_complete && !read.is_unchanged;
    if judges_removals && decision.may_remove {
        stage_removals(context, &client, &read.seen).await?;
    }
    if decision.status != RunStatus::Failed
        && context.staged
        && judges_removals
        && let Some(guards) = &context.request.guards
    {
        let gathered = gather(context, &client, tally, &read.outcome.coverage).await?;
        if let Verdict::Hold(held) = decide(guards, &gathered.as_evidence(&read.outcome.coverage)) {
            decision.status = RunStatus::Held;
            decision.num_staged = gathered.num_added + gathered.num_updated + gathered.num_restored;
            decision.reason_code = held.first().map(|held| held.reason.as_str());
            decision.messages = held.into_iter().map(|held| held.message).collect();
        }
    }
    decision.warnings.extend(read.outcome.ending.notes.iter().cloned());
    decision.is_complete = is_complete;
    if is_complete && !read.is_unchanged && decision.status != RunStatus::Failed {
        decision.drift = find_drift(context, &client, &mut read.outcome).await?;
    }
    let written = close_at_last(context, &mut client, tally, &decision, &read).await?;
    let counts = tally.counts + written.counts;
    let num_handoffs = tally.num_handoffs + written.num_handoffs;
    if let Err(error) = tidy(&client, &counts).await {
        decision
            .warnings
            .push(format!("the table of references could not be vacuumed after the load: {error}"));
    }
    Ok(RunReport {
        run_id: context.target.origin.run_id,
        source: context.source.name.clone(),
        scope: context.request.scope.clone(),
        status: decision.status,
        reason_code: decision.reason_code.map(str::to_owned),
        messages: decision.messages,
        warnings: decision.warnings,
        counts,
        num_handoffs,
        field_coverage: read.outcome.coverage.fields().map(|f| (f.name.to_owned(), f.share)).collect(),
        duration: context.started.elapsed(),
        num_pages: read.outcome.crawl.as_ref().map_or(0, |crawl| crawl.num_pages),
        num_failed_pages: read.outcome.crawl.as_ref().map_or(0, |crawl| crawl.num_failed),
        num_refused_links: read.outcome.crawl.as_ref().map_or(0, |crawl| crawl.num_refused_links),
        incomplete: read.outcome.crawl.and_then(|crawl| crawl.incomplete),
        drift: decision.drift,
        fetched: read.stats.as_ref().map(|stats| stats.counts()).unwrap_or_default(),
        had_records: context.had_records,
    })
}

/// Compares the shape of the records with that of the last good runs.
async fn find_drift(context: &RunContext<'_>, client: &Client, outcome: &mut InputEnd) -> Result<Vec<Drift>> {
    let good = shapes::good_shapes(client, context.source.source_id, &context.request.scope).await?;
    let drift = drift::compare(&outcome.coverage.shape(), &good, &DriftPolicy::default());
    // Pages that are as they were have values of the types that they had; without them the next run would find values of
    // those pages retyped.
    let has_unread = outcome.crawl.as_ref().is_some_and(|crawl| crawl.num_unchanged > 0);
    if has_unread && let Some(last) = good.first() {
        for (field, shape) in &last.fields {
            outcome.coverage.add_types(field, shape.types);
        }
    }
    Ok(drift)
}

/// What the input alone says about how the run ends.
fn judge_input(context: &RunContext<'_>, tally: &Tally, read: &ReadInput) -> Decision {
    let mut decision = Decision {
        status: RunStatus::Complete,
        reason_code: None,
        messages: Vec::new(),
        warnings: Vec::new(),
        num_staged: 0,
        may_remove: true,
        is_complete: context.request.complete,
        drift: Vec::new(),
    };
    let Counts { num_seen, num_rejected, .. } = tally.counts;
    if tally.num_replaced > 0 {
        decision.warnings.push(format!(
            "{} characters that Postgres cannot store (U+0000 or half of a surrogate pair) were replaced by U+FFFD",
            tally.num_replaced
        ));
    }
    let unreadable = tally.num_unidentified;
    let too_many = unreadable as f64 > context.request.max_rejected_share * num_seen as f64;
    if unreadable > 0 && num_rejected == num_seen {
        decision.status = RunStatus::Failed;
        decision.reason_code = Some("no_usable_records");
        decision.messages.push(format!("all {num_seen} records were rejected"));
    } else if unreadable >= MIN_REJECTED_TO_FAIL && too_many {
        decision.status = RunStatus::Failed;
        decision.reason_code = Some("too_many_rejected");
        decision.messages.push(format!(
            "{num_rejected} of {num_seen} records were rejected, more than the share of {} that is allowed",
            context.request.max_rejected_share
        ));
    } else if let Some(truncated) = &read.outcome.ending.truncated {
        decision.status = RunStatus::Partial;
        let incomplete = read.outcome.crawl.as_ref().and_then(|crawl| crawl.incomplete.as_ref());
        decision.reason_code = Some(incomplete.map_or("truncated_input", |incomplete| incomplete.code));
        decision.messages.push(truncated.clone());
        decision.may_remove = false;
    } else if unreadable > 0 {
        decision.status = RunStatus::Partial;
        decision.reason_code = Some("rejected_records");
        decision.messages.push(format!("{num_rejected} of {num_seen} records were rejected"));
        // What could not be read may be what looks vanished: only an operator who turned the guards off knows better.
        decision.may_remove = context.request.guards.is_none() && !too_many;
    }
    decision.may_remove &= decision.status != RunStatus::Failed;
    if decision.status == RunStatus::Partial && context.request.complete && !decision.may_remove {
        decision
            .warnings
            .push("nothing was removed: what could not be read may be what looks vanished".to_owned());
    }
    decision
}

/// Stages every active reference of the scope that the run has not seen: a merge of two sorted streams.
async fn stage_removals(context: &RunContext<'_>, client: &Client, seen: &SeenSet) -> Result<()> {
    let active =
        references::stream_active(client, context.target.origin.source_id, &context.target.origin.scope)
            .await?;
    pin_mut!(active);
    let mut seen = seen.merged()?;
    let mut seen_id = seen.take()?;
    let mut gone = Vec::new();
    // The client answers nothing else until the stream has ended. So many removals are rare.
    let mut writer: Option<Dedicated> = None;
    while let Some(row) = active.next().await {
        let id = references::streamed_id(&row.map_err(forebay_store::Error::from)?)?;
        while seen_id.is_some_and(|seen_id| seen_id < id) {
            seen_id = seen.take()?;
        }
        if seen_id != Some(id) {
            gone.push(id);
        }
        if gone.len() == BATCH {
            let writer = match &mut writer {
                Some(writer) => writer,
                None => writer.insert(context.database.dedicated().await?),
            };
            changes::stage_removed(&writer.client, context.target.origin.run_id, &gone).await?;
            gone.clear();
        }
    }
    if !gone.is_empty() {
        changes::stage_removed(client, context.target.origin.run_id, &gone).await?;
    }
    Ok(())
}

/// What the guards look at, with what it borrows.
struct Gathered {
    num_active_before: u64,
    num_seen: u64,
    num_removed: u64,
    num_added: u64,
    num_updated: u64,
    num_restored: u64,
    baseline: Vec<FieldBaseline>,
    rekey: Option<Rekey>,
}

impl Gathered {
    fn as_evidence<'a>(&'a self, coverage: &'a Coverage) -> Evidence<'a> {
        Evidence {
            num_active_before: self.num_active_before,
            num_seen: self.num_seen,
            num_removed: self.num_removed,
            num_added: self.num_added,
            num_updated: self.num_updated,
            coverage,
            baseline: Some(&self.baseline).filter(|b| !b.is_empty()).map(Vec::as_slice),
            rekey: self.rekey.as_ref(),
        }
    }
}

async fn gather(
    context: &RunContext<'_>,
    client: &Client,
    tally: &Tally,
    coverage: &Coverage,
) -> Result<Gathered> {
    let (run_id, source_id) = (context.target.origin.run_id, context.target.origin.source_id);
    let totals = changes::totals(client, run_id).await?;
    let baseline = runs::baseline(client, source_id, &context.request.scope).await?;
    let rekey =
        if totals.num_removed >= rekey::MIN_PAIRS as u64 && totals.num_added >= rekey::MIN_PAIRS as u64 {
            find_rekey(client, run_id, &context.source.key_fields).await?.map(|found| found.rekey)
        } else {
            None
        };
    Ok(Gathered {
        num_active_before: references::count_active(client, source_id, &context.target.origin.scope).await?,
        // Records whose key is known; the guard against empty runs must not take duplicates for records.
        num_seen: coverage.num_records().max(tally.counts.num_seen - tally.counts.num_rejected)
            - tally.counts.num_duplicate,
        num_removed: totals.num_removed,
        num_added: totals.num_added,
        num_updated: totals.num_updated,
        num_restored: totals.num_restored,
        baseline: baseline.into_iter().map(|(name, share)| FieldBaseline { name, share }).collect(),
        rekey,
    })
}

/// A re-key with the two sides that its pairs point into.
pub(super) struct FoundRekey {
    pub(super) rekey: Rekey,
    pub(super) vanished: Vec<RekeySide>,
    pub(super) appeared: Vec<RekeySide>,
}

/// Looks for a re-key in what a run has staged.
pub(super) async fn find_rekey(
    client: &Client,
    run_id: i64,
    key_fields: &[String],
) -> Result<Option<FoundRekey>> {
    let vanished = changes::vanished(client, run_id, REKEY_LIMIT).await?;
    let appeared = changes::appeared(client, run_id, REKEY_LIMIT).await?;
    let candidates = |sides: &[RekeySide]| -> Vec<Candidate> {
        sides.iter().map(|s| Candidate { key: s.record_key.clone(), payload: s.payload.clone() }).collect()
    };
    let rekey = rekey::recognise(&candidates(&vanished), &candidates(&appeared), key_fields);
    Ok(rekey.map(|rekey| FoundRekey { rekey, vanished, appeared }))
}

/// Closes the run, again if a run of another scope comes in between.
async fn close_at_last(
    context: &RunContext<'_>,
    client: &mut Client,
    tally: &Tally,
    decision: &Decision,
    read: &ReadInput,
) -> Result<Written> {
    for _ in 1..MAX_ATTEMPTS {
        match close(context, client, tally, decision, read).await {
            Err(error) if error.is_conflict() => {}
            closed => return closed,
        }
    }
    close(context, client, tally, decision, read).await
}

/// Applies what the decision allows and closes the run, in one transaction.
async fn close(
    context: &RunContext<'_>,
    client: &mut Client,
    tally: &Tally,
    decision: &Decision,
    read: &ReadInput,
) -> Result<Written> {
    let run_id = context.target.origin.run_id;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    references::hold_plans(&transaction).await?;
    let mut written = Written::default();
    match decision.status {
        RunStatus::Held => {}
        RunStatus::Failed => changes::clear(&transaction, run_id).await?,
        _ => {
            written = apply(&transaction, &context.target, &context.input_name).await?;
        }
    }
    if context.staged && decision.status != RunStatus::Failed && !read.is_unchanged {
        let Counts { num_seen, num_duplicate, num_rejected, .. } = tally.counts;
        let Counts { num_added, num_updated, num_restored, num_rejected: num_older, .. } = written.counts;
        let num_changed = num_added + num_updated + num_restored + num_older + decision.num_staged;
        written.counts.num_unchanged = (num_seen - num_duplicate - num_rejected).saturating_sub(num_changed);
    }
    if read.is_unchanged {
        runs::repeat_coverage(&transaction, run_id).await?;
    } else {
        runs::add_coverage(&transaction, run_id, &read.outcome.coverage).await?;
    }
    remember(context, &transaction, decision, read).await?;
    runs::progress(&transaction, run_id, &written.counts, written.num_handoffs).await?;
    let message = Some(decision.messages.join("; ")).filter(|message| !message.is_empty());
    let ending = Ending {
        status: decision.status,
        reason_code: decision.reason_code,
        message: message.as_deref(),
        duration: context.started.elapsed(),
    };
    runs::finish(&transaction, run_id, RunStatus::Running, &ending).await?;
    // A source that is as the last applied run left it may still be what the held one saw.
    if decision.is_complete && decision.status == RunStatus::Complete && !read.is_unchanged {
        runs::supersede_held(&transaction, run_id, context.target.origin.source_id, &context.request.scope)
            .await?;
    }
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(written)
}

/// Remembers, with what the run has brought, what it cost and how its records drifted, and where its source goes on: the
/// state of a tap, what a file is asked with.
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
        )
        .await?;
    }
    shapes::add(transaction, run_id, &decision.drift).await?;
    if !decision.is_complete && context.request.complete {
        runs::set_incremental(transaction, run_id).await?;
    }
    let ending = &read.outcome.ending;
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

/// Applies all that a run has staged: changes first, then removals. What turns out to be older than what is stored is kept
/// as rejected, as coming from `input`.
pub(super) async fn apply(transaction: &Transaction<'_>, target: &Target, input: &str) -> Result<Written> {
    let run_id = target.origin.run_id;
    let mut all = Written::default();
    let mut after = ReferenceId([0; 16]);
    loop {
        let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
        let staged = changes::batch(transaction, run_id, after, limit).await?;
        let Some(last) = staged.last() else { break };
        after = last.reference_id;
        let written = apply_batch(transaction, target, &staged).await?;
        all.counts += written.counts;
        all.num_handoffs += written.num_handoffs;
        rejected::add(transaction, run_id, input, &written.rejected).await?;
    }
    let removed = remove(transaction, target).await?;
    all.counts += removed.counts;
    all.num_handoffs += removed.num_handoffs;
    changes::clear(transaction, run_id).await?;
    Ok(all)
}

async fn apply_batch(
    transaction: &Transaction<'_>,
    target: &Target,
    staged: &[StagedRecord],
) -> Result<Written> {
    let ids: Vec<ReferenceId> = staged.iter().map(|record| record.reference_id).collect();
    let existing = references::existing(transaction, &ids).await?.into_iter().collect();
    let (added, known) = split(staged.iter().map(StagedRecord::as_record), &existing);
    match write(transaction, target, &added, &known).await? {
        Attempt::Written(written) => Ok(written),
        // The whole run is one transaction here: it is for the caller to run it again.
        Attempt::Conflict => Err(Error::Contention { attempts: 1 }),
    }
}

/// After a large load: the visibility map, without which every later probe goes to the table.
async fn tidy(client: &Client, counts: &Counts) -> forebay_store::Result<()> {
    let num_written = counts.num_added + counts.num_updated;
    if num_written < VACUUM_AFTER {
        return Ok(());
    }
    let num_references = u64::try_from(references::estimated_count(client).await?).unwrap_or(0);
    if num_written < num_references / 10 {
        return Ok(());
    }
    references::vacuum_after_load(client).await
}

/// Closes a run that failed, if the database still answers; if not, the next run of the scope closes it as aborted.
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
    // The error that made the run fail is the one to report, not one of these.
    let _ = changes::clear(&**client, run_id).await;
    let _ = runs::progress(&**client, run_id, &tally.unrecorded, 0).await;
    let _ = runs::finish(&**client, run_id, RunStatus::Running, &ending).await;
}
