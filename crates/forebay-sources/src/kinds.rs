//! The kinds of sources: what turns a page, or the output of a program, into records.
//!
//! A kind that reads pages is a pure function from a [`Page`] to a [`Harvest`]. [`PageKind`] is what a crawl is given:
//! one reader, with a sitemap before it if the source has one.
//!
//! To add a kind: a module with its settings (each with its default) and a pure `harvest`, a variant of [`PageReader`]
//! if it reads pages, fixtures, a guide and a fuzz target. What a site sends is hostile: a harvest never panics, and its
//! work is bounded by the size of the page.

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
pub use links::AllowedHost;
pub use postgres::Postgres;
pub use singer::Singer;
pub use sitemap::{PathPattern, Sitemap};
pub use template::{UrlTemplate, Urls};
pub use value::{EnvValue, FromEnv, FromFile, Secret};

use forebay_domain::scope::Scope;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use url::Url;

use crate::{Error, Harvest, Link, Page, Role};

/// The version of the readers in this module. Raise it whenever one of them reads a page otherwise than before: what is
/// remembered of pages holds only for the readers that have read them.
pub const READERS_VERSION: u32 = 1;

/// What reads the pages of a source.
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
    /// JSON-LD inside of HTML.
    JsonLd(JsonLd),
    /// RSS, Atom or JSON Feed.
    Feed(Feed),
    /// iCalendar.
    Ical(Ical),
}

impl PageKind {
    /// A reader that finds its pages itself, or for `html` and `json_ld` through a sitemap.
    ///
    /// Error: `invalid_source_setting` for settings that do not go together.
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
            Some(_) if !takes_sitemap => invalid("sitemap", "can only lead to html or json_ld"),
            Some(_) if has_url => invalid("url", "is given beside a sitemap; leave out one of them"),
            None if !has_url => {
                invalid("url", "is missing: give a URL, or a sitemap that leads to the pages")
            }
            _ => Ok(Self { sitemap, reader }),
        }
    }

    /// The names of all placeholders that a scope has to fill.
    pub fn placeholders(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.urls().into_iter().flat_map(Urls::templates).flat_map(UrlTemplate::names).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The pages with which a run over a scope begins. Error: `url_placeholder`.
    pub fn start(&self, scope: &Scope) -> Result<Vec<Link>, Error> {
        let role = if self.sitemap.is_some() { Role::Sitemap } else { Role::Listing };
        let Some(urls) = self.urls() else { return Ok(Vec::new()) };
        let first = |url: Url| match &self.reader {
            PageReader::HttpJson(kind) => kind.first(url),
            _ => url,
        };
        Ok(urls.expand(scope)?.into_iter().map(|url| Link::new(first(url), role)).collect())
    }

    /// Reads a page that `link` led to. What cannot be read as a whole is an error (`page_unreadable` and those of the
    /// formats; `redirected_away` if the page came from a host that the source does not allow); a record that is broken
    /// is rejected in the harvest's block.
    pub fn harvest(&self, page: &Page, link: &Link) -> Result<Harvest, Error> {
        if let Some(allowed) = self.allowed_hosts(link.role) {
            links::check_redirect(&link.url, &page.url, allowed)?;
        }
        if let (Role::Sitemap, Some(sitemap)) = (link.role, &self.sitemap) {
            return sitemap.harvest(page, link);
        }
        match &self.reader {
            PageReader::HttpJson(kind) => kind.harvest(page, link),
            PageReader::Html(kind) => kind.harvest(page, link),
            PageReader::JsonLd(kind) => kind.harvest(page, link),
            PageReader::Feed(kind) => kind.harvest(page, link),
            PageReader::Ical(kind) => kind.harvest(page, link),
        }
    }

    /// The word in configuration, columns and output.
    pub fn name(&self) -> &'static str {
        match self.reader {
            PageReader::HttpJson(_) => "http_json",
            PageReader::Html(_) => "html",
            PageReader::JsonLd(_) => "json_ld",
            PageReader::Feed(_) => "feed",
            PageReader::Ical(_) => "ical",
        }
    }

    /// What decides how a page is read: two kinds with equal values read every page alike. Where the pages are is no
    /// part of it, and neither is how a setting is written.
    pub fn reading(&self) -> Value {
        let reader = match &self.reader {
            PageReader::HttpJson(kind) => json!(kind.reading()),
            PageReader::Html(kind) => json!(kind.reading()),
            PageReader::JsonLd(kind) => json!(kind.reading()),
            PageReader::Feed(kind) => json!(kind.reading()),
            PageReader::Ical(Ical { url: _ }) => Value::Null,
        };
        json!([READERS_VERSION, self.name(), reader, self.sitemap.as_ref().map(Sitemap::reading)])
    }

    /// What reads its pages.
    pub fn reader(&self) -> &PageReader {
        &self.reader
    }

    /// The hosts to which pages of a role may lead; none for pages that lead nowhere.
    fn allowed_hosts(&self, role: Role) -> Option<&[AllowedHost]> {
        if let (Role::Sitemap, Some(sitemap)) = (role, &self.sitemap) {
            return Some(&sitemap.allow_hosts);
        }
        match &self.reader {
            PageReader::HttpJson(kind) => Some(&kind.allow_hosts),
            PageReader::Html(kind) => Some(&kind.allow_hosts),
            PageReader::JsonLd(kind) => Some(&kind.allow_hosts),
            PageReader::Feed(kind) => Some(&kind.allow_hosts),
            PageReader::Ical(_) => None,
        }
    }

    fn urls(&self) -> Option<&Urls> {
        match &self.sitemap {
            Some(sitemap) => Some(&sitemap.url),
            None => self.reader.urls(),
        }
    }
}

/// The tables of the kind and of its sitemap, by name.
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
