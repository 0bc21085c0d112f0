//! The end of a run, step by step: judge the input, stage removals, apply the guards, close, report.

use std::mem;

use forebay_domain::{
    drift::{self, Drift, DriftPolicy},
    patch::RecordMode,
    run::{Counts, RunStatus},
};
use forebay_store::{aliases, drift as shapes, references, runs};
use tokio_postgres::Client;

use super::{
    close::close,
    context::RunContext,
    decision::{Decision, Rules, judge_input},
    evidence,
    keys::reused,
    outdated::find_outdated,
    progress::Progress,
    pump::ReadInput,
    reading::InputEnd,
    rejects::Attempted,
    removals::stage_removals,
    report::RunReport,
    tally::{Tally, record},
    write::Written,
};
use crate::{error::Result, human};

/// A run that wrote at least this many references, and at least a tenth of the table, vacuums it.
const VACUUM_AFTER: u64 = 10_000;

/// Decides how the run ends, and ends it.
pub(super) async fn finish(
    context: &RunContext<'_>,
    mut read: ReadInput,
    tally: &mut Tally,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<RunReport> {
    progress(Progress::Applying);
    // Before taking a connection: runs that each held one and waited for a second would block each other.
    record(context, tally.take_unrecorded()).await?;
    let mut client = context.database.client().await?;
    let violations = read.end.coverage.take_violations();
    if context.policy.mode == RecordMode::Patch {
        // What is versioned counts, not the parts that the input has.
        read.end.coverage = mem::take(&mut tally.coverage);
    }
    let rules = Rules {
        request: &context.request,
        policy: &context.policy,
        end_rule: context.end_rule,
        watermark: context.watermark,
        is_course: context.target.course.is_some(),
    };
    let mut decision = judge_input(&rules, tally, &read);
    if read.is_unchanged {
        decision.reason_code = Some("not_modified");
        count_unchanged(context, &client, tally).await?;
    }
    let judges_removals = decision.judges_removals(&read);
    if judges_removals && decision.may_remove {
        stage_removals(context, &mut client, &read.seen).await?;
    }
    settle_keys(context, &mut client, tally, &mut decision, judges_removals).await?;
    if context.staged && decision.is_guarded(&read, tally.counts.num_seen) {
        ask_guards(context, &client, tally, &read, &mut decision).await?;
    }
    if judges_removals && decision.status != RunStatus::Failed {
        decision.drift = find_drift(context, &client, &mut read.end).await?;
    }
    violations.add_to(&mut decision.drift);
    decision.warnings.extend(violations.sentences());
    if decision.status != RunStatus::Failed && !decision.decides_about_scope(&read) {
        decision.outdated = find_outdated(context, &client, &read.seen).await?;
    }
    let written = close(context, &mut client, tally, &decision, &read).await?;
    decision.messages.extend(context.target.rejects.sentence());
    let counts = tally.counts + written.counts;
    if let Err(error) = tidy(&client, &counts).await {
        decision
            .warnings
            .push(format!("the table of references could not be vacuumed after the load: {error}"));
    }
    Ok(report(context, tally, decision, read, written))
}

/// Decides about records under keys that other references used to have. If the run has found out which references are
/// missing, these get their keys back; otherwise it rejects the records.
async fn settle_keys(
    context: &RunContext<'_>,
    client: &mut Client,
    tally: &mut Tally,
    decision: &mut Decision,
    judges_removals: bool,
) -> Result<()> {
    let is_open = context.request.complete && context.source.has_aliases && context.staged;
    if !is_open || decision.status == RunStatus::Failed {
        return Ok(());
    }
    let run_id = context.target.origin.run_id;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let mut attempted = None;
    if judges_removals && decision.may_remove {
        let num_returned = aliases::return_keys(&transaction, run_id).await?;
        if num_returned > 0 {
            decision.warnings.push(format!(
                "{} back to a key from before a re-key; ids and history are kept",
                match num_returned {
                    1 => "1 record moves".to_owned(),
                    _ => format!("{} records move", human::count(num_returned)),
                }
            ));
        }
    } else {
        let taken = aliases::take_reused(&transaction, run_id).await?;
        let rejected: Vec<_> = taken.iter().map(|record| reused(&record.as_record(), None)).collect();
        let counts = Counts { num_rejected: rejected.len() as u64, ..Counts::default() };
        let rejects = &context.target.rejects;
        attempted = Some(rejects.add(&transaction, run_id, &context.input_name, rejected).await?);
        runs::progress(&transaction, run_id, &counts, 0).await?;
        tally.counts += counts;
    }
    context.lease.fence(&transaction).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    attempted.into_iter().for_each(Attempted::keep);
    Ok(())
}

/// Counts the active references of an unchanged source as seen and unchanged.
async fn count_unchanged(context: &RunContext<'_>, client: &Client, tally: &mut Tally) -> Result<()> {
    let origin = &context.target.origin;
    let num_active = references::count_active(client, origin.source_id, &origin.scope).await?;
    tally.counts = Counts { num_seen: num_active, num_unchanged: num_active, ..Counts::default() };
    runs::progress(client, origin.run_id, &tally.counts, 0).await?;
    Ok(())
}

/// Lets the guards judge the staged changes; they may withhold some.
async fn ask_guards(
    context: &RunContext<'_>,
    client: &Client,
    tally: &Tally,
    read: &ReadInput,
    decision: &mut Decision,
) -> Result<()> {
    if !context.policy.guards.enabled {
        return Ok(());
    }
    let verdict = evidence::judge(context, client, tally, &read.end.coverage).await?;
    decision.follow(&verdict.decision);
    decision.warnings.extend(verdict.suggestions.iter().map(|suggestion| suggestion.message().to_owned()));
    decision.verdict = Some(verdict);
    Ok(())
}

/// Compares the shape of the records with that of the last good runs.
async fn find_drift(context: &RunContext<'_>, client: &Client, end: &mut InputEnd) -> Result<Vec<Drift>> {
    let good = shapes::good_shapes(client, context.source.source_id, &context.request.scope).await?;
    let drift = drift::compare(&end.coverage.shape(), &good, &DriftPolicy::default());
    // Values of unchanged pages keep their stored types. Without those, the next run that reads such a page would
    // report them as retyped.
    let has_unread = end.crawl.as_ref().is_some_and(|crawl| crawl.num_unchanged > 0);
    if has_unread && let Some(last) = good.first() {
        for (field, shape) in &last.fields {
            end.coverage.add_types(field, shape.types);
        }
    }
    Ok(drift)
}

/// Vacuums after a large load: without the visibility map, later probes read the table as well as the index.
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

fn report(
    context: &RunContext<'_>,
    tally: &mut Tally,
    decision: Decision,
    read: ReadInput,
    written: Written,
) -> RunReport {
    let crawl = read.end.crawl.unwrap_or_default();
    let mut refused_rows = mem::take(&mut tally.refused_rows);
    refused_rows.extend(written.refused_rows);
    let guards = decision.verdict.as_ref().map(|verdict| &verdict.decision);
    let mut measured = mem::take(&mut tally.measured);
    measured.extend(written.measured);
    RunReport {
        num_withheld: guards.map_or(0, |guards| guards.withheld.num_withheld()),
        num_rekeyed: guards.map_or(0, |guards| guards.moved.len() as u64),
        run_id: context.target.origin.run_id,
        source: context.source.name.clone(),
        scope: context.request.scope.clone(),
        status: decision.status,
        reason_code: decision.reason_code.map(str::to_owned),
        messages: decision.messages,
        warnings: decision.warnings,
        counts: tally.counts + written.counts,
        num_handoffs: tally.num_handoffs + written.num_handoffs,
        field_coverage: read.end.coverage.fields().map(|f| (f.name.to_owned(), f.share)).collect(),
        refused_rows,
        measured,
        duration: context.started.elapsed(),
        num_pages: crawl.num_pages,
        num_failed_pages: crawl.num_failed,
        num_refused_links: crawl.num_refused_links,
        incomplete: crawl.incomplete,
        input_error: read.end.error,
        drift: decision.drift,
        fetched: read.stats.as_ref().map(|stats| stats.counts()).unwrap_or_default(),
        is_first_run: context.is_first_run,
        had_records: context.had_records,
    }
}
