//! A page of a site, and its records and links.
//!
//! The fetcher returns pages and the kinds of sources read them. A kind is a pure function of a page without input or
//! output, so it can be fuzzed, replayed from an archive, and run on any thread.

use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;
use forebay_domain::reject::Place;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::{
    block::{Block, MAX_PIECES, Rejected, Span},
    charset,
};

/// A block of a large page is passed on once it has this many bytes.
const BLOCK_BYTES: usize = 1 << 20;

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
    /// Its records as JSON text, and rejected pieces: all of them, or those that were not passed on while it was read.
    pub block: Block,
    /// The links to follow, in document order. The crawl skips those it has seen.
    pub links: Vec<Link>,
    /// How many links were not followed because their host is not allowed for the source, or because they are not web
    /// pages. This is not an error.
    pub num_refused_links: u32,
    /// How many records the page cancels (a cancelled event). They are not in `block`, so a complete run removes them.
    pub num_cancelled: u32,
    /// Takes full blocks while the page is read. None: everything stays in `block`.
    outlet: Option<Outlet>,
    num_records_before: u64,
    num_rejected_before: u64,
    /// Bytes of the rejected pieces in `block`.
    raw_bytes: usize,
}

/// Takes a block of a page; false: nobody wants its records any more. It may block.
#[derive(Clone)]
struct Outlet(Arc<dyn Fn(Block) -> bool + Send + Sync>);

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outlet")
    }
}

impl Harvest {
    /// A harvest whose full blocks are passed on while the page is read. The kinds that do so read a page of any size
    /// with little memory.
    pub(crate) fn passed_to(outlet: impl Fn(Block) -> bool + Send + Sync + 'static) -> Self {
        Self { outlet: Some(Outlet(Arc::new(outlet))), ..Self::default() }
    }

    /// Number of its records, with those that were passed on.
    pub fn num_records(&self) -> u64 {
        self.num_records_before + self.block.records.len() as u64
    }

    /// Number of its rejected pieces, with those that were passed on.
    pub fn num_rejected(&self) -> u64 {
        self.num_rejected_before + self.block.rejected.len() as u64
    }

    /// Passes the block on if it is full. False: nobody wants the records any more.
    pub(crate) fn pass_on(&mut self) -> bool {
        let Some(Outlet(outlet)) = &self.outlet else { return true };
        let num_pieces = self.block.records.len() + self.block.rejected.len();
        if num_pieces < MAX_PIECES && self.block.bytes.len() + self.raw_bytes < BLOCK_BYTES {
            return true;
        }
        self.num_records_before = self.num_records();
        self.num_rejected_before = self.num_rejected();
        self.raw_bytes = 0;
        outlet(std::mem::take(&mut self.block))
    }

    /// Ends the page of a kind that has not passed its records on: `to` does. None: nobody wants them any more.
    pub(crate) fn end(self, mut to: Self) -> Option<Self> {
        let Self { block, links, num_refused_links, num_cancelled, .. } = self;
        to.num_records_before = self.num_records_before;
        to.num_rejected_before = self.num_rejected_before;
        for rejected in block.rejected {
            to.reject(rejected);
            to.pass_on().then_some(())?;
        }
        for span in &block.records {
            to.push_text(block.bytes.get(span.start..span.end).unwrap_or_default(), span.place);
            to.pass_on().then_some(())?;
        }
        Some(Self { outlet: None, links, num_refused_links, num_cancelled, ..to })
    }

    /// Adds a rejected piece.
    pub(crate) fn reject(&mut self, rejected: Rejected) {
        self.raw_bytes += rejected.raw.len();
        self.block.rejected.push(rejected);
    }

    /// Adds a record at a place of the page.
    pub(crate) fn push_at(&mut self, record: &Map<String, Value>, place: Place) {
        // Writing JSON values to memory cannot fail.
        self.push_text(&serde_json::to_vec(record).unwrap_or_default(), place);
    }

    /// Adds a record that is JSON text already.
    pub(crate) fn push_text(&mut self, record: &[u8], place: Place) {
        let start = self.block.bytes.len();
        self.block.bytes.extend_from_slice(record);
        self.block.records.push(Span { start, end: self.block.bytes.len(), place });
    }
}
