//! The kinds of sources. A kind turns a page, or the output of a program, into records.
//!
//! A kind that reads pages is a pure function from a [`Page`] to a [`Harvest`]. A crawl gets a [`PageKind`]: one
//! reader, and a sitemap before it if the source has one.
//!
//! To add a kind, write a module with its settings (each with a default) and a pure `harvest`. Add fixtures, a guide
//! and a fuzz target, and for pages a variant of [`PageReader`]. Sites are untrusted: a harvest must not panic, and its
//! work must be bounded by the size of the page.

pub mod command;
mod feed;
mod file;
mod html;
mod http_json;
mod ical;
mod json_ld;
mod links;
mod masked;
#[cfg(test)]
mod mutation;
mod postgres;
pub mod singer;
mod sitemap;
mod template;
mod unreadable;
mod value;

pub use command::Command;
pub use feed::Feed;
pub use file::{File, FileFormat};
pub use html::{Detail, Html, LinkRule, Rule, Selector};
pub use http_json::{Cursor, HttpJson, Next, PageNumber};
pub use ical::Ical;
pub use json_ld::JsonLd;
pub use postgres::Postgres;
pub use singer::Singer;
pub use sitemap::{PathPattern, Sitemap};
pub use template::{UrlTemplate, Urls};
pub use value::{EnvValue, FromEnv, FromFile, Secret};

use forebay_domain::scope::Scope;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use url::Url;

use crate::{Error, Harvest, Link, Page, Role, fetch::AllowedHost};

/// The version of the readers in this module. Raise it when a reader changes its output for any page: pages that an
/// earlier version has read are then read again.
pub const READERS_VERSION: u32 = 1;

/// The reader of a source's pages, and its sitemap.
#[derive(Clone, Debug, PartialEq)]
pub struct PageKind {
    sitemap: Option<Sitemap>,
    reader: PageReader,
}

/// A kind that reads pages, with its settings.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PageReader {
    /// JSON, page by page.
    HttpJson(HttpJson),
    /// HTML, by CSS selectors.
    Html(Html),
    /// JSON-LD embedded in HTML.
    JsonLd(JsonLd),
    /// RSS, Atom or JSON Feed.
    Feed(Feed),
    /// iCalendar.
    Ical(Ical),
}

impl PageKind {
    /// A reader with its own start URLs or, for `html` and `json_ld`, a sitemap.
    ///
    /// Error: `invalid_source_setting` if the settings contradict each other.
    pub fn new(sitemap: Option<Sitemap>, reader: PageReader) -> Result<Self, Error> {
        match &reader {
            PageReader::HttpJson(kind) => kind.check()?,
            PageReader::Html(kind) => kind.check()?,
            PageReader::JsonLd(kind) => kind.check()?,
            PageReader::Feed(_) | PageReader::Ical(_) => {}
        }
        let invalid =
            |setting, problem: &str| Err(Error::InvalidSetting { setting, problem: problem.to_owned() });
        let takes_sitemap = matches!(reader, PageReader::Html(_) | PageReader::JsonLd(_));
        let has_url = reader.urls().is_some();
        match &sitemap {
            Some(_) if !takes_sitemap => invalid("sitemap", "is only for html and json_ld"),
            Some(_) if has_url => invalid("url", "excludes sitemap; remove one of them"),
            None if !has_url => invalid("url", "is missing: set url, or a sitemap that lists the pages"),
            _ => Ok(Self { sitemap, reader }),
        }
    }

    /// The names of all placeholders that a scope must fill, sorted.
    pub fn placeholders(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.urls().into_iter().flat_map(Urls::templates).flat_map(UrlTemplate::names).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The first pages of a run over a scope. Error: `url_placeholder`.
    pub fn start(&self, scope: &Scope) -> Result<Vec<Link>, Error> {
        let role = if self.sitemap.is_some() { Role::Sitemap } else { Role::Listing };
        let Some(urls) = self.urls() else { return Ok(Vec::new()) };
        let first = |url: Url| match &self.reader {
            PageReader::HttpJson(kind) => kind.first(url),
            _ => url,
        };
        Ok(urls.expand(scope)?.into_iter().map(|url| Link::new(first(url), role)).collect())
    }

    /// Reads a page that `link` led to. An invalid record is rejected in the harvest's block. Errors: `page_unreadable`
    /// and the errors of the formats if the page cannot be read at all.
    pub fn harvest(&self, page: &Page, link: &Link) -> Result<Harvest, Error> {
        self.read(page, link, Harvest::default())
    }

    /// Reads a page into a harvest, which may pass records on while the page is read. Records are passed on only from a
    /// page that is known to be readable.
    pub(crate) fn read(&self, page: &Page, link: &Link, harvest: Harvest) -> Result<Harvest, Error> {
        if let (Role::Sitemap, Some(sitemap)) = (link.role, &self.sitemap) {
            return sitemap.harvest(page, link);
        }
        match &self.reader {
            PageReader::HttpJson(kind) => kind.read(page, link, harvest),
            PageReader::Html(kind) => kind.harvest(page, link),
            PageReader::JsonLd(kind) => kind.harvest(page, link),
            PageReader::Feed(kind) => kind.read(page, harvest),
            PageReader::Ical(kind) => kind.harvest(page, link),
        }
    }

    /// Whether records of a page leave while the page is read.
    pub(crate) fn passes_on(&self, role: Role) -> bool {
        let is_sitemap = role == Role::Sitemap && self.sitemap.is_some();
        !is_sitemap && matches!(self.reader, PageReader::HttpJson(_) | PageReader::Feed(_))
    }

    /// The name in configuration, columns and output.
    pub fn name(&self) -> &'static str {
        match self.reader {
            PageReader::HttpJson(_) => "http_json",
            PageReader::Html(_) => "html",
            PageReader::JsonLd(_) => "json_ld",
            PageReader::Feed(_) => "feed",
            PageReader::Ical(_) => "ical",
        }
    }

    /// The settings that determine how a page is read: two kinds with equal values read every page alike. URLs are
    /// excluded, and different notations of a setting give the same value.
    pub fn reading(&self) -> Value {
        let reader = match &self.reader {
            PageReader::HttpJson(kind) => json!(kind.reading()),
            PageReader::Html(kind) => json!(kind.reading()),
            PageReader::JsonLd(kind) => json!(kind.reading()),
            PageReader::Feed(kind) => json!(kind.reading()),
            PageReader::Ical(Ical { url: _, allow_hosts: _ }) => Value::Null,
        };
        json!([READERS_VERSION, self.name(), reader, self.sitemap.as_ref().map(Sitemap::reading)])
    }

    /// The reader of the pages.
    pub fn reader(&self) -> &PageReader {
        &self.reader
    }

    /// The other hosts to which pages of a role may link, and to which requests for them may be redirected.
    pub(crate) fn allowed_hosts(&self, role: Role) -> &[AllowedHost] {
        if let (Role::Sitemap, Some(sitemap)) = (role, &self.sitemap) {
            return &sitemap.allow_hosts;
        }
        match &self.reader {
            PageReader::HttpJson(kind) => &kind.allow_hosts,
            PageReader::Html(kind) => &kind.allow_hosts,
            PageReader::JsonLd(kind) => &kind.allow_hosts,
            PageReader::Feed(kind) => &kind.allow_hosts,
            PageReader::Ical(kind) => &kind.allow_hosts,
        }
    }

    fn urls(&self) -> Option<&Urls> {
        match &self.sitemap {
            Some(sitemap) => Some(&sitemap.url),
            None => self.reader.urls(),
        }
    }
}

/// The settings tables of the kind and of its sitemap, by name.
impl Serialize for PageKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let reader = match &self.reader {
            PageReader::HttpJson(kind) => json!(kind),
            PageReader::Html(kind) => json!(kind),
            PageReader::JsonLd(kind) => json!(kind),
            PageReader::Feed(kind) => json!(kind),
            PageReader::Ical(kind) => json!(kind),
        };
        let sitemap = self.sitemap.as_ref().map(|sitemap| ("sitemap", json!(sitemap)));
        serializer.collect_map([(self.name(), reader)].into_iter().chain(sitemap))
    }
}

impl PageReader {
    fn urls(&self) -> Option<&Urls> {
        match self {
            Self::HttpJson(kind) => Some(&kind.url),
            Self::Html(kind) => kind.url.as_ref(),
            Self::JsonLd(kind) => kind.url.as_ref(),
            Self::Feed(kind) => Some(&kind.url),
            Self::Ical(kind) => Some(&kind.url),
        }
    }
}

#[cfg(test)]
mod tests;
