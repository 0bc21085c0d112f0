//! Updates: fields that lost their values, and too many new versions.

use super::{
    baseline::{Baseline, UsualField},
    evidence::Evidence,
    percent::Percent,
    policy::GuardPolicy,
};

/// References that lose the same value at once, in this number, don't do so by chance.
const MIN_LOSING: u64 = 2;

/// A count this many standard deviations below the expected one is not chance.
const MAX_DEVIATIONS: f64 = 3.0;

/// A field in fewer records (0 to 1) is an exception, such as a mark for review, and exceptions end.
const MIN_USUAL_SHARE: f64 = 0.1;

/// With fewer records, a new field is no sign that a lost one was renamed: an error page has new fields, too.
const MIN_RECORDS_RENAMED: u64 = 10;

/// Maximum number of fields to name in a message; a broken page loses all of them at once.
const MAX_NAMED: usize = 8;

/// Fields that lost their values.
pub(super) struct CoverageDrop {
    pub(super) fields: Vec<String>,
    /// Updates that lose at least one of them.
    pub(super) num_losing: u64,
    pub(super) message: String,
}

/// A field that lost its values.
struct Dropped<'a> {
    name: &'a str,
    usual: UsualField,
    /// Its share in this run.
    share: f64,
}

pub(super) fn coverage_drop(
    policy: &GuardPolicy,
    baseline: &Baseline,
    evidence: &Evidence<'_>,
) -> Option<CoverageDrop> {
    if evidence.coverage.num_records() == 0 {
        return None;
    }
    let fields = baseline.fields.iter();
    let mut dropped: Vec<Dropped<'_>> = fields
        .map(|(name, usual)| {
            let share = evidence.coverage.field(name).map_or(0.0, |field| field.share);
            Dropped { name, usual: *usual, share }
        })
        .filter(|field| field.usual.min_share >= MIN_USUAL_SHARE)
        .filter(|field| field.share < field.usual.min_share * policy.min_coverage_kept)
        .filter(|field| !is_chance(field, evidence.coverage.num_records()) || is_lost(field.name, evidence))
        .collect();
    excuse_renamed(policy, baseline, evidence, &mut dropped);
    if dropped.is_empty() {
        return None;
    }
    // The largest drop first.
    let drop = |field: &Dropped<'_>| field.usual.min_share - field.share;
    dropped.sort_by(|a, b| drop(b).total_cmp(&drop(a)).then_with(|| a.name.cmp(b.name)));
    let names: Vec<&str> = dropped.iter().map(|field| field.name).collect();
    Some(CoverageDrop {
        num_losing: evidence.num_losing(&names),
        message: message(&dropped, baseline),
        fields: names.into_iter().map(str::to_owned).collect(),
    })
}

/// Whether a run with so few records may lack the values by chance.
fn is_chance(field: &Dropped<'_>, num_records: u64) -> bool {
    let (num_records, mean) = (num_records as f64, field.usual.mean_share);
    let deviation = (num_records * mean * (1.0 - mean)).sqrt();
    num_records * (mean - field.share) <= MAX_DEVIATIONS * deviation
}

/// Whether known references lose the field, and at least half of those that had it.
fn is_lost(name: &str, evidence: &Evidence<'_>) -> bool {
    let num_losing = evidence.num_losing(&[name]);
    let num_kept = evidence.coverage.field(name).map_or(0, |field| field.count);
    num_losing >= MIN_LOSING.max(num_kept)
}

/// Removes renamed fields from the list: a field counts as renamed if it is gone and an unknown field has appeared with
/// about as many values. A broken page loses fields and adds none; a new parser adds one for each that it drops.
fn excuse_renamed(
    policy: &GuardPolicy,
    baseline: &Baseline,
    evidence: &Evidence<'_>,
    dropped: &mut Vec<Dropped<'_>>,
) {
    if evidence.coverage.num_records() < MIN_RECORDS_RENAMED {
        return;
    }
    let unknown = evidence.coverage.fields().filter(|field| !baseline.fields.contains_key(field.name));
    let mut appeared: Vec<f64> = unknown.map(|field| field.share).collect();
    appeared.sort_by(f64::total_cmp);
    dropped.sort_by(|a, b| b.usual.min_share.total_cmp(&a.usual.min_share).then_with(|| a.name.cmp(b.name)));
    dropped.retain(|field| {
        let is_enough = |share: &f64| *share >= field.usual.min_share * policy.min_coverage_kept;
        let is_renamed = field.share == 0.0 && appeared.last().is_some_and(is_enough);
        if is_renamed {
            appeared.pop();
        }
        !is_renamed
    });
}

fn message(dropped: &[Dropped<'_>], baseline: &Baseline) -> String {
    let describe = |field: &Dropped<'_>| {
        format!("{} from {} to {}", field.name, Percent(field.usual.min_share), Percent(field.share))
    };
    let named: Vec<String> = dropped.iter().take(MAX_NAMED).map(describe).collect();
    let num_unnamed = dropped.len().saturating_sub(MAX_NAMED);
    let rest = if num_unnamed == 0 { String::new() } else { format!(" and {num_unnamed} more") };
    format!(
        "fields lost their values, compared with their usual minimum in {}: {}{rest}",
        baseline.runs(),
        named.join(", ")
    )
}

pub(super) fn mass_change(policy: &GuardPolicy, evidence: &Evidence<'_>) -> Option<String> {
    // NaN from a broken configuration must not disable the guard.
    let limit = if policy.max_changed_share.is_nan() { 0.0 } else { policy.max_changed_share };
    let (count, num_active) = (evidence.num_updated, evidence.num_active_before);
    let share = count as f64 / num_active as f64;
    (count > policy.min_changed && share > limit).then(|| {
        let (share, limit) = (Percent(share), Percent(limit));
        format!("{count} of {num_active} active references ({share}) would get a new version; the limit is {limit}")
    })
}
