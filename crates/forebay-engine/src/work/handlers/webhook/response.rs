//! Interprets a response, or the lack of one.
//!
//! | answer | class | reason code |
//! |---|---|---|
//! | 2xx | done | |
//! | 429, 503 | throttled | `webhook_throttled` |
//! | 408, 425, other 5xx | transient | `webhook_unavailable` |
//! | 410 | permanent | `webhook_gone` |
//! | other 4xx, and invalid statuses | permanent | `webhook_refused` |
//! | 3xx | permanent | `webhook_redirected` |
//! | none in time | transient | `webhook_timeout` |
//! | no connection, or no trusted one | transient | `webhook_unreachable` |
//! | incomplete | transient | `webhook_broken_off` |
//!
//! Messages contain the status, the host, and the start of the body of a failed response. They never contain the path
//! or query of the URL. Values of fixed headers are removed from the body in case the endpoint echoes them.

use std::time::Duration;

use forebay_domain::handoff::FailureClass;
use jiff::{SignedDuration, Timestamp};
use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use tokio::time::timeout;

use crate::{
    clock,
    work::event::{Outcome, bounded, printable},
};

/// The maximum number of bytes read from a body.
const MAX_BODY_BYTES: usize = 64 << 10;
/// How long to wait for the body of a failed response. Until then, other requests go on after a 429.
const MAX_FAILURE_WAIT: Duration = Duration::from_secs(1);
/// The maximum number of characters of a body in a message.
const MAX_DETAIL_CHARS: usize = 200;
/// The maximum number of characters of a body in the log of deliveries.
const MAX_LOGGED_CHARS: usize = 512;
/// Removing shorter values protects nothing and makes messages unreadable.
const MIN_SECRET_CHARS: usize = 6;

/// What the log of deliveries says about a response.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// Its status; `None`: there was no response.
    pub(crate) status: Option<u16>,
    /// The start of its body.
    pub(crate) body: String,
}

/// The outcome of a response. `sent` are the headers whose values must not appear in messages.
pub(super) async fn judge(mut response: Response, host: &str, sent: &HeaderMap) -> (Outcome, Received) {
    let status = response.status();
    let retry_after = retry_after(response.headers(), clock::now());
    let mut body = Vec::new();
    let reading = read_body(&mut response, &mut body);
    if status.is_success() {
        if let Err(error) = reading.await {
            let received = Received { status: Some(status.as_u16()), body: String::new() };
            return (unanswered(&error, host), received);
        }
    } else {
        // The status decides, so a body that is incomplete or stalls is only shorter in the message.
        let _in_time = timeout(MAX_FAILURE_WAIT, reading).await;
    }
    let text = without_values(&body, sent);
    let received =
        Received { status: Some(status.as_u16()), body: printable(text.as_bytes(), MAX_LOGGED_CHARS) };
    if status.is_success() {
        return (Outcome::Done, received);
    }
    let (class, reason_code) = class(status);
    let mut message = format!("{host} answered with status {}", status.as_u16());
    let detail = printable(text.as_bytes(), MAX_DETAIL_CHARS);
    if !detail.is_empty() {
        message.push_str(": ");
        message.push_str(&detail);
    }
    let retry_after = retry_after.filter(|_| class == FailureClass::Throttled);
    (Outcome::Failed { class, reason_code: reason_code.to_owned(), message, retry_after }, received)
}

/// Reads a body, up to [`MAX_BODY_BYTES`].
async fn read_body(response: &mut Response, body: &mut Vec<u8>) -> reqwest::Result<()> {
    while body.len() < MAX_BODY_BYTES
        && let Some(piece) = response.chunk().await?
    {
        body.extend_from_slice(&piece[..piece.len().min(MAX_BODY_BYTES - body.len())]);
    }
    Ok(())
}

/// The outcome if there was no complete response.
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

/// The innermost error, which is the most specific. It contains no URL; only the outermost error does.
fn deepest(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    if cause.downcast_ref::<reqwest::Error>().is_some() {
        return "no cause is known".to_owned();
    }
    printable(cause.to_string().as_bytes(), MAX_DETAIL_CHARS)
}

/// Removes secret values from a body, in case the endpoint echoes them.
fn without_values(body: &[u8], sent: &HeaderMap) -> String {
    let mut text = String::from_utf8_lossy(body).into_owned();
    let secrets = sent.values().filter(|value| value.is_sensitive()).filter_map(|value| value.to_str().ok());
    // The credentials of `Bearer abc` may also appear without the first word.
    for secret in secrets.flat_map(|value| std::iter::once(value).chain(value.split_whitespace())) {
        if secret.len() >= MIN_SECRET_CHARS {
            text = text.replace(secret, "…");
        }
    }
    text
}

/// The wait requested by `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date in one of three formats (section
/// 5.6.7).
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Too large a number exceeds the limit of a day anyway.
        return Some(bounded(SignedDuration::from_secs(text.parse().unwrap_or(i64::MAX))));
    }
    let date = Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()?;
    Some(bounded(date.duration_since(now)))
}
