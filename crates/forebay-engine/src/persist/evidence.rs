//! Collects the evidence for the guards of a complete run, and asks them.

use forebay_domain::{
    coverage::Coverage,
    guards::{self, Baseline, Evidence},
    identity::ReferenceId,
    rekey::{MIN_PAIRS, RekeyPolicy},
};
use forebay_store::{
    changes::{self, StagedTotals},
    references, runs,
};
use tokio_postgres::Client;

use super::{
    context::RunContext,
    rekey::{FoundRekey, find_rekey},
    tally::Tally,
    verdict::Verdict,
};
use crate::error::Result;

/// Lets the guards judge the staged changes of a run.
pub(super) async fn judge(
    context: &RunContext<'_>,
    client: &Client,
    tally: &Tally,
    coverage: &Coverage,
) -> Result<Verdict> {
    let policy = &context.policy.guards;
    let (run_id, source_id) = (context.target.origin.run_id, context.target.origin.source_id);
    let num_active_before = references::count_active(client, source_id, &context.target.origin.scope).await?;
    let totals = changes::totals(client, run_id).await?;
    let found = look_for_rekey(context, client, &totals).await?;
    let paired: Vec<ReferenceId> = found.iter().flat_map(FoundRekey::old_ids).collect();
    let losses = if totals.num_updated > 0 { changes::losses(client, run_id).await? } else { Vec::new() };
    let history = runs::history(client, source_id, &context.request.scope).await?;
    let taken = changes::taken(client, run_id).await?;
    let evidence = Evidence {
        taken: taken.as_ref(),
        observed_at: context.target.origin.observed_at,
        num_active_before,
        // Records with a known key; duplicates must not make an empty run look full.
        num_seen: coverage.num_records().max(tally.counts.num_seen - tally.counts.num_rejected)
            - tally.counts.num_duplicate,
        num_updated: totals.num_updated.saturating_sub(taken.as_ref().map_or(0, |taken| taken.num_updated)),
        missing: &changes::missing(client, run_id, &paired).await?,
        num_flagged: changes::num_flagged(client, run_id).await?,
        losses: &losses,
        coverage,
        rekey: found.as_ref().map(|found| &found.rekey),
    };
    let decision = guards::decide(policy, &Baseline::learn(policy, &history), &evidence);
    let suggestions = guards::suggest(policy, &history);
    Ok(Verdict { decision, found, num_active_before, suggestions })
}

async fn look_for_rekey(
    context: &RunContext<'_>,
    client: &Client,
    totals: &StagedTotals,
) -> Result<Option<FoundRekey>> {
    let min_pairs = match context.policy.guards.rekey {
        RekeyPolicy::Hold => MIN_PAIRS as u64,
        RekeyPolicy::Follow => 1,
        RekeyPolicy::Off => return Ok(None),
    };
    if totals.num_removed.min(totals.num_added) < min_pairs {
        return Ok(None);
    }
    let run_id = context.target.origin.run_id;
    find_rekey(client, run_id, &context.source.key_fields, context.policy.guards.rekey).await
}
