//! Removals: whether the references that a run did not see are gone.

use jiff::{SignedDuration, Timestamp};

use super::{
    baseline::Baseline,
    decision::{Decision, HoldReason},
    evidence::{Evidence, Missing},
    percent::Percent,
    policy::{Confirm, GuardPolicy, RemovalPolicy},
};

/// A run with less than this share of the usual minimum of keys saw only a part of its scope.
const MIN_SEEN_SHARE: f64 = 0.8;

/// A run with more than this multiple of the usual maximum of keys saw something else than its scope.
const MAX_SEEN_FACTOR: f64 = 2.0;

/// A number of keys this close to the usual ones is never far from them.
const MIN_SEEN_DIFFERENCE: u64 = 3;

/// How far a run can be trusted that some references are gone, judged by what it saw.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trust {
    /// It proves nothing, not even that earlier runs were right.
    Nothing,
    /// It may confirm earlier runs.
    Confirming,
    /// It looks like any other run.
    Full,
}

pub(super) fn empty_run(
    policy: &GuardPolicy,
    baseline: &Baseline,
    evidence: &Evidence<'_>,
) -> Option<String> {
    let is_suspicious = policy.hold_empty && evidence.num_seen == 0 && !baseline.is_often_empty;
    is_suspicious.then(|| {
        format!(
            "the run saw no records, while the scope has {} active references",
            evidence.num_active_before
        )
    })
}

pub(super) fn record_count(policy: &GuardPolicy, baseline: &Baseline, seen: u64) -> Option<String> {
    let (low, high) = baseline.num_seen.filter(|_| policy.max_removed_share.is_none())?;
    let is_close = seen + MIN_SEEN_DIFFERENCE > low && seen < high + MIN_SEEN_DIFFERENCE;
    // A number that varies by nature may vary as much again.
    let is_few = ((seen + high - low) as f64) < MIN_SEEN_SHARE * low as f64;
    let is_many = seen as f64 > MAX_SEEN_FACTOR * high as f64;
    let amount = if is_few { "fewer" } else { "more" };
    (!is_close && (is_few || is_many)).then(|| {
        format!("the run saw {seen} keys, far {amount} than the usual {low} to {high} of {}", baseline.runs())
    })
}

/// Sorts the missing references into those to remove and those to withhold. Returns whether some are withheld only
/// because the run is not trusted.
pub(super) fn judge(
    policy: &GuardPolicy,
    baseline: &Baseline,
    evidence: &Evidence<'_>,
    trust: impl Fn(&Missing) -> Trust,
    decision: &mut Decision,
) -> bool {
    let mut is_doubted = false;
    if policy.removals == RemovalPolicy::Never {
        return is_doubted;
    }
    let limit = Limit::of(policy, baseline);
    for missing in evidence.missing {
        let share = evidence.missing_share(missing);
        let is_confirmed =
            policy.confirm.is_some_and(|confirm| is_confirmed(confirm, missing, evidence.observed_at));
        if trust(missing) >= Trust::Confirming && is_confirmed {
            decision.notes.push(format!("removed {}, as `confirm` allows", describe(missing)));
            decision.removed.push(*missing);
        } else if missing.num_references > policy.min_removed && share > limit.share {
            decision.hold(HoldReason::MassRemoval, limit.message(policy, missing, share));
            decision.withheld.missing.push(*missing);
        } else if trust(missing) == Trust::Full {
            decision.removed.push(*missing);
        } else {
            is_doubted = true;
            decision.withheld.missing.push(*missing);
        }
    }
    is_doubted
}

/// Withholds the removals that the records themselves ask for, if they are as many as no run usually removes: a field
/// that suddenly says "deleted" in every record has more likely changed its meaning. How else the run looks doesn't
/// matter, and neither does a policy that never removes what is missing: a flag doesn't depend on what the run has not
/// seen.
pub(super) fn judge_flagged(
    policy: &GuardPolicy,
    baseline: &Baseline,
    evidence: &Evidence<'_>,
    decision: &mut Decision,
) {
    let (count, num_active) = (evidence.num_flagged, evidence.num_active_before);
    let limit = Limit::of(policy, baseline);
    let share = count as f64 / num_active.max(1) as f64;
    if count > policy.min_removed && share > limit.share {
        decision.withheld.num_flagged = count;
        decision.hold(
            HoldReason::MassRemoval,
            format!(
                "{count} of {num_active} references ({}) are marked as removed in their records; {} is {}",
                Percent(share),
                limit.origin,
                Percent(limit.share)
            ),
        );
    }
}

fn is_confirmed(confirm: Confirm, missing: &Missing, now: Timestamp) -> bool {
    let age = SignedDuration::from_hours(24 * i64::from(confirm.num_days));
    missing.num_runs >= confirm.num_runs && now.duration_since(missing.since) >= age
}

/// The largest share of references that may vanish together.
struct Limit {
    share: f64,
    /// Where the share comes from.
    origin: String,
}

impl Limit {
    fn of(policy: &GuardPolicy, baseline: &Baseline) -> Self {
        match policy.max_removed_share {
            // NaN from a broken configuration must not disable the guard.
            Some(share) => {
                Self { share: if share.is_nan() { 0.0 } else { share }, origin: "the limit".to_owned() }
            }
            None => Self {
                share: baseline.removal_limit(),
                origin: format!("the limit learnt from {}", baseline.runs()),
            },
        }
    }

    fn message(&self, policy: &GuardPolicy, missing: &Missing, share: f64) -> String {
        let count = missing.num_references;
        let num_there = (count as f64 / share).round();
        let (share, limit) = (Percent(share), format!("{} is {}", self.origin, Percent(self.share)));
        if missing.num_runs == 1 {
            return format!("the run would remove {count} of {num_there} references ({share}); {limit}");
        }
        let Confirm { num_runs, num_days } = policy.confirm.unwrap_or(Confirm::SUGGESTED);
        let remedy = match policy.confirm {
            Some(_) => format!(
                "they are removed after {} and {}",
                counted(num_runs, "run"),
                counted(num_days.into(), "day")
            ),
            None => format!(
                "`removals = {{ confirm = {{ runs = {num_runs}, days = {num_days} }} }}` removes without an operator \
                 what was missing that long"
            ),
        };
        format!("{} ({share} of {num_there}; {limit}); {remedy}", describe(missing))
    }
}

fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn describe(missing: &Missing) -> String {
    let Missing { since, num_runs, num_references } = missing;
    format!(
        "{num_references} references missing in {num_runs} runs in a row since {}",
        since.strftime("%-d %B %Y")
    )
}
