//! `html`: records from the markup of pages, by CSS selectors.
//!
//! A listing holds items; an item is a record, or leads to a detail page where the rest of the record is. Pages are
//! parsed as browsers do it (html5ever); what was compiled once on load (selectors, rules) is matched against a flat
//! form of the tree (`dom`), in which the descendants of an element are a slice.
//!
//! What is not there makes no key: a field whose selector finds nothing, or only an empty text, is absent from the
//! record. So coverage sees what a changed layout loses.

mod rule;
mod selector;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use rule::{LinkRule, Rule};
pub use selector::Selector;

use super::{AllowedHost, Urls};
use crate::{Error, Harvest, Link, Page};

/// A source whose records are in the markup of its pages.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Html {
    /// The first page, or several: absolute URLs, with `{name}` for what the scope gives. Left out beside a `sitemap`.
    pub url: Option<Urls>,
    /// A CSS selector for the items of a page, each of which is a record. Default: the page is one record.
    pub items: Option<Selector>,
    /// The fields of a record, by name: where each is, inside of the item.
    #[serde(default)]
    pub fields: BTreeMap<String, Rule>,
    /// The link to the next page, such as `a.next` or `link[rel=next]@href`. Default: none.
    pub next: Option<LinkRule>,
    /// The link from an item to its detail page, such as `h2 a`; needs `detail`. Default: none.
    pub follow: Option<LinkRule>,
    /// What the detail pages add to the record. Default: none.
    pub detail: Option<Detail>,
    /// Other hosts that `next` and `follow` may lead to. Default: none.
    #[serde(default)]
    pub allow_hosts: Vec<AllowedHost>,
}

/// The pages that `follow` leads to.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// The fields that a detail page holds; where a field is in the item too, the detail page's value is taken.
    pub fields: BTreeMap<String, Rule>,
}

impl Html {
    /// Whether the settings go together. Error: `invalid_source_setting`.
    pub fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Reads a page. Errors: `page_unreadable`, `http_next`.
    pub fn harvest(&self, _page: &Page, _link: &Link) -> Result<Harvest, Error> {
        Ok(Harvest::default())
    }
}
