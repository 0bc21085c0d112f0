//! What the readers of all feed families share: adding entries to a harvest, and resolving links.

use forebay_domain::reject::{Place, Reject, RejectReason};
use url::Url;

use super::entry::Entry;
use crate::{Harvest, Rejected, block::head};

/// Adds an entry. An entry with neither an id nor a link is rejected.
pub(super) fn add(harvest: &mut Harvest, entry: Entry, place: Place, raw: &str) {
    if entry.id.is_none() && entry.url.is_none() {
        let problem = "the entry has neither an id nor a link";
        return reject(harvest, place, RejectReason::MissingKey, problem, raw);
    }
    harvest.push_at(&entry.into_record(), place);
}

/// Adds a rejected entry.
pub(super) fn reject(harvest: &mut Harvest, place: Place, reason: RejectReason, problem: &str, raw: &str) {
    harvest.reject(Rejected {
        place,
        reject: Reject::new(reason, problem),
        raw: head(raw.as_bytes()),
        raw_len: raw.len() as u64,
    });
}

/// Resolves a link to an absolute URL. An absolute link is returned as written, because it may serve as an id.
pub(super) fn absolute(base: &Url, link: &str) -> Option<String> {
    let link = link.trim();
    if link.is_empty() {
        return None;
    }
    match Url::parse(link) {
        Ok(_) => Some(link.to_owned()),
        Err(_) => Some(base.join(link).map_or_else(|_| link.to_owned(), String::from)),
    }
}
