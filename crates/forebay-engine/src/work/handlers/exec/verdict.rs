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

use forebay_domain::{handoff::FailureClass, identity::ReferenceId};
use jiff::SignedDuration;
use serde_json::Value;

use crate::work::event::{Event, Outcome, bounded, printable};

const MAX_MESSAGE_CHARS: usize = 500;
const MAX_REASON_BYTES: usize = 63;
/// The reason code of a failure without one.
const NO_REASON: &str = "exec_reported";

/// Collects the verdicts of one run.
pub(super) struct Verdicts {
    places: HashMap<ReferenceId, usize>,
    /// One for each event, in the order of the events.
    outcomes: Vec<Option<Outcome>>,
    /// The problem with an invalid verdict, for each event.
    bad: Vec<Option<String>>,
    /// The first line that could not be matched to an event.
    stray: Option<String>,
    num_lines: u64,
    num_stray: u64,
}

impl Verdicts {
    /// Starts without any verdict on these events.
    pub(super) fn of(events: &[Event]) -> Self {
        Self {
            places: events.iter().enumerate().map(|(place, event)| (event.reference_id, place)).collect(),
            outcomes: vec![None; events.len()],
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
        if self.outcomes[place].is_some() {
            return self.take_bad(None, "is a second verdict on the same `reference_id`");
        }
        match read(&verdict) {
            Ok(outcome) => {
                self.num_lines += 1;
                self.outcomes[place] = Some(outcome);
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

    /// The outcomes, in the order of the events. `unanswered` makes the outcome of an event without a verdict from the
    /// problem with its line, if there was one.
    pub(super) fn into_outcomes(self, unanswered: impl Fn(Option<&str>) -> Outcome) -> Vec<Outcome> {
        let stray = self.stray.map(|first| match self.num_stray {
            1 => first,
            num => format!("{first}; {} more lines are invalid", num - 1),
        });
        let known = self.outcomes.into_iter().zip(self.bad);
        known
            .map(|(outcome, bad)| outcome.unwrap_or_else(|| unanswered(bad.as_deref().or(stray.as_deref()))))
            .collect()
    }
}

fn read(verdict: &Value) -> Result<Outcome, &'static str> {
    match verdict["status"].as_str() {
        Some("done") => return Ok(Outcome::Done),
        Some("failed") => {}
        _ => return Err("has a `status` that is neither `done` nor `failed`"),
    }
    let class = match &verdict["class"] {
        Value::Null => FailureClass::Transient,
        class => class
            .as_str()
            .and_then(FailureClass::parse)
            .filter(|class| is_reported(*class))
            .ok_or("has a `class` that is not `transient`, `throttled` or `permanent`")?,
    };
    let reason_code = match &verdict["reason_code"] {
        Value::Null => NO_REASON,
        reason => reason
            .as_str()
            .filter(|word| is_reason(word))
            .ok_or("has a `reason_code` that is not a lower_snake word")?,
    };
    let message = match &verdict["message"] {
        Value::Null => String::new(),
        message => message.as_str().map(str::to_owned).ok_or("has a `message` that is not text")?,
    };
    let retry_after = match &verdict["retry_after_seconds"] {
        Value::Null => None,
        seconds => {
            let seconds = seconds.as_f64().filter(|seconds| *seconds >= 0.0);
            let seconds = seconds.ok_or("has a `retry_after_seconds` that is not a number of seconds")?;
            // Too large a number exceeds the limit of a day anyway.
            Some(bounded(SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::MAX)))
        }
    };
    Ok(Outcome::Failed {
        class,
        reason_code: reason_code.to_owned(),
        message: printable(message.as_bytes(), MAX_MESSAGE_CHARS),
        retry_after,
    })
}

/// Whether a command may report the class. Forebay itself finds the others.
fn is_reported(class: FailureClass) -> bool {
    match class {
        FailureClass::Transient | FailureClass::Throttled | FailureClass::Permanent => true,
        FailureClass::Poison | FailureClass::Lost => false,
    }
}

fn is_reason(word: &str) -> bool {
    word.len() <= MAX_REASON_BYTES
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
