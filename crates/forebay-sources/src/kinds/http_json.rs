//! `http_json`: an API that answers with JSON, page by page.
//!
//! Records are delimited by the reader of JSON files, so each is the very text that the site sent. Pages follow each
//! other by a link in the body, by a `Link` header (RFC 8288), by a number or offset in the query, or by a cursor.
//!
//! What to mind: numbered pages end at the first one without records, never at a short one: a site may give out fewer
//! than it was asked for, and taking that for the end would make an incomplete run look complete.

mod next;

use forebay_domain::{pointer::Pointer, scope::Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

pub use next::{Cursor, Next, PageNumber};

use super::{links::AllowedHost, template::Urls, unreadable::unreadable};
use crate::{
    Block, Error, Harvest, Link, Page,
    block::{Delimit, Found, Tail},
    json::{Json, Path, value_at},
    sniff,
};

/// The most bytes that one record may have.
const MAX_RECORD_BYTES: usize = 16 << 20;

/// A source that answers with JSON over HTTP.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpJson {
    /// The first page, or several that are read one after another: absolute URLs, with `{name}` for what the scope
    /// gives.
    pub url: Urls,
    /// A JSON pointer (RFC 6901) to the array of records in a page, such as `/data/items`; null there means none.
    /// Default: the page is the array, or one record.
    #[serde(default)]
    pub records: Pointer,
    /// Where the link to the next page is: a JSON pointer to it, such as `/links/next` (an absent, null or empty one
    /// marks the last page), or `link-header` for the header `Link` with `rel="next"` (RFC 8288). Default: none.
    pub next: Option<Next>,
    /// Pages by number or offset in the query; the first one without records is the last. Default: none.
    pub page: Option<PageNumber>,
    /// Pages by a cursor that each page gives for the next. Default: none.
    pub cursor: Option<Cursor>,
    /// Other hosts that the link to the next page, and redirects, may lead to. Default: none.
    #[serde(default)]
    pub allow_hosts: Vec<AllowedHost>,
}

impl HttpJson {
    /// The settings that decide what is read from a page, in a fixed order: all but where the pages are.
    pub(super) fn reading(&self) -> impl Serialize {
        let Self { url: _, records, next, page, cursor, allow_hosts } = self;
        (records, next, page, cursor, allow_hosts)
    }

    /// Whether the settings go together. Error: `invalid_source_setting`.
    pub fn check(&self) -> Result<(), Error> {
        let ways = usize::from(self.next.is_some())
            + usize::from(self.page.is_some())
            + usize::from(self.cursor.is_some());
        if ways > 1 {
            let problem = "is one of next, page and cursor, of which a source can have only one".to_owned();
            return Err(Error::InvalidSetting { setting: "http_json", problem });
        }
        self.page.as_ref().map_or(Ok(()), PageNumber::check)
    }

    /// The first pages for a scope. Error: `url_placeholder`.
    pub fn start(&self, scope: &Scope) -> Result<Vec<Link>, Error> {
        let urls = self.url.expand(scope)?;
        Ok(urls.into_iter().map(|url| Link::new(self.first(url), crate::Role::Listing)).collect())
    }

    /// Reads a page. Errors: `page_unreadable`, `invalid_json`, `not_utf8`, `records_not_found`, `records_not_a_list`,
    /// `http_next`.
    pub fn harvest(&self, page: &Page, link: &Link) -> Result<Harvest, Error> {
        let mark = sniff::byte_order_mark(&page.body)?;
        let body = page.body.get(mark..).unwrap_or_default();
        match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None => return Err(unreadable(page, "it is empty")),
            Some(b'<') => return Err(unreadable(page, "it is HTML or XML, not JSON")),
            Some(_) => {}
        }
        let mut found = Found::default();
        let mut json = Json::new(Path::from(&self.records), MAX_RECORD_BYTES, mark as u64);
        match json.delimit(body, Tail::Complete, &mut found) {
            // Writers that know no empty list put null in its place.
            Err(Error::RecordsNotAList { .. }) if value_at(body, &self.records) == Some(b"null") => {}
            outcome => {
                outcome?;
            }
        }
        if let Some(cut) = found.ending.truncated {
            // Half a page must not count as the whole one, and its link to the next may be in the missing half.
            return Err(unreadable(page, cut));
        }
        let is_empty = found.records.is_empty() && found.rejected.is_empty();
        let next = self.next_page(page, body, link, is_empty)?;
        Ok(Harvest {
            block: Block {
                bytes: body.to_vec(),
                records: found.records,
                rejected: found.rejected,
                ..Block::default()
            },
            links: next
                .map(|url| Link { url, role: link.role, carry: link.carry.clone() })
                .into_iter()
                .collect(),
            ..Harvest::default()
        })
    }

    /// The first page of those that begin at `url`.
    pub(super) fn first(&self, mut url: Url) -> Url {
        if let Some(page) = &self.page {
            page.begin(&mut url);
        }
        url
    }

    fn next_page(&self, page: &Page, body: &[u8], link: &Link, is_empty: bool) -> Result<Option<Url>, Error> {
        if let Some(next) = &self.next {
            return next.find(page, body, &self.allow_hosts);
        }
        if let Some(numbers) = &self.page {
            return Ok(if is_empty { None } else { numbers.after(&link.url) });
        }
        match &self.cursor {
            Some(cursor) => cursor.find(page, body, &link.url),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
