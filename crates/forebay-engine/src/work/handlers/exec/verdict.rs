//! The command's output: one JSON object per line.
//!
//! ```json
//! {"reference_id": "…", "status": "done"}
//! {"reference_id": "…", "status": "failed", "class": "throttled", "reason_code": "index_busy",
//!  "message": "…", "retry_after_seconds": 30}
//! ```
//!
//! The first verdict on an event counts. Malformed lines are reported on the unanswered events.

use std::collections::HashMap;

use forebay_domain::identity::ReferenceId;
use serde_json::Value;

use crate::{
    child::{Reported, ReportedFailure, reported},
    work::event::{Answer, Event, Outcome},
};

/// The reason code of a failure without one.
const NO_REASON: &str = "exec_reported";

/// Collects the verdicts of one run.
pub(super) struct Verdicts<'a> {
    answer: &'a Answer<'a>,
    places: HashMap<ReferenceId, usize>,
    /// Whether each event has its verdict.
    is_answered: Vec<bool>,
    /// The problem with an invalid verdict, for each event.
    bad: Vec<Option<String>>,
    /// The first line that could not be matched to an event.
    stray: Option<String>,
    num_lines: u64,
    num_stray: u64,
}

impl<'a> Verdicts<'a> {
    /// Starts without any verdict on these events. `answer` gets each verdict as it comes.
    pub(super) fn of(events: &[Event], answer: &'a Answer<'a>) -> Self {
        Self {
            answer,
            places: events.iter().enumerate().map(|(place, event)| (event.reference_id, place)).collect(),
            is_answered: vec![false; events.len()],
            bad: vec![None; events.len()],
            stray: None,
            num_lines: 0,
            num_stray: 0,
        }
    }

    /// Takes a line. Empty lines are ignored.
    pub(super) fn take(&mut self, line: &[u8]) {
        if line.trim_ascii().is_empty() {
            self.num_lines += 1;
            return;
        }
        let Ok(Value::Object(verdict)) = serde_json::from_slice(line) else {
            return self.take_bad(None, "is not a JSON object");
        };
        let verdict = Value::Object(verdict);
        let Some(id) = verdict["reference_id"].as_str().and_then(|id| id.parse::<ReferenceId>().ok()) else {
            return self.take_bad(None, "has no `reference_id`");
        };
        let Some(place) = self.places.get(&id).copied() else {
            return self.take_bad(None, "has a `reference_id` that is not in this batch");
        };
        if self.is_answered[place] {
            return self.take_bad(None, "is a second verdict on the same `reference_id`");
        }
        match read(&verdict) {
            Ok(outcome) => {
                self.num_lines += 1;
                self.is_answered[place] = true;
                (self.answer)(place, outcome);
            }
            Err(problem) => self.take_bad(Some(place), problem),
        }
    }

    /// Records an invalid line, with its event if that is known.
    pub(super) fn take_bad(&mut self, place: Option<usize>, problem: &str) {
        self.num_lines += 1;
        let first = if let Some(place) = place {
            &mut self.bad[place]
        } else {
            self.num_stray += 1;
            &mut self.stray
        };
        // A command may write millions of such lines; only the first is reported.
        first.get_or_insert_with(|| format!("line {} of the command's output {problem}", self.num_lines));
    }

    /// Answers the events without a verdict. `unanswered` makes their outcome from the problem with the event's line,
    /// if there was one.
    pub(super) fn finish(self, unanswered: impl Fn(Option<&str>) -> Outcome) {
        let stray = self.stray.map(|first| match self.num_stray {
            1 => first,
            num => format!("{first}; {} more lines are invalid", num - 1),
        });
        for (place, (is_answered, bad)) in self.is_answered.into_iter().zip(self.bad).enumerate() {
            if !is_answered {
                (self.answer)(place, unanswered(bad.as_deref().or(stray.as_deref())));
            }
        }
    }
}

fn read(verdict: &Value) -> Result<Outcome, &'static str> {
    Ok(match reported(verdict)? {
        Reported::Done => Outcome::Done,
        Reported::Failed(ReportedFailure { class, reason_code, message, retry_after }) => Outcome::Failed {
            class,
            reason_code: reason_code.unwrap_or_else(|| NO_REASON.to_owned()),
            message,
            retry_after,
        },
    })
}
