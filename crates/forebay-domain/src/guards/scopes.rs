//! Records that are active in another scope. A key belongs to the source, so the run would take them from there.

use super::{
    decision::{Decision, HoldReason},
    evidence::Evidence,
};

/// Up to this many records of a run may move to its scope.
const MAX_TAKEN: u64 = 5;
/// So may up to this share (0 to 1) of its records.
const MAX_TAKEN_SHARE: f64 = 0.1;

pub(super) fn judge(evidence: &Evidence<'_>, decision: &mut Decision) {
    let Some(taken) = evidence.taken else { return };
    let num_taken = taken.num_references;
    if num_taken <= MAX_TAKEN || num_taken as f64 <= evidence.num_seen as f64 * MAX_TAKEN_SHARE {
        return;
    }
    let scope = match taken.scope.as_str() {
        "" => "the whole source".to_owned(),
        scope => format!("the scope {scope}"),
    };
    let message = format!(
        "{num_taken} of {} records are active in another scope, such as {scope}, which was seen complete: the same \
         key in two scopes is the same reference. If these are other records, the scope must be part of the key \
         (key_in_scope = true). The key of stored records cannot change: use another source name with that \
         setting, or delete this source and load it again. If they have moved here, release the run",
        evidence.num_seen
    );
    decision.withheld.num_taken = num_taken;
    decision.hold(HoldReason::ScopeConflict, message);
}
