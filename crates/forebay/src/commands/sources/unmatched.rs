//! Which selectors of an `html` source found nothing in what was looked at: a wrong one looks like an empty site.

use forebay_engine::scrape::{Sample, SamplePage, SourceDefinition};
use serde::Serialize;
use serde_json::Value;

/// A setting whose selector found nothing.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Unmatched {
    /// The setting, such as `html.fields.title`.
    pub(super) setting: String,
    /// What it says, if that is one text.
    pub(super) selector: Option<String>,
}

/// The selectors of a source that found nothing on any of the pages that could be read.
pub(super) fn unmatched(source: &SourceDefinition, sample: &Sample) -> Vec<Unmatched> {
    let Some(html) = source.settings.get("html") else { return Vec::new() };
    let found_nothing = |path: &[&str]| Unmatched {
        setting: ["html"].iter().chain(path).copied().collect::<Vec<_>>().join("."),
        selector: text(path.iter().try_fold(html, |value, key| value.get(key))),
    };
    let has_items = html.get("items").is_some();
    let is_read = |page: &&SamplePage| page.problem.is_none();
    let of_role = |role| sample.pages.iter().filter(is_read).filter(move |page| page.role == role);
    let has_links = sample.links.iter().any(|link| link.role == "detail");
    let num_refused: u64 = sample.pages.iter().map(|page| page.num_refused_links).sum();
    let (mut listings, num_listed) =
        (of_role("listing"), of_role("listing").map(|page| page.num_records).sum::<u64>());
    if listings.next().is_none() && of_role("detail").next().is_none() {
        return Vec::new();
    }
    if has_items && num_listed == 0 && !has_links && num_refused == 0 && sample.num_rejected == 0 {
        // Nothing inside of the items can have been looked for.
        return vec![found_nothing(&["items"])];
    }
    let mut unmatched = Vec::new();
    if html.get("follow").is_some() && num_listed > 0 && !has_links && num_refused == 0 {
        unmatched.push(found_nothing(&["follow"]));
    }
    let is_empty = |name: &str| {
        if sample.records.is_empty() {
            return sample.missing_keys.contains_key(name);
        }
        sample.field_coverage.get(name).is_none_or(|share| *share <= 0.0)
    };
    let names = |fields: Option<&Value>| -> Vec<String> {
        fields.and_then(Value::as_object).map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
    };
    for name in names(html.get("fields")).iter().filter(|name| is_empty(name)) {
        unmatched.push(found_nothing(&["fields", name]));
    }
    if of_role("detail").next().is_some() {
        let details = html.get("detail").and_then(|detail| detail.get("fields"));
        for name in names(details).iter().filter(|name| is_empty(name)) {
            unmatched.push(found_nothing(&["detail", "fields", name]));
        }
    }
    unmatched
}

/// A selector as it is written: by itself, or as `select` of a rule.
fn text(setting: Option<&Value>) -> Option<String> {
    let setting = setting?;
    setting.as_str().or_else(|| setting.get("select")?.as_str()).map(str::to_owned)
}
