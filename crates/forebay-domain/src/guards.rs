//! Guards: whether the changes of a complete run may be applied.
//!
//! A complete run may remove references that it didn't see, so a scraper's bad day could empty the database. At its
//! end, the evidence of the run is compared with the source's [`GuardPolicy`]. If a guard trips, the changes stay
//! staged, the last good data stays in use, and an operator reads the messages written here and releases or rejects
//! the run.
//!
//! Each guard judges the evidence on its own, and all that trip are reported. The first load of a scope has nothing
//! to protect and passes all of them. To add a guard: a reason, a function, a line in [`decide`].

use std::fmt;

use crate::{coverage::Coverage, rekey::Rekey};

#[cfg(test)]
mod tests;

/// When a complete run of a source is held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GuardPolicy {
    /// Whether guards apply; if not, a run is never held. Default: true.
    pub enabled: bool,
    /// Hold if the run saw no record although the scope has active references. Default: true.
    pub hold_empty: bool,
    /// Hold if the vanished keys reappear as other keys with the same content. Default: true.
    pub hold_rekey: bool,
    /// Hold if more than this share (0 to 1) of the scope's active references would be removed. Default: 0.5.
    pub max_removed_share: f64,
    /// Up to this many references may be removed without a hold, regardless of the share. Default: 5.
    pub min_removed: u64,
    /// Hold if more than this share (0 to 1) of the scope's active references would get a new version. Default: 1,
    /// which never holds: a source may legitimately rewrite everything.
    pub max_changed_share: f64,
    /// Up to this many references may get a new version without a hold, regardless of the share. Default: 5.
    pub min_changed: u64,
    /// Hold if a field's share fell below this fraction (0 to 1) of its baseline; 0 never holds. Default: 0.5.
    pub min_coverage_kept: f64,
    /// Ignore fields whose baseline is below this share (0 to 1). Default: 0.2.
    pub min_coverage_baseline: f64,
    /// With fewer records than this, coverage is not judged. Default: 10.
    pub min_coverage_records: u64,
}

impl Default for GuardPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            hold_empty: true,
            hold_rekey: true,
            max_removed_share: 0.5,
            min_removed: 5,
            max_changed_share: 1.0,
            min_changed: 5,
            min_coverage_kept: 0.5,
            min_coverage_baseline: 0.2,
            min_coverage_records: 10,
        }
    }
}

impl GuardPolicy {
    /// The default thresholds, with guards off.
    pub fn off() -> Self {
        Self { enabled: false, ..Self::default() }
    }
}

/// A field's share in the last good runs of the scope.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldBaseline {
    /// The field's name.
    pub name: String,
    /// Records with a value for it, divided by all records: 0 to 1.
    pub share: f64,
}

/// The evidence of a complete run before anything is applied. All counts are of the run's scope.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// Active references before the run.
    pub num_active_before: u64,
    /// Distinct keys seen.
    pub num_seen: u64,
    /// Active references whose key was not seen.
    pub num_removed: u64,
    /// New keys.
    pub num_added: u64,
    /// References that would get a new version.
    pub num_updated: u64,
    /// The coverage of this run.
    pub coverage: &'a Coverage,
    /// The coverage to compare with; `None` if there was no good run.
    pub baseline: Option<&'a [FieldBaseline]>,
    /// The result of [`rekey::recognise`](crate::rekey::recognise) for the vanished and appeared keys.
    pub rekey: Option<&'a Rekey>,
}

crate::words! {
    /// Why a guard tripped, most important first; a held run lists them in this order.
    pub enum HoldReason {
        /// No records, although there are active references.
        EmptyRun = "empty_run",
        /// The same content under other keys.
        RekeySuspected = "rekey_suspected",
        /// Too large a share would be removed.
        MassRemoval = "mass_removal",
        /// Fields that used to have values are mostly empty.
        CoverageDrop = "coverage_drop",
        /// Too large a share would get a new version.
        MassChange = "mass_change",
    }
}

/// One guard that tripped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which guard it was.
    pub reason: HoldReason,
    /// One sentence with the numbers and the limit.
    pub message: String,
}

/// The decision on a complete run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Apply the changes and the removals.
    Apply,
    /// Keep everything staged for an operator. The list is never empty; most important first.
    Hold(Vec<Held>),
}

/// Decides whether to apply a complete run.
pub fn decide(policy: &GuardPolicy, evidence: &Evidence<'_>) -> Verdict {
    if !policy.enabled || evidence.num_active_before == 0 {
        return Verdict::Apply;
    }
    let guards = [empty_run, rekey_suspected, mass_removal, coverage_drop, mass_change];
    let held: Vec<Held> = guards.iter().filter_map(|guard| guard(policy, evidence)).collect();
    if held.is_empty() { Verdict::Apply } else { Verdict::Hold(held) }
}

fn empty_run(policy: &GuardPolicy, evidence: &Evidence<'_>) -> Option<Held> {
    let trips = policy.hold_empty && evidence.num_seen == 0;
    let message = || {
        format!(
            "the run saw no records, while the scope has {} active references",
            evidence.num_active_before
        )
    };
    trips.then(|| Held { reason: HoldReason::EmptyRun, message: message() })
}

fn rekey_suspected(policy: &GuardPolicy, evidence: &Evidence<'_>) -> Option<Held> {
    let rekey = evidence.rekey.filter(|_| policy.hold_rekey)?;
    let change = rekey.key_change.as_ref().map(|change| format!(" ({change})")).unwrap_or_default();
    let message = format!(
        "{} of {} vanished keys reappear as other keys, {} of them with the same content{change}; \
         rekey keeps their references and history",
        rekey.pairs.len(),
        rekey.num_vanished,
        rekey.num_same_content
    );
    Some(Held { reason: HoldReason::RekeySuspected, message })
}

fn mass_removal(policy: &GuardPolicy, evidence: &Evidence<'_>) -> Option<Held> {
    let message = over_share(
        "be removed",
        evidence.num_removed,
        evidence.num_active_before,
        policy.max_removed_share,
        policy.min_removed,
    )?;
    Some(Held { reason: HoldReason::MassRemoval, message })
}

fn mass_change(policy: &GuardPolicy, evidence: &Evidence<'_>) -> Option<Held> {
    let message = over_share(
        "get a new version",
        evidence.num_updated,
        evidence.num_active_before,
        policy.max_changed_share,
        policy.min_changed,
    )?;
    Some(Held { reason: HoldReason::MassChange, message })
}

/// The message for a count that exceeds both its share of the active references and its minimum.
fn over_share(fate: &str, count: u64, num_active: u64, max_share: f64, min_count: u64) -> Option<String> {
    // NaN from a broken configuration must not disable the guard.
    let max_share = if max_share.is_nan() { 0.0 } else { max_share };
    let share = count as f64 / num_active as f64;
    (count > min_count && share > max_share).then(|| {
        let (share, limit) = (Percent(share), Percent(max_share));
        format!("{count} of {num_active} active references ({share}) would {fate}; the limit is {limit}")
    })
}

fn coverage_drop(policy: &GuardPolicy, evidence: &Evidence<'_>) -> Option<Held> {
    /// Maximum number of fields to name in the message; a broken page loses all of them at once.
    const MAX_NAMED: usize = 8;

    if evidence.coverage.num_records() < policy.min_coverage_records {
        return None;
    }
    let mut dropped: Vec<(&FieldBaseline, f64)> = Vec::new();
    for field in evidence.baseline.unwrap_or_default() {
        let now = evidence.coverage.field(&field.name).map_or(0.0, |field| field.share);
        if field.share >= policy.min_coverage_baseline && now < field.share * policy.min_coverage_kept {
            dropped.push((field, now));
        }
    }
    excuse_renamed(policy, evidence, &mut dropped);
    if dropped.is_empty() {
        return None;
    }
    // The largest drop first.
    dropped.sort_by(|a, b| {
        (b.0.share - b.1).total_cmp(&(a.0.share - a.1)).then_with(|| a.0.name.cmp(&b.0.name))
    });
    let named: Vec<String> = dropped
        .iter()
        .take(MAX_NAMED)
        .map(|(field, now)| format!("{} from {} to {}", field.name, Percent(field.share), Percent(*now)))
        .collect();
    let num_unnamed = dropped.len().saturating_sub(MAX_NAMED);
    let rest = if num_unnamed == 0 { String::new() } else { format!(" and {num_unnamed} more") };
    let message = format!("fields lost their values: {}{rest}", named.join(", "));
    Some(Held { reason: HoldReason::CoverageDrop, message })
}

/// Removes renamed fields from the list: a field counts as renamed if it is gone and a field outside the baseline has
/// appeared with about as many values. A broken page loses fields and adds none; a new parser adds one for each that it
/// drops.
fn excuse_renamed(policy: &GuardPolicy, evidence: &Evidence<'_>, dropped: &mut Vec<(&FieldBaseline, f64)>) {
    let known = |name: &str| evidence.baseline.unwrap_or_default().iter().any(|field| field.name == name);
    let mut appeared: Vec<f64> =
        evidence.coverage.fields().filter(|field| !known(field.name)).map(|field| field.share).collect();
    appeared.sort_by(f64::total_cmp);
    dropped.sort_by(|a, b| b.0.share.total_cmp(&a.0.share).then_with(|| a.0.name.cmp(&b.0.name)));
    dropped.retain(|(field, now)| {
        let enough = |share: &f64| *share >= field.share * policy.min_coverage_kept;
        let renamed = *now == 0.0 && appeared.last().is_some_and(enough);
        if renamed {
            appeared.pop();
        }
        !renamed
    });
}

/// A share as a percentage. One decimal keeps a value just above a limit distinct from the limit.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = format!("{:.1}", self.0 * 100.0);
        write!(f, "{} %", percent.strip_suffix(".0").unwrap_or(&percent))
    }
}
