//! A page of a site, and its records and links.
//!
//! The fetcher returns pages and the kinds of sources read them. A kind is a pure function of a page without input or
//! output, so it can be fuzzed, replayed from an archive, and run on any thread.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::{
    block::{Block, Span},
    charset,
};

/// A page as it was fetched: complete and decompressed, in its original character encoding.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its URL after redirects: links are relative to it.
    pub url: Url,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// The headers `Link` (RFC 8288).
    pub link_headers: Vec<String>,
    /// The content.
    pub body: Bytes,
    /// When it was fetched.
    pub fetched_at: Timestamp,
}

impl Page {
    /// The content as text. The encoding is determined as in browsers: by a byte order mark, the `Content-Type`, or for
    /// HTML a `meta` element; otherwise it is UTF-8 if valid, else windows-1252. Undecodable bytes become U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        charset::text(&self.body, self.content_type.as_deref())
    }
}

/// The role of a page in its source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A list of pages: a sitemap or an index of sitemaps.
    Sitemap,
    /// A page that contains records, or links to them.
    #[default]
    Listing,
    /// A page with one record, linked from a listing.
    Detail,
}

/// A page to fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its URL.
    pub url: Url,
    /// Its role.
    pub role: Role,
    /// Fields of its record that the linking page contained.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub carry: Map<String, Value>,
}

/// Identifies a link: a digest of everything that determines what its page yields.
pub type LinkKey = [u8; 32];

impl Link {
    /// The SHA-256 of URL, role and carried fields. The same URL with other carried fields is another page.
    pub fn key(&self) -> LinkKey {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        context.update(self.url.as_str().as_bytes());
        context.update(&[0, self.role as u8]);
        if !self.carry.is_empty() {
            // The keys of a map are sorted, so equal fields give equal bytes. Writing to memory cannot fail.
            context.update(&serde_json::to_vec(&self.carry).unwrap_or_default());
        }
        context.finish().as_ref().try_into().unwrap_or_default()
    }

    /// A link without carried fields.
    pub fn new(url: Url, role: Role) -> Self {
        Self { url, role, carry: Map::new() }
    }
}

/// What a page yields.
#[derive(Clone, Debug, Default)]
pub struct Harvest {
    /// Its records as JSON text, and rejected pieces.
    pub block: Block,
    /// The links to follow, in document order. The crawl skips those it has seen.
    pub links: Vec<Link>,
    /// How many links were not followed because their host is not allowed for the source, or because they are not web
    /// pages. This is not an error.
    pub num_refused_links: u32,
    /// How many records the page cancels (a cancelled event). They are not in `block`, so a complete run removes them.
    pub num_cancelled: u32,
}

impl Harvest {
    /// Adds a record at a place of the page.
    pub(crate) fn push_at(&mut self, record: &Map<String, Value>, place: forebay_domain::reject::Place) {
        // Writing JSON values to memory cannot fail.
        self.push_text(&serde_json::to_vec(record).unwrap_or_default(), place);
    }

    /// Adds a record that is JSON text already.
    pub(crate) fn push_text(&mut self, record: &[u8], place: forebay_domain::reject::Place) {
        let start = self.block.bytes.len();
        self.block.bytes.extend_from_slice(record);
        self.block.records.push(Span { start, end: self.block.bytes.len(), place });
    }
}
