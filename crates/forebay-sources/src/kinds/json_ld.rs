//! `json_ld`: the structured data that pages carry for search engines (JSON-LD 1.1, schema.org).

use schemars::JsonSchema;
use serde::Deserialize;

use super::{AllowedHost, LinkRule, Urls};
use crate::{Error, Harvest, Link, Page};

/// A source whose pages hold JSON-LD in `<script type="application/ld+json">`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonLd {
    /// The first page, or several: absolute URLs, with `{name}` for what the scope gives. Left out beside a `sitemap`.
    pub url: Option<Urls>,
    /// The types to take, such as `["Event", "Course"]`, with or without `https://schema.org/`. Default: all objects.
    #[serde(default)]
    pub types: Vec<String>,
    /// The link to the next page, as a CSS selector. Default: none.
    pub next: Option<LinkRule>,
    /// Links to pages with more JSON-LD, as a CSS selector. Default: none.
    pub follow: Option<LinkRule>,
    /// Other hosts that links may lead to. Default: none.
    #[serde(default)]
    pub allow_hosts: Vec<AllowedHost>,
}

impl JsonLd {
    /// Whether the settings go together. Error: `invalid_source_setting`.
    pub fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Reads a page. Errors: `page_unreadable`, `http_next`.
    pub fn harvest(&self, _page: &Page, _link: &Link) -> Result<Harvest, Error> {
        Ok(Harvest::default())
    }
}
