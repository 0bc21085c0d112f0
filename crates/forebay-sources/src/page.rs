//! A page of a site, and what it yields: records, and links to more pages.
//!
//! This is the seam between the fetcher, which brings pages, and the kinds of sources, which read them. A kind is a
//! pure function of a page: it does no input or output, so that it can be fuzzed, replayed from an archive, and run on
//! any thread.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::Block;

/// An answer of a site that can be read: complete, decompressed, in the encoding in which it came.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it came from, after redirects: links are relative to it.
    pub url: Url,
    /// The header `Content-Type` as it came.
    pub content_type: Option<String>,
    /// The headers `Link` (RFC 8288) as they came.
    pub link_headers: Vec<String>,
    /// The content.
    pub body: Bytes,
    /// When it was fetched.
    pub fetched_at: Timestamp,
}

impl Page {
    /// The content as text. The encoding is found as browsers find it: by a byte order mark, the `Content-Type`, for
    /// HTML a `meta` at its beginning; else it is UTF-8 if that is valid, and windows-1252 if not. What cannot be
    /// decoded becomes U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        crate::fetch::charset::text(&self.body, self.content_type.as_deref())
    }
}

/// What a page is to its source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A list of pages: a sitemap or an index of sitemaps.
    Sitemap,
    /// A page that holds records, or leads to them.
    #[default]
    Listing,
    /// A page that holds one record, to which a listing led.
    Detail,
}

/// A page to fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Where it is.
    pub url: Url,
    /// What it is.
    pub role: Role,
    /// Fields that the page which led here knows of its record already.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub carry: Map<String, Value>,
}

/// Tells links apart: a digest of all that decides what a page yields to its source.
pub type LinkKey = [u8; 32];

impl Link {
    /// The SHA-256 of URL, role and carried fields. A page to which other fields are carried is another page.
    pub fn key(&self) -> LinkKey {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        context.update(self.url.as_str().as_bytes());
        context.update(&[0, self.role as u8]);
        if !self.carry.is_empty() {
            // Keys of a map come in order, so equal fields are equal bytes; writing to memory cannot fail.
            context.update(&serde_json::to_vec(&self.carry).unwrap_or_default());
        }
        context.finish().as_ref().try_into().unwrap_or_default()
    }

    /// A page with nothing carried.
    pub fn new(url: Url, role: Role) -> Self {
        Self { url, role, carry: Map::new() }
    }
}

/// What a page yields.
#[derive(Clone, Debug, Default)]
pub struct Harvest {
    /// Its records as JSON text, and what of it could not become one.
    pub block: Block,
    /// Pages that it leads to, in its order. The crawl leaves out what it has already seen.
    pub links: Vec<Link>,
    /// How many links of the kind that is followed were left out, because they lead to a host that the source does not
    /// allow or to no web page at all. Such a link is no error: what it would have led to is just not there.
    pub num_refused_links: u32,
    /// How many records the page calls off (a cancelled event). They are no records, so a complete run removes them.
    pub num_cancelled: u32,
}

impl Harvest {
    /// Adds a record that stood at a place of the page.
    pub(crate) fn push_at(&mut self, record: &Map<String, Value>, place: forebay_domain::reject::Place) {
        let start = self.block.bytes.len();
        // Writing JSON into memory cannot fail: a map of values has neither other keys nor odd numbers.
        let _ = serde_json::to_writer(&mut self.block.bytes, record);
        let end = self.block.bytes.len();
        self.block.records.push(crate::Span { start, end, place });
    }
}
