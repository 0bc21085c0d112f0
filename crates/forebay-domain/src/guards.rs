//! Guards: which changes of a complete run are applied.
//!
//! A complete run may remove references that it did not see, so a scraper's bad day could empty the database. At the
//! end of such a run, its [`Evidence`] is compared with the [`Baseline`]: what earlier runs of the scope did and
//! operators let pass. Guards withhold the suspicious changes and let all others be applied:
//!
//! | reason | what is suspicious | what is withheld |
//! |---|---|---|
//! | `empty_run` | no records | all removals |
//! | `scope_conflict` | records are active in another scope | those records |
//! | `rekey_suspected` | the same content under other keys | the pairs of old and new keys |
//! | `mass_removal` | more references vanished at once than usual, or are marked as removed | those references |
//! | `record_count` | far fewer or far more keys than usual | all removals |
//! | `coverage_drop` | a field lost its values | updates that lose the field, and all removals |
//! | `mass_change` | more new versions than the policy allows | all updates |
//!
//! A run whose records look broken is not trusted about what is gone either; therefore some reasons withhold all
//! removals. What is withheld is decided afresh by each later complete run, so a hold ends by itself when the source
//! recovers. The first load of a scope has nothing to protect there, so it passes, unless it takes records from another
//! scope.
//!
//! Everything here is a pure function of history, run and policy. To add a guard: a reason, a judge, a call in
//! [`decide`], and a bad day in `tests/simulation.rs`.

mod baseline;
mod decision;
mod evidence;
mod fields;
mod percent;
mod policy;
mod rekeys;
mod removals;
mod scopes;
mod suggestion;

#[cfg(test)]
mod tests;

pub use baseline::{Baseline, MAX_RUNS, PastRun, UsualField};
pub use decision::{Decision, Held, HoldReason, Withheld, WithheldUpdates};
pub use evidence::{Evidence, Loss, Missing, Taken};
use fields::CoverageDrop;
pub use policy::{Confirm, GuardPolicy, RemovalPolicy};
use removals::Trust;
pub use suggestion::{Suggestion, suggest};

/// Decides which changes of a complete run are applied.
pub fn decide(policy: &GuardPolicy, baseline: &Baseline, evidence: &Evidence<'_>) -> Decision {
    let mut decision = Decision::default();
    if policy.enabled {
        scopes::judge(evidence, &mut decision);
    }
    if !policy.enabled || evidence.num_active_before == 0 {
        decision.removed = evidence.missing.to_vec();
        return decision;
    }
    rekeys::judge(policy, baseline, evidence, &mut decision);
    let empty = removals::empty_run(policy, baseline, evidence);
    let coverage = fields::coverage_drop(policy, baseline, evidence);
    let count = |num_seen| removals::record_count(policy, baseline, num_seen).filter(|_| empty.is_none());
    let few = count(evidence.num_seen);
    // References that earlier runs missed explain their part, so they don't cast doubt on the new removals.
    let earlier = evidence.num_missing_earlier();
    let still_few = few.as_ref().and_then(|_| count(evidence.num_seen + earlier));
    let trust = |missing: &Missing| {
        let count = if missing.num_runs > 1 { &few } else { &still_few };
        match (&empty, &coverage, count) {
            (None, None, None) => Trust::Full,
            (None, None, Some(_)) => Trust::Confirming,
            _ => Trust::Nothing,
        }
    };
    let is_doubted = removals::judge(policy, baseline, evidence, trust, &mut decision);
    removals::judge_flagged(policy, baseline, evidence, &mut decision);
    let keeps_missing = !decision.withheld.missing.is_empty();
    if let Some(message) = empty {
        decision.find(HoldReason::EmptyRun, message, keeps_missing);
    }
    if let Some(message) = few {
        decision.find(HoldReason::RecordCount, message, is_doubted);
    }
    if let Some(CoverageDrop { fields, num_losing, message }) = coverage {
        decision.find(HoldReason::CoverageDrop, message, keeps_missing || num_losing > 0);
        decision.withheld.withhold_losing(fields, num_losing);
    }
    if let Some(message) = fields::mass_change(policy, evidence) {
        decision.find(HoldReason::MassChange, message, true);
        decision.withheld.withhold_updates(evidence.num_updated);
    }
    decision.held.sort_by_key(|held| held.reason);
    decision
}
