//! `sitemap`: the pages that a site lists for crawlers (sitemaps.org), for `html` or `json_ld` to read.
//!
//! A sitemap is XML (a list of pages, or an index of sitemaps) or plain text with one URL per line; gzip is detected.
//! The protocol's limits apply: 50,000 URLs and 50 MB.
//!
//! When changing this:
//! - Ignore `lastmod`, which is wrong on many sites. A conditional request shows whether a page has changed.
//! - An invalid or oversized sitemap is an error as a whole: a partial list of pages must not look complete.

use std::{borrow::Cow, io::Read};

use flate2::bufread::MultiGzDecoder;
use quick_xml::events::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::links;
use super::{template::Urls, unreadable::unreadable};
use crate::{Error, Harvest, Link, Page, Role, fetch::AllowedHost};

/// Maximum number of URLs in one sitemap, from the protocol.
const MAX_URLS: usize = 50_000;
/// Maximum size of one decompressed sitemap in bytes, from the protocol.
const MAX_BYTES: usize = 50 << 20;
/// Maximum length of a URL, in bytes. The protocol allows 2,048 characters, which escapes make longer.
const MAX_URL_BYTES: usize = 8192;
/// Maximum length of a pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 1024;
/// The first bytes of gzip data.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The sitemap of a site. It lists the pages that the source's other table (`html` or `json_ld`) reads.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sitemap {
    /// URL of the sitemap or sitemap index, or several; gzip is detected. `{name}` is filled from the scope.
    pub url: Urls,
    /// Paths to include, with `*` as wildcard, such as `/courses/*`. Default: all.
    #[serde(default)]
    pub include: Vec<PathPattern>,
    /// Paths to exclude, with `*` as wildcard; they override `include`. Default: none.
    #[serde(default)]
    pub exclude: Vec<PathPattern>,
    /// Other hosts whose pages and sitemaps may be listed, and to which sitemaps may redirect. Default: none.
    #[serde(default)]
    pub allow_hosts: Vec<AllowedHost>,
}

/// A pattern for the path of a URL. `*` matches any text, including slashes; other characters match themselves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct PathPattern(String);

impl TryFrom<String> for PathPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() > MAX_PATTERN_BYTES || !text.starts_with(['/', '*']) {
            return Err("expected a path such as /courses/* or */detail".to_owned());
        }
        Ok(Self(text))
    }
}

impl PathPattern {
    fn matches(&self, path: &str) -> bool {
        let mut pieces = self.0.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = path.strip_prefix(first) else { return false };
        let Some(last) = pieces.next_back() else { return rest.is_empty() };
        // The shortest match of each piece leaves the most text for the pieces after it.
        for piece in pieces {
            let Some(at) = rest.find(piece) else { return false };
            rest = &rest[at + piece.len()..];
        }
        rest.ends_with(last)
    }
}

/// What a sitemap lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Pages,
    Sitemaps,
}

impl Sitemap {
    /// The settings that determine what is read from a page, in a fixed order: all except the URLs.
    pub(super) fn reading(&self) -> impl Serialize {
        let Self { url: _, include, exclude, allow_hosts } = self;
        (include, exclude, allow_hosts)
    }

    /// Reads a sitemap or an index. Returns links to pages ([`Role::Listing`]) and to sitemaps ([`Role::Sitemap`]).
    /// Pages excluded by `include` and `exclude` are not counted. Error: `page_unreadable`.
    pub fn harvest(&self, page: &Page, _: &Link) -> Result<Harvest, Error> {
        let bytes = plain(page)?;
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let mut found = Found { sitemap: self, page, num_urls: 0, harvest: Harvest::default() };
        if text.starts_with('<') {
            found.read_xml(text)?;
        } else if text.is_empty() {
            return Err(unreadable(page, "it is empty"));
        } else {
            for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                found.add(List::Pages, line)?;
            }
        }
        Ok(found.harvest)
    }

    fn wants(&self, path: &str) -> bool {
        let any = |patterns: &[PathPattern]| patterns.iter().any(|pattern| pattern.matches(path));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

/// The decompressed text of a sitemap.
fn plain(page: &Page) -> Result<Cow<'_, [u8]>, Error> {
    let too_large = || unreadable(page, "it is larger than 50 MB");
    if !page.body.starts_with(&GZIP) {
        return if page.body.len() > MAX_BYTES { Err(too_large()) } else { Ok(Cow::Borrowed(&page.body)) };
    }
    let mut bytes = Vec::new();
    let mut decoder = MultiGzDecoder::new(&page.body[..]).take(MAX_BYTES as u64 + 1);
    decoder.read_to_end(&mut bytes).map_err(|_| unreadable(page, "its gzip data is damaged or truncated"))?;
    if bytes.len() > MAX_BYTES { Err(too_large()) } else { Ok(Cow::Owned(bytes)) }
}

/// The entries found so far.
struct Found<'p> {
    sitemap: &'p Sitemap,
    page: &'p Page,
    num_urls: usize,
    harvest: Harvest,
}

impl Found<'_> {
    /// Adds the `loc` of each entry. Other vocabularies (images, news) use the same element name at deeper levels.
    fn read_xml(&mut self, text: &str) -> Result<(), Error> {
        let broken = |page, problem: &dyn std::fmt::Display| {
            unreadable(page, format!("its XML is invalid: {problem}"))
        };
        let mut reader = quick_xml::Reader::from_str(text);
        let mut list = None;
        let mut depth = 0_usize;
        let (mut is_entry, mut is_loc) = (false, false);
        let mut loc = String::new();
        loop {
            match reader.read_event().map_err(|error| broken(self.page, &error))? {
                Event::Start(tag) => {
                    depth += 1;
                    let name = tag.local_name();
                    let name: &str = name.as_ref();
                    match depth {
                        1 => {
                            list = match name {
                                "urlset" => Some(List::Pages),
                                "sitemapindex" => Some(List::Sitemaps),
                                _ => {
                                    return Err(unreadable(
                                        self.page,
                                        "it is not a sitemap (urlset or sitemapindex)",
                                    ));
                                }
                            }
                        }
                        2 => is_entry = matches!(name, "url" | "sitemap"),
                        3 => is_loc = is_entry && name == "loc",
                        _ => {}
                    }
                }
                Event::End(_) => {
                    if depth == 3 && is_loc {
                        if let Some(list) = list {
                            self.add(list, loc.trim())?;
                        }
                        loc.clear();
                        is_loc = false;
                    }
                    depth = depth.saturating_sub(1);
                }
                Event::Text(text) if is_loc && depth == 3 => loc.push_str(&text),
                Event::CData(text) if is_loc && depth == 3 => loc.push_str(&text),
                Event::GeneralRef(name) if is_loc && depth == 3 => loc.push(match &*name {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "quot" => '"',
                    "apos" => '\'',
                    _ => match name.resolve_char_ref() {
                        Ok(Some(character)) => character,
                        _ => return Err(broken(self.page, &"an undefined entity")),
                    },
                }),
                Event::Eof if depth > 0 => {
                    return Err(broken(self.page, &"it ends inside an element"));
                }
                Event::Eof if list.is_none() => return Err(unreadable(self.page, "it is not a sitemap")),
                Event::Eof => return Ok(()),
                _ => {}
            }
            if loc.len() > MAX_URL_BYTES {
                return Err(unreadable(self.page, "it contains a URL that is too long"));
            }
        }
    }

    fn add(&mut self, list: List, written: &str) -> Result<(), Error> {
        self.num_urls += 1;
        if self.num_urls > MAX_URLS {
            return Err(unreadable(self.page, "it has more than 50,000 URLs"));
        }
        let url = &self.page.url;
        match links::follow(url, url, written, &self.sitemap.allow_hosts) {
            Ok(url) if list == List::Sitemaps => self.harvest.links.push(Link::new(url, Role::Sitemap)),
            Ok(url) if self.sitemap.wants(url.path()) => {
                self.harvest.links.push(Link::new(url, Role::Listing));
            }
            Ok(_) => {}
            Err(_) => self.harvest.num_refused_links += 1,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
