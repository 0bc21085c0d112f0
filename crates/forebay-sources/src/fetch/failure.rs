//! Turns errors of the HTTP client into [`FetchError`], and failures into feedback for the pace of a host.

use std::error::Error;

use url::Url;

use super::{
    address::{NoAddress, Refused},
    error::FetchError,
    pace::Feedback,
    redact::redact_url,
};

/// The error for a request without a response.
pub(super) fn request_failed(url: &Url, error: reqwest::Error) -> FetchError {
    if let Some(refused) = cause::<Refused>(&error) {
        return FetchError::AddressRefused { host: refused.host.clone(), address: refused.address };
    }
    let url = redact_url(url);
    if error.is_timeout() {
        FetchError::Timeout { url }
    } else if cause::<NoAddress>(&error).is_some() {
        FetchError::HostNotFound { url }
    } else if error.is_connect() {
        FetchError::ConnectFailed { url, source: error.without_url() }
    } else {
        FetchError::HttpFailed { url, source: error.without_url() }
    }
}

/// The error for a body that ended early.
pub(super) fn body_failed(url: &Url, error: &reqwest::Error) -> FetchError {
    let url = redact_url(url);
    if error.is_timeout() { FetchError::Timeout { url } } else { FetchError::BodyTruncated { url } }
}

/// What a failure says about the load of the host.
pub(super) fn feedback_of(error: &FetchError) -> Feedback {
    match error {
        FetchError::Timeout { .. } => Feedback::Overloaded(None),
        _ => Feedback::Neutral,
    }
}

/// Finds an error of type `E` among the causes of another.
fn cause<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
