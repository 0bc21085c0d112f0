//! `html`: records from the markup of pages, by CSS selectors.
//!
//! A page has items. An item is a record, or links to a detail page that completes the record. Pages are parsed as in
//! browsers (html5ever). Selectors and rules are compiled once, and matched against a flat form of the tree (`dom`), in
//! which the descendants of an element are a slice.
//!
//! A field whose selector finds nothing, or only empty text, is absent from the record. The field coverage of a run
//! therefore shows what a changed layout loses.

mod dom;
mod extraction;
mod parse;
mod rule;
mod selector;
mod text;
mod tree;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Map;

pub(super) use extraction::{Extraction, text as page_text};
pub(super) use parse::parse;
pub use rule::{LinkRule, Rule};
pub use selector::Selector;

use super::{
    template::Urls,
    unreadable::{check_number, unreadable},
};
use crate::{Error, Harvest, Link, Page, Role, fetch::AllowedHost};

/// Records in the markup of web pages.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Html {
    /// URL of the first page, or several. `{name}` is filled from the scope. Omit it with a `sitemap`.
    pub url: Option<Urls>,
    /// CSS selector for the items of a page; each item is a record. Default: the page is one record.
    pub items: Option<Selector>,
    /// Fields of a record by name, each with a rule that finds it inside the item.
    #[serde(default)]
    pub fields: BTreeMap<String, Rule>,
    /// Link to the next page, such as `a.next` or `link[rel=next]@href`. Default: none.
    pub next: Option<LinkRule>,
    /// Link from an item to its detail page, such as `h2 a`; requires `detail`. Default: none.
    pub follow: Option<LinkRule>,
    /// Fields that detail pages add to the record. Default: none.
    pub detail: Option<Detail>,
    /// Other hosts to which `next`, `follow` and redirects may lead. Default: none.
    #[serde(default)]
    pub allow_hosts: Vec<AllowedHost>,
}

/// The pages that `follow` leads to.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// Fields of a detail page. If the item has the same field, the value of the detail page wins.
    pub fields: BTreeMap<String, Rule>,
}

impl Html {
    /// The settings that determine what is read from a page, in a fixed order: all except the URLs.
    pub(super) fn reading(&self) -> impl Serialize {
        let Self { url: _, items, fields, next, follow, detail, allow_hosts } = self;
        (items, fields, next, follow, detail, allow_hosts)
    }

    /// Checks that the settings fit together. Error: `invalid_source_setting`.
    pub fn check(&self) -> Result<(), Error> {
        let invalid =
            |setting, problem: &str| Err(Error::InvalidSetting { setting, problem: problem.to_owned() });
        match (&self.follow, &self.detail) {
            (Some(_), None) => {
                return invalid(
                    "html.detail",
                    "is missing: set the fields of the pages that follow leads to",
                );
            }
            (None, Some(_)) => {
                return invalid("html.follow", "is missing: set the link to the detail page");
            }
            (Some(_), Some(_)) if self.items.is_none() => {
                return invalid("html.items", "is missing: follow requires items");
            }
            _ => {}
        }
        let details = self.detail.as_ref().map(|detail| &detail.fields);
        if self.fields.is_empty() && details.is_none_or(BTreeMap::is_empty) {
            return invalid("html.fields", "is missing: set at least one field");
        }
        if self.fields.contains_key("") || details.is_some_and(|fields| fields.contains_key("")) {
            return invalid("html.fields", "has a field without a name");
        }
        Ok(())
    }

    /// Reads a page. Errors: `page_unreadable`, `http_next`.
    pub fn harvest(&self, page: &Page, link: &Link) -> Result<Harvest, Error> {
        let text = page_text(page)?;
        let dom = parse(&text).map_err(|problem| unreadable(page, problem))?;
        let reading = Extraction::new(page, &dom, &self.allow_hosts);
        let mut harvest = Harvest::default();
        match (&self.detail, &self.items) {
            (Some(detail), _) if link.role == Role::Detail => {
                let record = reading.record(&detail.fields, None, &link.carry)?;
                reading.push(record, None, &mut harvest);
            }
            (_, None) => {
                let record = reading.record(&self.fields, None, &link.carry)?;
                reading.push(record, None, &mut harvest);
            }
            (_, Some(items)) => {
                for (number, item) in reading.matcher.select(items, None).enumerate() {
                    check_number(page, number + 1)?;
                    self.item(&reading, item, &mut harvest)?;
                }
            }
        }
        if let Some(next) = &self.next
            && link.role != Role::Detail
        {
            harvest.links.extend(reading.next(next)?.map(|url| Link::new(url, link.role)));
        }
        reading.finish(harvest)
    }

    /// Reads an item: a record, or a link to its detail page.
    fn item(&self, reading: &Extraction<'_>, item: u32, harvest: &mut Harvest) -> Result<(), Error> {
        let mut record = reading.record(&self.fields, Some(item), &Map::new())?;
        if let (Some(follow), Some(detail), None) = (&self.follow, &self.detail, &record.missing) {
            match reading.link(follow, Some(item)) {
                Some(Ok(url)) => {
                    // This record was just written, so it is valid JSON.
                    let carry = serde_json::from_slice(&record.json).unwrap_or_default();
                    return reading.push_link(Link { url, role: Role::Detail, carry }, harvest);
                }
                Some(Err(_)) => harvest.num_refused_links += 1,
                None => {}
            }
            // Without a detail page, the item is the whole record. It needs the required fields of the detail page,
            // too.
            record.missing = detail.required().find(|name| !record.has(name)).map(str::to_owned);
        }
        reading.push(record, Some(item), harvest);
        Ok(())
    }
}

impl Detail {
    fn required(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(|(_, rule)| rule.is_required).map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests;
