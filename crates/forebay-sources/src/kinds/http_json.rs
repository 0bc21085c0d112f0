//! `http_json`: a JSON API, read page by page.
//!
//! The reader of JSON files delimits the records, so each is exactly the text that the site sent. A page leads to the
//! next one by a link in the body, a `Link` header (RFC 8288), a number or offset in the query, or a cursor.
//!
//! When changing this: numbered pages end at the first page without records, never at a short one. A site may return
//! fewer records than requested, and to stop there would make an incomplete run look complete.

mod next;

use forebay_domain::{pointer::Pointer, scope::Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

pub use next::{Cursor, Next, PageNumber};

use super::{
    template::Urls,
    unreadable::{pass_on, unreadable},
};
use crate::{
    Error, Harvest, Link, Page,
    block::{Delimit, Found, Tail},
    fetch::AllowedHost,
    json::{Json, Path, value_at},
    sniff,
};

/// Maximum size of a record, in bytes.
const MAX_RECORD_BYTES: usize = 16 << 20;

/// JSON over HTTP.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpJson {
    /// URL of the first page, or several to read one after another. `{name}` is filled from the scope.
    pub url: Urls,
    /// JSON pointer (RFC 6901) to the array of records in a page, such as `/data/items`; null there means no records.
    /// Default: the page is the array, or a single record.
    #[serde(default)]
    pub records: Pointer,
    /// Link to the next page: a JSON pointer such as `/links/next` (absent, null or empty on the last page), or
    /// `link-header` for the header `Link` with `rel="next"` (RFC 8288). Default: none.
    pub next: Option<Next>,
    /// Paging by number or offset in the query; the first page without records is the last. Default: none.
    pub page: Option<PageNumber>,
    /// Paging by a cursor in each page. Default: none.
    pub cursor: Option<Cursor>,
    /// Other hosts to which the next page and redirects may lead. Default: none.
    #[serde(default)]
    pub allow_hosts: Vec<AllowedHost>,
}

impl HttpJson {
    /// The settings that determine what is read from a page, in a fixed order: all except the URLs.
    pub(super) fn reading(&self) -> impl Serialize {
        let Self { url: _, records, next, page, cursor, allow_hosts } = self;
        (records, next, page, cursor, allow_hosts)
    }

    /// Checks that the settings fit together. Error: `invalid_source_setting`.
    pub fn check(&self) -> Result<(), Error> {
        let ways = usize::from(self.next.is_some())
            + usize::from(self.page.is_some())
            + usize::from(self.cursor.is_some());
        if ways > 1 {
            let problem = "accepts only one of next, page and cursor; remove the others".to_owned();
            return Err(Error::InvalidSetting { setting: "http_json", problem });
        }
        self.page.as_ref().map_or(Ok(()), PageNumber::check)
    }

    /// The first pages of a scope. Error: `url_placeholder`.
    pub fn start(&self, scope: &Scope) -> Result<Vec<Link>, Error> {
        let urls = self.url.expand(scope)?;
        Ok(urls.into_iter().map(|url| Link::new(self.first(url), crate::Role::Listing)).collect())
    }

    /// Reads a page. Errors: `page_unreadable`, `invalid_json`, `not_utf8`, `records_not_found`, `records_not_a_list`,
    /// `http_next`.
    pub fn harvest(&self, page: &Page, link: &Link) -> Result<Harvest, Error> {
        self.read(page, link, Harvest::default())
    }

    /// Reads a page into a harvest.
    pub(super) fn read(&self, page: &Page, link: &Link, mut harvest: Harvest) -> Result<Harvest, Error> {
        let mark = sniff::byte_order_mark(&page.body)?;
        let body = page.body.get(mark..).unwrap_or_default();
        match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None => return Err(unreadable(page, "it is empty")),
            Some(b'<') => return Err(unreadable(page, "it is HTML or XML, not JSON")),
            Some(_) => {}
        }
        // Twice, because records must not be passed on from a page that turns out unreadable: a truncated page must not
        // look complete, and the missing part may contain the link to the next page.
        let mut is_empty = true;
        self.delimit(page, body, mark, |found, _| {
            is_empty &= found.is_empty();
            Ok(())
        })?;
        let next = self.next_page(page, body, link, is_empty)?;
        harvest.links.extend(next.map(|url| Link { url, role: link.role, carry: link.carry.clone() }));
        self.delimit(page, body, mark, |found, rest| {
            found.rejected.into_iter().for_each(|rejected| harvest.reject(rejected));
            for span in found.records {
                harvest.push_text(rest.get(span.start..span.end).unwrap_or_default(), span.place);
                pass_on(page, &mut harvest)?;
            }
            pass_on(page, &mut harvest)
        })?;
        Ok(harvest)
    }

    /// Finds the records, some thousand at a time, with the part of `body` that their spans are relative to.
    fn delimit(
        &self,
        page: &Page,
        body: &[u8],
        mark: usize,
        mut take: impl FnMut(Found, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut json = Json::new(Path::from(&self.records), MAX_RECORD_BYTES, mark as u64);
        let mut at = 0;
        loop {
            let mut found = Found::default();
            let rest = body.get(at..).unwrap_or_default();
            let done = match json.delimit(rest, Tail::Complete, &mut found) {
                // Some sites write null instead of an empty list.
                Err(Error::RecordsNotAList { .. }) if value_at(body, &self.records) == Some(b"null") => {
                    return Ok(());
                }
                done => done?,
            };
            if let Some(cut) = found.ending.truncated {
                return Err(unreadable(page, cut));
            }
            let is_last = !found.stopped;
            take(found, rest)?;
            if is_last {
                return Ok(());
            }
            at += done;
        }
    }

    /// Changes a start URL to that of its first page.
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
