//! `feed`: RSS 2.0, 0.9x and 1.0, Atom (RFC 4287) and JSON Feed 1.1, each entry as one record.
//!
//! All families yield the same shape of record: `id, url, title, summary, content, authors, categories, published,
//! updated, enclosures`. Missing values and unreadable dates are absent from the record. A feed contains only its
//! latest entries, so an entry that leaves the feed still exists, and a run over a feed must not remove anything.
//!
//! An entry without an id or link is rejected; the other entries are read. Malformed XML stops the reader: entries
//! before it are kept, and the rest is rejected as one piece.

mod entry;
mod json;
mod output;
mod tree;
mod xml;

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{links, template::Urls};
use crate::{Error, Harvest, Link, Page, Role, charset, fetch::AllowedHost};

/// A feed: RSS, Atom or JSON Feed; the format is detected.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// URL of the feed, or several. `{name}` is filled from the scope.
    pub url: Urls,
    /// Whether to read further pages of a paged feed (RFC 5005; `next_url` of JSON Feed). Default: true.
    #[serde(default = "yes")]
    pub follow_next: bool,
    /// Other hosts to which the next page and redirects may lead. Default: none.
    #[serde(default)]
    pub allow_hosts: Vec<AllowedHost>,
}

const fn yes() -> bool {
    true
}

impl Feed {
    /// The settings that determine what is read from a page, in a fixed order: all except the URLs.
    pub(super) fn reading(&self) -> impl Serialize {
        let Self { url: _, follow_next, allow_hosts } = self;
        (follow_next, allow_hosts)
    }

    /// Reads a feed. Error: `page_unreadable` if the page is not a feed.
    pub fn harvest(&self, page: &Page, _link: &Link) -> Result<Harvest, Error> {
        self.read(page, Harvest::default())
    }

    /// Reads a feed into a harvest.
    pub(super) fn read(&self, page: &Page, mut harvest: Harvest) -> Result<Harvest, Error> {
        let text = charset::xml(&page.body, page.content_type.as_deref());
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
