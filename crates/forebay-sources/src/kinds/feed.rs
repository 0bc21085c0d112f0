//! `feed`: RSS 2.0, 0.9x and 1.0, Atom (RFC 4287) and JSON Feed 1.1, each entry as one record.
//!
//! The families become one record: `id, url, title, summary, content, authors, categories, published, updated,
//! enclosures`. What an entry does not have is absent from its record, and so is a date that cannot be read. A feed is
//! a window on the latest entries: what is no longer in it is not gone, so a run over feeds must not remove anything.
//!
//! Entries are read one by one: one without any identity is rejected and the rest goes on. XML that is not well-formed
//! ends the reading there; what came before it is kept, and the rest is one rejected piece.

mod entry;
mod json;
pub(super) mod text;
mod tree;
mod xml;

#[cfg(test)]
mod tests;

use forebay_domain::reject::{Place, Reject, RejectReason};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::links::{self, AllowedHost};
use super::template::Urls;
use crate::{Error, Harvest, Link, Page, Rejected, Role, block::head};
use entry::Entry;

/// A feed: RSS, Atom or JSON Feed, told by its content.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// The feed, or several: absolute URLs, with `{name}` for what the scope gives.
    pub url: Urls,
    /// Whether the next page of a feed that has pages is read (RFC 5005; `next_url` of JSON Feed). Default: true.
    #[serde(default = "yes")]
    pub follow_next: bool,
    /// Other hosts that the next page may be on, and redirects lead to. Default: none.
    #[serde(default)]
    pub allow_hosts: Vec<AllowedHost>,
}

const fn yes() -> bool {
    true
}

impl Feed {
    /// The settings that decide what is read from a page, in a fixed order: all but where the pages are.
    pub(super) fn reading(&self) -> impl Serialize {
        let Self { url: _, follow_next, allow_hosts } = self;
        (follow_next, allow_hosts)
    }

    /// Reads a feed. Error: `page_unreadable` if it is none.
    pub fn harvest(&self, page: &Page, _link: &Link) -> Result<Harvest, Error> {
        let text = text::of(page);
        let mut harvest = Harvest::default();
        let next = match text.trim_start().as_bytes().first() {
            Some(b'<') => xml::read(page, &text, &mut harvest)?,
            Some(b'{') => json::read(page, &text, &mut harvest)?,
            _ => return Err(super::unreadable::unreadable(page, "it is neither XML nor JSON")),
        };
        if let Some(next) = next.filter(|_| self.follow_next) {
            match links::follow(&page.url, &page.url, &next, &self.allow_hosts) {
                Ok(url) => harvest.links.push(Link::new(url, Role::Listing)),
                Err(_) => harvest.num_refused_links += 1,
            }
        }
        Ok(harvest)
    }
}

/// Adds an entry, or rejects it if nothing identifies it: an id, else its link.
fn add(harvest: &mut Harvest, entry: Entry, place: Place, raw: &str) {
    if entry.id.is_none() && entry.url.is_none() {
        let problem = "the entry has neither an id nor a link";
        return reject(harvest, place, RejectReason::MissingKey, problem, raw);
    }
    harvest.push_at(&entry.into_record(), place);
}

fn reject(harvest: &mut Harvest, place: Place, reason: RejectReason, problem: &str, raw: &str) {
    harvest.block.rejected.push(Rejected {
        place,
        reject: Reject::new(reason, problem),
        raw: head(raw.as_bytes()),
        raw_len: raw.len() as u64,
    });
}

/// A link as an absolute URL. One that is absolute stays as it is spelt, because it may be an identity.
fn absolute(base: &Url, link: &str) -> Option<String> {
    let link = link.trim();
    if link.is_empty() {
        return None;
    }
    match Url::parse(link) {
        Ok(_) => Some(link.to_owned()),
        Err(_) => Some(base.join(link).map_or_else(|_| link.to_owned(), String::from)),
    }
}
