//! What a program reports about one piece of work, as members of a JSON object:
//!
//! ```json
//! {"status": "failed", "class": "throttled", "reason_code": "index_busy", "message": "…", "retry_after_seconds": 30}
//! ```

use forebay_domain::handoff::FailureClass;
use jiff::SignedDuration;
use serde_json::Value;

use crate::work::event::{bounded, printable};

const MAX_MESSAGE_CHARS: usize = 500;
const MAX_REASON_BYTES: usize = 63;

/// What was reported.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reported {
    /// It is done.
    Done,
    /// It failed.
    Failed(ReportedFailure),
}

/// A reported failure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReportedFailure {
    /// Decides what happens next.
    pub(crate) class: FailureClass,
    /// What failed, as a stable word; `None`: the program gave none.
    pub(crate) reason_code: Option<String>,
    /// What failed, as a sentence.
    pub(crate) message: String,
    /// How long the program asks to wait; `None`: the policy decides.
    pub(crate) retry_after: Option<SignedDuration>,
}

/// Reads a report. The error says what is wrong with the object, after its name: "has a `status` that …".
pub(crate) fn reported(object: &Value) -> Result<Reported, &'static str> {
    match object["status"].as_str() {
        Some("done") => return Ok(Reported::Done),
        Some("failed") => {}
        _ => return Err("has a `status` that is neither `done` nor `failed`"),
    }
    let class = match &object["class"] {
        Value::Null => FailureClass::Transient,
        class => class
            .as_str()
            .and_then(FailureClass::parse)
            .filter(|class| is_reported(*class))
            .ok_or("has a `class` that is not `transient`, `throttled` or `permanent`")?,
    };
    let reason_code = match &object["reason_code"] {
        Value::Null => None,
        reason => Some(
            reason
                .as_str()
                .filter(|word| is_reason(word))
                .ok_or("has a `reason_code` that is not a lower_snake word")?
                .to_owned(),
        ),
    };
    let message = match &object["message"] {
        Value::Null => String::new(),
        message => message.as_str().map(str::to_owned).ok_or("has a `message` that is not text")?,
    };
    let retry_after = match &object["retry_after_seconds"] {
        Value::Null => None,
        seconds => {
            let seconds = seconds.as_f64().filter(|seconds| *seconds >= 0.0);
            let seconds = seconds.ok_or("has a `retry_after_seconds` that is not a number of seconds")?;
            // Too large a number exceeds the limit of a day anyway.
            Some(bounded(SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::MAX)))
        }
    };
    let message = printable(message.as_bytes(), MAX_MESSAGE_CHARS);
    Ok(Reported::Failed(ReportedFailure { class, reason_code, message, retry_after }))
}

/// Whether a program may report the class. Forebay itself finds the others.
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
