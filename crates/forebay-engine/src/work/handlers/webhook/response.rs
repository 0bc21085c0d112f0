//! What an answer means, or that there was none.
//!
//! | answer | class | reason code |
//! |---|---|---|
//! | 2xx | done | |
//! | 429, 503 | throttled | `webhook_throttled` |
//! | 408, 425, other 5xx | transient | `webhook_unavailable` |
//! | 410 | permanent | `webhook_gone` |
//! | other 4xx, and what is no status of an answer | permanent | `webhook_refused` |
//! | 3xx | permanent | `webhook_redirected` |
//! | none in time | transient | `webhook_timeout` |
//! | no connection, or none that is trusted | transient | `webhook_unreachable` |
//! | broken off | transient | `webhook_broken_off` |
//!
//! Messages hold the status, the host, and a piece of the body of an answer that refuses: never the path or query of
//! the URL, and not the values of fixed headers, should the other side repeat them.

use forebay_domain::handoff::FailureClass;
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};

use crate::{
    clock,
    work::event::{Outcome, bounded, printable},
};

/// No more of a body is read.
const MAX_BODY_BYTES: usize = 64 << 10;
/// No more of a body is told.
const MAX_TOLD_CHARS: usize = 200;
/// A value shorter than this hides nothing, and taking it out would make messages unreadable.
const MIN_SECRET_CHARS: usize = 6;

/// Whether the other side asked to slow down.
pub(super) fn is_throttled(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed { class: FailureClass::Throttled, .. })
}

/// What an answer means. `sent` are the headers whose values must not be told.
pub(super) async fn judge(mut response: Response, host: &str, sent: &HeaderMap) -> Outcome {
    let status = response.status();
    let retry_after = retry_after(response.headers(), clock::now());
    let mut body = Vec::new();
    while body.len() < MAX_BODY_BYTES {
        match response.chunk().await {
            Ok(Some(piece)) => body.extend_from_slice(&piece[..piece.len().min(MAX_BODY_BYTES - body.len())]),
            // What refuses, refuses, however it ends; an acceptance is one only if it is whole.
            Err(error) if status.is_success() => return unanswered(&error, host),
            Ok(None) | Err(_) => break,
        }
    }
    if status.is_success() {
        return Outcome::Done;
    }
    let (class, reason_code) = class(status);
    let mut message = format!("{host} answered with status {}", status.as_u16());
    let told = printable(without_values(&body, sent).as_bytes(), MAX_TOLD_CHARS);
    if !told.is_empty() {
        message.push_str(": ");
        message.push_str(&told);
    }
    let retry_after = retry_after.filter(|_| class == FailureClass::Throttled);
    Outcome::Failed { class, reason_code: reason_code.to_owned(), message, retry_after }
}

/// What it means that no whole answer came.
pub(super) fn unanswered(error: &reqwest::Error, host: &str) -> Outcome {
    let (reason_code, message) = if error.is_timeout() {
        ("webhook_timeout", format!("{host} did not answer in time"))
    } else if error.is_connect() {
        ("webhook_unreachable", format!("{host} cannot be reached: {}", deepest(error)))
    } else {
        ("webhook_broken_off", format!("the connection to {host} broke off: {}", deepest(error)))
    };
    Outcome::failed(FailureClass::Transient, reason_code, message)
}

fn class(status: StatusCode) -> (FailureClass, &'static str) {
    match status.as_u16() {
        429 | 503 => (FailureClass::Throttled, "webhook_throttled"),
        408 | 425 | 500..=599 => (FailureClass::Transient, "webhook_unavailable"),
        410 => (FailureClass::Permanent, "webhook_gone"),
        300..=399 => (FailureClass::Permanent, "webhook_redirected"),
        _ => (FailureClass::Permanent, "webhook_refused"),
    }
}

/// The cause at the bottom, which is the one that says something. It names no URL: that is at the top.
fn deepest(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    if cause.downcast_ref::<reqwest::Error>().is_some() {
        return "no cause is known".to_owned();
    }
    printable(cause.to_string().as_bytes(), MAX_TOLD_CHARS)
}

/// Takes out what must not be told, should the other side repeat it.
fn without_values(body: &[u8], sent: &HeaderMap) -> String {
    let mut text = String::from_utf8_lossy(body).into_owned();
    let secrets = sent.values().filter(|value| value.is_sensitive()).filter_map(|value| value.to_str().ok());
    // The credentials of `Bearer abc` are also told without the first word.
    for secret in secrets.flat_map(|value| std::iter::once(value).chain(value.split_whitespace())) {
        if secret.len() >= MIN_SECRET_CHARS {
            text = text.replace(secret, "…");
        }
    }
    text
}

/// The time that `Retry-After` asks for (RFC 9110, section 10.2.3): seconds, or a date in one of its three forms
/// (section 5.6.7).
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are more than a day in any case.
        return Some(bounded(SignedDuration::from_secs(text.parse().unwrap_or(i64::MAX))));
    }
    Some(bounded(http_date(text)?.duration_since(now)))
}

fn http_date(text: &str) -> Option<Timestamp> {
    let forms = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let date = forms.iter().find_map(|form| DateTime::strptime(form, text).ok())?;
    TimeZone::UTC.to_timestamp(date).ok()
}
