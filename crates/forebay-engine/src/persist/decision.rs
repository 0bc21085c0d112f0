//! Decides how a run ends, based on its input.

use std::error::Error as _;

use forebay_domain::{
    drift::Drift,
    end_line::{EndProblem, EndRule},
    guards::{self, RemovalPolicy},
    identity::ReferenceId,
    run::{Counts, OnDuplicate, RunStatus},
};

use jiff::Timestamp;

use super::{policy::SourcePolicy, pump::ReadInput, request::PersistRequest, tally::Tally, verdict::Verdict};
use crate::human;

/// Fewer rejected records than this never fail a run, regardless of their share.
const MIN_REJECTED_TO_FAIL: u64 = 5;

/// What the input of a run is judged by.
pub(super) struct Rules<'a> {
    pub(super) request: &'a PersistRequest,
    /// The policy of the run.
    pub(super) policy: &'a SourcePolicy,
    /// Whether the input must have an end line.
    pub(super) end_rule: EndRule,
    /// When the last complete run that was applied observed the scope.
    pub(super) watermark: Option<Timestamp>,
    /// Whether the source is a course.
    pub(super) is_course: bool,
}

/// How a run ends.
pub(super) struct Decision {
    pub(super) status: RunStatus,
    pub(super) reason_code: Option<&'static str>,
    pub(super) messages: Vec<String>,
    pub(super) warnings: Vec<String>,
    /// What the guards decided; `None` if they were not asked.
    pub(super) verdict: Option<Verdict>,
    /// Whether references that the run has not seen may be removed.
    pub(super) may_remove: bool,
    /// Whether the run was requested to cover its scope completely, and its input did not contradict it.
    pub(super) is_complete: bool,
    /// How the shape of its records differs from that of the last good runs.
    pub(super) drift: Vec<Drift>,
    /// References that it has seen, so what older held runs withhold about them is outdated.
    pub(super) outdated: Vec<ReferenceId>,
}

impl Decision {
    /// Whether the run finds out which references are missing.
    pub(super) fn judges_removals(&self, read: &ReadInput) -> bool {
        self.is_complete && !read.is_unchanged
    }

    /// Whether guards judge the staged changes. A partial run removes no unseen record, so without records there is
    /// nothing to judge.
    pub(super) fn is_guarded(&self, read: &ReadInput, num_seen: u64) -> bool {
        let is_nothing = self.status == RunStatus::Partial && num_seen == 0;
        self.judges_removals(read) && self.status != RunStatus::Failed && !is_nothing
    }

    /// Takes over what the guards decided.
    pub(super) fn follow(&mut self, guards: &guards::Decision) {
        if let Some(first) = guards.held.first() {
            // A run that is held or released must not pass for one that read all of its input.
            self.is_complete &= self.status != RunStatus::Partial;
            self.status = RunStatus::Held;
            self.reason_code = Some(first.reason.as_str());
            self.messages.extend(guards.held.iter().map(|held| held.message.clone()));
        }
        self.warnings.extend(guards.notes.iter().cloned());
    }

    /// Whether the run decides afresh about everything that older held runs of the scope withhold. An unchanged source
    /// may still be in the state that a held run saw. A run whose input is incomplete is partial, or not complete.
    pub(super) fn decides_about_scope(&self, read: &ReadInput) -> bool {
        let is_applied = matches!(self.status, RunStatus::Complete | RunStatus::Held);
        self.is_complete && is_applied && !read.is_unchanged
    }
}

/// Judges a run by its input: rejected records, an early end.
pub(super) fn judge_input(rules: &Rules<'_>, tally: &Tally, read: &ReadInput) -> Decision {
    let mut decision = Decision {
        status: RunStatus::Complete,
        reason_code: None,
        messages: Vec::new(),
        warnings: Vec::new(),
        verdict: None,
        may_remove: true,
        is_complete: rules.request.complete && read.end.ending.is_complete != Some(false),
        drift: Vec::new(),
        outdated: Vec::new(),
    };
    let Counts { num_seen, num_rejected, .. } = tally.counts;
    if tally.num_replaced > 0 {
        decision.warnings.push(format!(
            "{} characters that Postgres cannot store (U+0000 or half of a surrogate pair) were replaced by U+FFFD",
            tally.num_replaced
        ));
    }
    let coverage = &read.end.coverage;
    if let OnDuplicate::Newest(field) = &rules.policy.on_duplicate
        && coverage.num_records() > 0
        && coverage.field(field.top_level()).is_none()
    {
        decision.warnings.push(format!(
            "no record has a value in {:?}, by which newest_by decides: of several records of a key, the last counts",
            field.top_level()
        ));
    }
    let num_unread = read.end.ending.num_unread;
    let unreadable = tally.num_unidentified + num_unread;
    let too_many = unreadable as f64 > rules.policy.max_rejected_share * (num_seen + num_unread) as f64;
    if tally.num_unidentified > 0 && num_rejected == num_seen {
        decision.status = RunStatus::Failed;
        decision.reason_code = Some("no_usable_records");
        decision.messages.push(match num_seen {
            1 => "the only record was rejected".to_owned(),
            _ => format!("all {num_seen} records were rejected"),
        });
    } else if unreadable >= MIN_REJECTED_TO_FAIL && too_many {
        decision.status = RunStatus::Failed;
        decision.reason_code = Some("too_many_rejected");
        let share = rules.policy.max_rejected_share;
        decision.messages.push(match num_unread {
            0 => format!(
                "{num_rejected} of {num_seen} records were rejected, more than the allowed share of {share}"
            ),
            _ => format!(
                "{num_rejected} of {num_seen} records were rejected, and the last of them is as long as about \
                 {} records: more than the allowed share of {share} was not read",
                num_unread + 1
            ),
        });
    } else if read.is_out_of_time {
        decision.status = RunStatus::Partial;
        decision.reason_code = Some("max_duration");
        let limit = rules.request.max_duration.unwrap_or_default();
        decision.messages.push(format!("reading stopped after {} (max_duration)", human::duration(limit)));
        decision.may_remove = false;
        decision.is_complete = false;
    } else if let Some(error) = &read.end.error {
        decision.status = RunStatus::Partial;
        decision.reason_code = Some(error.code());
        decision.messages.push(with_cause(error));
        decision.may_remove = false;
    } else if let Some(truncated) = &read.end.ending.truncated {
        decision.status = RunStatus::Partial;
        let incomplete = read.end.crawl.as_ref().and_then(|crawl| crawl.incomplete.as_ref());
        decision.reason_code = Some(incomplete.map_or("truncated_input", |incomplete| incomplete.code));
        decision.messages.push(truncated.clone());
        decision.may_remove = false;
    } else if let Some(problem) = end_problem(rules, read) {
        decision.status = RunStatus::Partial;
        decision.reason_code = Some(problem.code());
        decision.messages.push(problem.message());
        decision.may_remove = false;
    } else if unreadable > 0 {
        decision.status = RunStatus::Partial;
        decision.reason_code = Some("rejected_records");
        decision.messages.push(format!("{num_rejected} of {num_seen} records were rejected"));
        // An unreadable record may be one that looks removed. With guards off, the operator accepts that risk.
        decision.may_remove = !rules.policy.guards.enabled && !too_many;
    }
    if read.is_hopeless {
        decision.messages.push("the rest of the input was not read".to_owned());
    }
    decision.may_remove &= decision.status != RunStatus::Failed && !read.is_hopeless;
    if decision.status == RunStatus::Partial && rules.request.complete && !decision.may_remove {
        decision.warnings.push(
            "no unseen record was removed: records that look removed may be among those not read".to_owned(),
        );
    }
    decision.may_remove &= rules.policy.guards.removals == RemovalPolicy::Guarded;
    // A course is compared with its folder, so its runs are complete or not by turns.
    if rules.watermark.is_some() && !rules.request.complete && !rules.is_course {
        decision.warnings.push(
            "earlier runs of this scope were complete and this one is not: it removes no record that it doesn't see, and \
             does not count as a sync; if the input covers the whole scope, add --complete (not_complete)"
                .to_owned(),
        );
    }
    decision.warnings.extend(read.end.ending.notes.iter().cloned());
    decision
}

/// What the end of a stream of bytes says against its completeness. Crawls know their end, and an unchanged source was
/// not read.
fn end_problem(rules: &Rules<'_>, read: &ReadInput) -> Option<EndProblem> {
    if read.is_unchanged || read.end.crawl.is_some() {
        return None;
    }
    let ending = &read.end.ending;
    rules.end_rule.problem(ending.end_line.as_ref(), !ending.never_has_end_line)
}

/// The error that ended the input early, with its cause.
fn with_cause(error: &forebay_sources::Error) -> String {
    let message = error.to_string();
    match error.source().map(ToString::to_string) {
        Some(cause) if !message.contains(&cause) => format!("{message}: {cause}"),
        _ => message,
    }
}
