//! Finds selectors of an `html` source that match nothing in a sample. A wrong selector looks like an empty site.

use std::collections::BTreeMap;

use forebay_sources::kinds::{Html, LinkRule, PageReader, Rule, Selector};

use super::{
    definition::{SourceDefinition, SourceKind},
    sample::{Sample, SamplePage},
};

/// A setting whose selector matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// The setting, such as `html.fields.title`.
    pub setting: String,
    /// Its selector, if it has one.
    pub selector: Option<String>,
}

/// The selectors of a source that match nothing on any readable page of its sample.
pub fn unmatched(source: &SourceDefinition, sample: &Sample) -> Vec<Unmatched> {
    let SourceKind::Pages(kind) = &source.kind else { return Vec::new() };
    let PageReader::Html(html) = kind.reader() else { return Vec::new() };
    let of_role = |role| sample.pages.iter().filter(move |page| is_read(page) && page.role == role);
    let has_detail = of_role("detail").next().is_some();
    if of_role("listing").next().is_none() && !has_detail {
        return Vec::new();
    }
    let num_listed: u64 = of_role("listing").map(|page| page.num_records).sum();
    let num_refused: u64 = sample.pages.iter().map(|page| page.num_refused_links).sum();
    let has_links = num_refused > 0 || sample.links.iter().any(|link| link.role == "detail");
    if html.items.is_some() && num_listed == 0 && !has_links && sample.num_rejected == 0 {
        // Without items, the selectors inside them were not tried.
        return vec![found_nothing("items", html.items.as_ref().map(Selector::as_str))];
    }
    let mut unmatched = Vec::new();
    if html.follow.is_some() && num_listed > 0 && !has_links {
        unmatched.push(found_nothing("follow", html.follow.as_ref().map(LinkRule::text).as_deref()));
    }
    unmatched.extend(empty_fields("fields", &html.fields, sample));
    if has_detail {
        let fields = details(html);
        unmatched.extend(fields.into_iter().flat_map(|fields| empty_fields("detail.fields", fields, sample)));
    }
    unmatched
}

fn is_read(page: &SamplePage) -> bool {
    page.problem.is_none()
}

fn details(html: &Html) -> Option<&BTreeMap<String, Rule>> {
    html.detail.as_ref().map(|detail| &detail.fields)
}

fn empty_fields<'a>(
    table: &'a str,
    fields: &'a BTreeMap<String, Rule>,
    sample: &'a Sample,
) -> impl Iterator<Item = Unmatched> {
    let is_empty = |name: &str| {
        if sample.records.is_empty() {
            return sample.missing_keys.contains_key(name);
        }
        sample.field_coverage.get(name).is_none_or(|share| *share <= 0.0)
    };
    fields.iter().filter(move |(name, _)| is_empty(name)).map(move |(name, rule)| {
        let text = rule.text().or_else(|| rule.selector().map(str::to_owned));
        found_nothing(&format!("{table}.{name}"), text.as_deref())
    })
}

fn found_nothing(setting: &str, selector: Option<&str>) -> Unmatched {
    Unmatched { setting: format!("html.{setting}"), selector: selector.map(str::to_owned) }
}
