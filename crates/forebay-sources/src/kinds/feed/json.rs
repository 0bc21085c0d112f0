//! JSON Feed 1.0 and 1.1 (jsonfeed.org).

use forebay_domain::reject::{Place, RejectReason};
use serde_json::{Map, Value, value::RawValue};

use super::entry::{Author, Enclosure, Entry, filled, time};
use super::output::{absolute, add, reject};
use crate::{
    Error, Harvest, Page,
    block::{Delimit, Found, Tail},
    json::{Json, Path},
    kinds::unreadable::{pass_on, unreadable},
};

/// The feed. Items are parsed one by one, so that an invalid item is rejected alone.
#[derive(serde::Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    items: &'a RawValue,
    next_url: Option<Value>,
    authors: Option<Value>,
    author: Option<Value>,
}

/// Reads a feed into the harvest. Returns the link to its next page.
pub(super) fn read(page: &Page, text: &str, harvest: &mut Harvest) -> Result<Option<String>, Error> {
    let document: Document<'_> = serde_json::from_str(text)
        .map_err(|error| unreadable(page, format!("it is not a JSON Feed: {error}")))?;
    let inherited = authors(page, document.authors.as_ref(), document.author.as_ref());
    let list = document.items.get();
    let before = list.as_ptr() as usize - text.as_ptr() as usize;
    for_each_item(page, list, |number, at, item| {
        // The line of an item is its number in the feed.
        let place = Place { line: number, offset: (before + at) as u64 };
        match serde_json::from_str::<Value>(item) {
            Ok(Value::Object(item_object)) => {
                let mut entry = entry(page, &item_object);
                if entry.authors.is_empty() {
                    entry.authors.clone_from(&inherited);
                }
                add(harvest, entry, place, item);
            }
            Ok(_) => {
                reject(harvest, place, RejectReason::NotAnObject, "the item is not an object", item);
            }
            // The item is valid JSON, so it exceeds a limit of the parser, such as the nesting depth.
            Err(error) => {
                reject(harvest, place, RejectReason::InvalidJson, &error.to_string(), item);
            }
        }
        pass_on(page, harvest)
    })?;
    Ok(document.next_url.as_ref().and_then(Value::as_str).and_then(filled))
}

/// Calls a function with each element of an array, which is known to be valid JSON: its number, offset and text.
fn for_each_item(
    page: &Page,
    list: &str,
    mut take: impl FnMut(u64, usize, &str) -> Result<(), Error>,
) -> Result<(), Error> {
    if !list.starts_with('[') {
        return Err(unreadable(page, "it is not a JSON Feed: items is not an array"));
    }
    let mut json = Json::new(Path::default(), usize::MAX, 0);
    let (mut at, mut number) = (0, 0);
    loop {
        let mut found = Found::default();
        let rest = list.get(at..).unwrap_or_default();
        let done = json.delimit(rest.as_bytes(), Tail::Complete, &mut found)?;
        for span in found.records {
            number += 1;
            take(number, at + span.start, rest.get(span.start..span.end).unwrap_or_default())?;
        }
        if !found.stopped {
            return Ok(());
        }
        at += done;
    }
}

fn entry(page: &Page, item: &Map<String, Value>) -> Entry {
    let text = |name: &str| item.get(name).and_then(Value::as_str).and_then(filled);
    let link = |name: &str| text(name).and_then(|link| absolute(&page.url, &link));
    let id = match item.get("id") {
        // JSON Feed requires strings as ids, and tells readers to convert other types.
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => text("id"),
    };
    let list = |name: &str| item.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let enclosure = |one: &Value| {
        Some(Enclosure {
            url: absolute(&page.url, one.get("url")?.as_str()?)?,
            media_type: one.get("mime_type").and_then(Value::as_str).and_then(filled),
            length: one.get("size_in_bytes").and_then(Value::as_u64),
        })
    };
    Entry {
        id,
        url: link("url").or_else(|| link("external_url")),
        title: text("title"),
        summary: text("summary"),
        content: text("content_html").or_else(|| text("content_text")),
        authors: authors(page, item.get("authors"), item.get("author")),
        categories: list("tags").iter().filter_map(Value::as_str).filter_map(filled).collect(),
        published: text("date_published").and_then(|text| time(&text)),
        updated: text("date_modified").and_then(|text| time(&text)),
        enclosures: list("attachments").iter().filter_map(enclosure).collect(),
    }
}

/// The `authors` of JSON Feed 1.1, or else the `author` of 1.0.
fn authors(page: &Page, many: Option<&Value>, one: Option<&Value>) -> Vec<Author> {
    let many = many.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let person = |author: &Value| {
        let text = |name: &str| author.get(name).and_then(Value::as_str).and_then(filled);
        let url = text("url").and_then(|url| absolute(&page.url, &url));
        Author { name: text("name"), email: None, url }
    };
    let people = many.iter().chain(one.filter(|_| many.is_empty()));
    people.map(person).filter(|author| !author.is_empty()).collect()
}
