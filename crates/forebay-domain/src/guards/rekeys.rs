//! Records that reappear under other keys.

use super::{
    baseline::Baseline,
    decision::{Decision, HoldReason},
    evidence::Evidence,
    percent::Percent,
    policy::GuardPolicy,
};
use crate::rekey::{Pair, Rekey, RekeyPolicy};

/// Moves the certain pairs if the policy follows re-keys, and withholds the others unless as many are usually
/// released.
pub(super) fn judge(
    policy: &GuardPolicy,
    baseline: &Baseline,
    evidence: &Evidence<'_>,
    decision: &mut Decision,
) {
    let Some(rekey) = evidence.rekey else { return };
    let follows = |pair: &Pair| policy.rekey == RekeyPolicy::Follow && pair.is_certain;
    let (moved, suspected): (Vec<Pair>, Vec<Pair>) = rekey.pairs.iter().copied().partition(follows);
    decision.moved = moved;
    let share = suspected.len() as f64 / evidence.num_active_before as f64;
    if share <= baseline.split_limit() {
        decision.split = suspected;
    } else {
        decision.hold(HoldReason::RekeySuspected, message(rekey, share, baseline));
        decision.withheld.pairs = suspected;
    }
}

fn message(rekey: &Rekey, share: f64, baseline: &Baseline) -> String {
    let change = rekey.key_change.as_ref().map(|change| format!(" ({change})")).unwrap_or_default();
    let released = match baseline.split_limit() {
        0.0 => String::new(),
        limit => format!(
            "; they are {} of the active references, and operators have released up to {}",
            Percent(share),
            Percent(limit)
        ),
    };
    format!(
        "{} of {} vanished keys reappear as other keys, {} of them with the same content{change}{released}; \
         rekey keeps their references and history",
        rekey.pairs.len(),
        rekey.num_vanished,
        rekey.num_same_content,
    )
}
