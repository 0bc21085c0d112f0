//! Conditional requests (RFC 9110, section 13): a client that has the current response gets 304.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use forebay_domain::hex;
use ring::digest::{SHA256, digest};

/// Bytes of the hash in a tag.
const TAG_BYTES: usize = 12;

/// A response with its tag; 304 without a body if the request names it.
pub(crate) fn tagged(content_type: &'static str, asked: &HeaderMap, body: Vec<u8>) -> Response {
    // Weak, because compression changes the bytes.
    let tag = format!("W/\"{}\"", hex::encode(&digest(&SHA256, &body).as_ref()[..TAG_BYTES]));
    let is_known = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| matches!(known.trim(), "*") || known.trim().trim_start_matches("W/") == &tag[2..]);
    let mut response = if is_known {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        Response::new(Body::from(body))
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}
