//! Extracts fields, records and links from one page.
//!
//! A record is written directly as JSON text, field by field, sorted by name. The output of a page is bounded: items
//! and lists may overlap, so a small page could otherwise yield more than fits in memory.

use std::{borrow::Cow, collections::BTreeMap};

use forebay_domain::reject::{Place, Reject, RejectReason};
use html5ever::local_name;
use serde_json::{Map, Value};
use url::Url;

use super::dom::Dom;
use super::rule::{LinkRule, Rule, Take};
use super::selector::Matcher;
use super::text::collapsed;
use crate::{
    Error, Harvest, Link, Page,
    block::{MAX_RAW, Rejected, Span, head},
    fetch::{AllowedHost, redact_url},
    kinds::{
        links::{self, MAX_LINKS, Unfollowed},
        unreadable::unreadable,
    },
};

/// Maximum size of all records of one page, in bytes.
const MAX_HARVEST: usize = 32 << 20;
/// Maximum size of a rejected item's markup, in bytes; the rest does not count towards its length.
const MAX_MARKUP: usize = 1 << 20;

/// The extraction from one page.
pub(crate) struct Extraction<'p> {
    page: &'p Page,
    pub(crate) dom: &'p Dom,
    pub(crate) matcher: Matcher<'p>,
    /// The URL against which links are resolved.
    base: Url,
    allowed: &'p [AllowedHost],
}

/// A record found on the page.
pub(super) struct Record<'r> {
    pub(super) json: Vec<u8>,
    /// The names of the fields found, in order.
    found: Vec<&'r str>,
    /// The first required field that was not found.
    pub(super) missing: Option<String>,
}

impl Record<'_> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.found.binary_search(&name).is_ok()
    }
}

/// The text of an HTML page. Error: `page_unreadable`.
pub(crate) fn text(page: &Page) -> Result<Cow<'_, str>, Error> {
    if let Some(kind) = &page.content_type {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_text =
            kind.is_empty() || kind.starts_with("text/") || kind.contains("html") || kind.contains("xml");
        if !is_text {
            let kind: String = kind.chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(unreadable(page, format!("it is {kind}, not HTML")));
        }
    }
    if page.body.iter().all(u8::is_ascii_whitespace) {
        return Err(unreadable(page, "it is empty"));
    }
    Ok(page.text())
}

impl<'p> Extraction<'p> {
    pub(crate) fn new(page: &'p Page, dom: &'p Dom, allowed: &'p [AllowedHost]) -> Self {
        let written = dom
            .inside(None)
            .filter(|&index| dom.elements[index as usize].name == local_name!("base"))
            .find_map(|index| dom.attribute(index, "href"));
        let base =
            written.and_then(|href| page.url.join(href.trim()).ok()).unwrap_or_else(|| page.url.clone());
        Self { page, dom, matcher: Matcher::new(dom), base, allowed }
    }

    /// Extracts the fields of an item (or of the page), and adds the `known` fields that were not found.
    pub(super) fn record<'r>(
        &self,
        fields: &'r BTreeMap<String, Rule>,
        item: Option<u32>,
        known: &Map<String, Value>,
    ) -> Result<Record<'r>, Error> {
        let mut record = Record { json: vec![b'{'], found: Vec::with_capacity(fields.len()), missing: None };
        for (name, rule) in fields {
            let before = record.json.len();
            begin_member(name, &mut record.json);
            if self.value(rule, item, &mut record.json)? {
                record.found.push(name);
            } else {
                record.json.truncate(before);
                if rule.is_required && record.missing.is_none() && !known.contains_key(name) {
                    record.missing = Some(name.clone());
                }
            }
        }
        for (name, value) in known {
            if !record.has(name) {
                begin_member(name, &mut record.json);
                write_json(value, &mut record.json);
            }
        }
        record.json.push(b'}');
        Ok(record)
    }

    /// Writes the value of a field. Returns false if there is none; the caller must then discard the output.
    fn value(&self, rule: &Rule, item: Option<u32>, out: &mut Vec<u8>) -> Result<bool, Error> {
        let Some(selector) = &rule.select else {
            return Ok(self.taken(rule, item).is_some_and(|value| {
                write_one(&value, rule.is_list, out);
                true
            }));
        };
        let mut matches = self.matcher.select(selector, item);
        if !rule.is_list {
            // Sites put empty placeholders before the actual value, so the first match with a value counts.
            let value = matches.find_map(|element| self.taken(rule, Some(element)));
            return Ok(value.is_some_and(|value| {
                write_one(&value, false, out);
                true
            }));
        }
        let start = out.len();
        for value in matches.filter_map(|element| self.taken(rule, Some(element))) {
            out.push(if out.len() == start { b'[' } else { b',' });
            write_json(&*value, out);
            if out.len() > MAX_HARVEST {
                return Err(self.too_much());
            }
        }
        let has_any = out.len() > start;
        if has_any {
            out.push(b']');
        }
        Ok(has_any)
    }

    /// The value of an element (or of the page) according to a rule.
    fn taken(&self, rule: &Rule, element: Option<u32>) -> Option<Cow<'_, str>> {
        let whole = match &rule.take {
            Take::Text => collapsed(self.dom.text(element)),
            Take::Html => {
                let mut markup = String::new();
                self.dom.write_markup(element, MAX_HARVEST, &mut markup);
                Cow::Owned(markup)
            }
            Take::Attribute { name, .. } => Cow::Borrowed(self.dom.attribute(element?, name)?),
            Take::PageUrl => Cow::Borrowed(self.page.url.as_str()),
        };
        let is_cut = rule.after.is_some() || rule.before.is_some();
        let value = if is_cut { Cow::Owned(cut(&whole, rule)?.to_owned()) } else { whole };
        match &rule.take {
            Take::Attribute { is_url: true, .. } => match self.base.join(value.trim()) {
                Ok(url) => Some(Cow::Owned(url.into())),
                Err(_) => Some(value),
            },
            // An empty attribute is meaningful (`<option selected>`); empty text is not.
            Take::Attribute { .. } => Some(value),
            Take::Text | Take::Html | Take::PageUrl => (!value.trim().is_empty()).then_some(value),
        }
    }

    /// The link that a rule finds in an item (or on the page), or none if no element has the attribute.
    pub(crate) fn link(&self, rule: &LinkRule, item: Option<u32>) -> Option<Result<Url, Unfollowed>> {
        let attribute = |element: u32| self.dom.attribute(element, &rule.attribute);
        let written = match &rule.select {
            Some(selector) => self.matcher.select(selector, item).find_map(attribute),
            None => item.and_then(attribute),
        };
        written.map(|written| self.resolve(written))
    }

    /// All links that a rule finds on the page.
    pub(crate) fn links<'s>(
        &'s self,
        rule: &'s LinkRule,
    ) -> impl Iterator<Item = Result<Url, Unfollowed>> + 's {
        let elements = rule.select.iter().flat_map(|selector| self.matcher.select(selector, None));
        elements
            .filter_map(|element| self.dom.attribute(element, &rule.attribute))
            .map(|written| self.resolve(written))
    }

    fn resolve(&self, written: &str) -> Result<Url, Unfollowed> {
        links::follow(&self.page.url, &self.base, written, self.allowed)
    }

    /// The next page, or none on the last one: sites mark it with a link that leads nowhere (`#`, `javascript:`). A
    /// link to a host that is not allowed is an error, because a run that stops early must not look complete. Error:
    /// `http_next`.
    pub(crate) fn next(&self, rule: &LinkRule) -> Result<Option<Url>, Error> {
        match self.link(rule, None) {
            Some(Ok(url)) => {
                let mut here = self.page.url.clone();
                here.set_fragment(None);
                Ok((url != here).then_some(url))
            }
            Some(Err(Unfollowed::OtherHost)) => Err(Error::HttpNext {
                url: redact_url(&self.page.url),
                problem: "its host is not in allow_hosts".to_owned(),
            }),
            Some(Err(Unfollowed::NoPage)) | None => Ok(None),
        }
    }

    /// Adds a record to a harvest, or rejects it if a required field is missing.
    pub(super) fn push(&self, record: Record<'_>, item: Option<u32>, harvest: &mut Harvest) {
        let line = item.map_or(1, |item| self.dom.elements[item as usize].line);
        let place = Place { line: line.into(), offset: 0 };
        let block = &mut harvest.block;
        if let Some(name) = record.missing {
            let message = format!("the required field {name:?} was not found");
            let mut raw = String::new();
            self.dom.write_markup(item, MAX_MARKUP, &mut raw);
            let reject = Reject::new(RejectReason::MissingField, message);
            // Bounds the excerpts of one page.
            let kept =
                if block.rejected.len() * MAX_RAW < MAX_HARVEST { head(raw.as_bytes()) } else { Vec::new() };
            block.rejected.push(Rejected { place, reject, raw: kept, raw_len: raw.len() as u64 });
            return;
        }
        let start = block.bytes.len();
        block.bytes.extend_from_slice(&record.json);
        block.records.push(Span { start, end: block.bytes.len(), place });
    }

    /// Adds a link to a harvest. Error: `page_unreadable` if there are too many.
    pub(crate) fn push_link(&self, link: Link, harvest: &mut Harvest) -> Result<(), Error> {
        if harvest.links.len() >= MAX_LINKS {
            return Err(unreadable(self.page, format!("it has more than {MAX_LINKS} links to follow")));
        }
        harvest.links.push(link);
        Ok(())
    }

    /// The harvest, if the page was within its limits. Error: `page_unreadable`.
    pub(crate) fn finish(&self, harvest: Harvest) -> Result<Harvest, Error> {
        if self.matcher.is_exhausted() {
            return Err(unreadable(self.page, "finding its fields takes too long; simplify the selectors"));
        }
        if harvest.block.bytes.len() > MAX_HARVEST {
            return Err(self.too_much());
        }
        Ok(harvest)
    }

    fn too_much(&self) -> Error {
        unreadable(self.page, "its records exceed 32 MiB; check whether items contain each other")
    }
}

/// The part of a value between the `after` and `before` texts of a rule, or none if `after` is not found.
fn cut<'v>(value: &'v str, rule: &Rule) -> Option<&'v str> {
    let mut rest = value;
    if let Some(after) = &rule.after {
        rest = rest.split_once(after.as_str())?.1;
    }
    if let Some(before) = &rule.before {
        rest = rest.split_once(before.as_str()).map_or(rest, |(rest, _)| rest);
    }
    Some(rest.trim())
}

fn begin_member(name: &str, out: &mut Vec<u8>) {
    if out.len() > 1 {
        out.push(b',');
    }
    write_json(name, out);
    out.push(b':');
}

fn write_one(value: &str, is_list: bool, out: &mut Vec<u8>) {
    if is_list {
        out.push(b'[');
    }
    write_json(value, out);
    if is_list {
        out.push(b']');
    }
}

fn write_json<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    // Writing text into memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}
