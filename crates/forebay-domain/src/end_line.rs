//! The end line: the last line of an input, in which its producer says whether it has sent everything.
//!
//! A producer that dies closes its pipe like one that is done. The end line tells them apart: an input without the
//! expected one is not complete, so no unseen record is removed. An end line never makes a run complete by itself; it
//! only confirms or contradicts what the run was asked to be.

use serde::{Deserialize, Serialize};

/// The longest reason in a message, in characters.
const MAX_REASON: usize = 200;

/// What a producer says at its end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EndLine {
    /// Whether it has sent everything that it was asked for.
    pub complete: bool,
    /// Why it ended, such as Scrapy's `finish_reason`. Default: none.
    #[serde(default)]
    pub reason: Option<String>,
    /// The errors that it met, after which records may be missing. Default: 0.
    #[serde(default)]
    pub num_errors: u64,
}

/// Whether an input must have an end line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndRule {
    /// It may have one.
    #[default]
    Optional,
    /// It must have one, because an earlier input of its source had one.
    Remembered,
    /// It must have one, because the settings of its source require it.
    Required,
}

impl EndRule {
    /// The rule of a source. `required` is its setting; without it, the source is held to what it has done before.
    pub const fn of(required: Option<bool>, has_sent_one: bool) -> Self {
        match (required, has_sent_one) {
            (Some(true), _) => Self::Required,
            (None, true) => Self::Remembered,
            (Some(false), _) | (None, false) => Self::Optional,
        }
    }

    /// Why an input with this end is not complete. `None`: nothing speaks against it. `is_possible`: whether its format
    /// has end lines; what a source did in another format says nothing about one that has none.
    pub fn problem(self, end: Option<&EndLine>, is_possible: bool) -> Option<EndProblem> {
        match end {
            Some(end) if !end.complete => Some(EndProblem::Incomplete(end.clone())),
            Some(end) if end.num_errors > 0 => Some(EndProblem::Errors(end.clone())),
            Some(_) => None,
            None if self == Self::Optional => None,
            None if is_possible => Some(EndProblem::Missing(self)),
            None => (self == Self::Required).then_some(EndProblem::Impossible),
        }
    }
}

/// Why an input is not complete, as its end says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndProblem {
    /// The end line that the rule asks for is missing.
    Missing(EndRule),
    /// The settings ask for an end line, and the format of the input has none.
    Impossible,
    /// The producer says that it has not sent everything.
    Incomplete(EndLine),
    /// The producer has met errors.
    Errors(EndLine),
}

impl EndProblem {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) | Self::Impossible => "end_line_missing",
            Self::Incomplete(_) => "producer_incomplete",
            Self::Errors(_) => "producer_errors",
        }
    }

    /// The problem as a sentence.
    pub fn message(&self) -> String {
        match self {
            Self::Missing(EndRule::Required) => {
                "the input has no end line, which the source requires (`require_end`): its producer may have died"
                    .to_owned()
            }
            Self::Missing(_) => "the input has no end line, although earlier inputs of this source had one: its \
                                 producer may have died; `require_end = false` accepts inputs without one"
                .to_owned(),
            Self::Impossible => {
                "the source requires an end line (`require_end`), which only JSON Lines can have".to_owned()
            }
            Self::Incomplete(end) => format!("the producer did not send everything: {}", described(end)),
            Self::Errors(end) => format!("the producer met errors: {}", described(end)),
        }
    }
}

/// The reason and the number of errors, without control characters.
fn described(end: &EndLine) -> String {
    let reason = end.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let reason = reason.map(|reason| reason.chars().take(MAX_REASON).map(printable).collect::<String>());
    let errors = match end.num_errors {
        0 => None,
        1 => Some("1 error".to_owned()),
        more => Some(format!("{more} errors")),
    };
    match (reason, errors) {
        (Some(reason), Some(errors)) => format!("{reason}, {errors}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "it gave no reason".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(complete: bool, num_errors: u64) -> EndLine {
        EndLine { complete, reason: None, num_errors }
    }

    #[test]
    fn a_setting_overrides_what_is_remembered() {
        assert_eq!(EndRule::of(None, false), EndRule::Optional);
        assert_eq!(EndRule::of(None, true), EndRule::Remembered);
        assert_eq!(EndRule::of(Some(false), true), EndRule::Optional);
        assert_eq!(EndRule::of(Some(true), false), EndRule::Required);
    }

    #[test]
    fn only_a_clean_end_or_an_optional_one_is_no_problem() {
        let code = |rule: EndRule, end: Option<EndLine>| {
            rule.problem(end.as_ref(), true).map(|problem| problem.code())
        };
        for rule in [EndRule::Optional, EndRule::Remembered, EndRule::Required] {
            assert_eq!(code(rule, Some(end(true, 0))), None);
            assert_eq!(code(rule, Some(end(true, 1))), Some("producer_errors"));
            assert_eq!(code(rule, Some(end(false, 0))), Some("producer_incomplete"));
            assert_eq!(code(rule, Some(end(false, 2))), Some("producer_incomplete"));
            let missing = (rule != EndRule::Optional).then_some("end_line_missing");
            assert_eq!(code(rule, None), missing);
        }
    }

    #[test]
    fn a_format_without_end_lines_is_only_held_to_a_setting() {
        assert_eq!(EndRule::Optional.problem(None, false), None);
        assert_eq!(EndRule::Remembered.problem(None, false), None);
        assert_eq!(EndRule::Required.problem(None, false), Some(EndProblem::Impossible));
    }

    #[test]
    fn messages_say_the_reason_and_the_errors() {
        let message = |reason: Option<&str>, num_errors| {
            let end = EndLine { complete: false, reason: reason.map(str::to_owned), num_errors };
            EndProblem::Incomplete(end).message()
        };
        assert!(message(Some("shutdown\n"), 3).ends_with(": shutdown, 3 errors"));
        assert!(message(Some(" "), 1).ends_with(": 1 error"));
        assert!(message(Some("a\u{7}b"), 0).ends_with(": a\u{fffd}b"));
        assert!(message(None, 0).ends_with(": it gave no reason"));
        assert!(message(Some(&"x".repeat(1000)), 0).len() < 300);
    }
}
