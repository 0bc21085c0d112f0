//! An entry of a feed, the same for all families, and the record made from it.

use jiff::{Timestamp, civil::Date, fmt::rfc2822};
use serde_json::{Map, Value};

/// The data of an entry. Strings are never empty.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) id: Option<String>,
    pub(super) url: Option<String>,
    pub(super) title: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) content: Option<String>,
    pub(super) authors: Vec<Author>,
    pub(super) categories: Vec<String>,
    pub(super) published: Option<String>,
    pub(super) updated: Option<String>,
    pub(super) enclosures: Vec<Enclosure>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Author {
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) url: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Enclosure {
    pub(super) url: String,
    pub(super) media_type: Option<String>,
    /// Length in bytes.
    pub(super) length: Option<u64>,
}

impl Entry {
    /// Converts the entry to a record. The link is the id if the entry has none.
    pub(super) fn into_record(self) -> Map<String, Value> {
        let mut record = Map::new();
        put(&mut record, "id", self.id.or_else(|| self.url.clone()));
        put(&mut record, "url", self.url);
        put(&mut record, "title", self.title);
        put(&mut record, "summary", self.summary);
        put(&mut record, "content", self.content);
        put_list(&mut record, "authors", self.authors.into_iter().map(Author::into_value).collect());
        put_list(&mut record, "categories", self.categories.into_iter().map(Value::from).collect());
        put(&mut record, "published", self.published);
        put(&mut record, "updated", self.updated);
        put_list(&mut record, "enclosures", self.enclosures.into_iter().map(Enclosure::into_value).collect());
        record
    }
}

impl Author {
    pub(super) fn is_empty(&self) -> bool {
        self.name.is_none() && self.email.is_none() && self.url.is_none()
    }

    fn into_value(self) -> Value {
        let mut author = Map::new();
        put(&mut author, "name", self.name);
        put(&mut author, "email", self.email);
        put(&mut author, "url", self.url);
        author.into()
    }
}

impl Enclosure {
    fn into_value(self) -> Value {
        let mut enclosure = Map::new();
        put(&mut enclosure, "url", Some(self.url));
        put(&mut enclosure, "type", self.media_type);
        if let Some(length) = self.length {
            enclosure.insert("length".into(), length.into());
        }
        enclosure.into()
    }
}

fn put(record: &mut Map<String, Value>, name: &str, value: Option<String>) {
    if let Some(value) = value {
        record.insert(name.to_owned(), value.into());
    }
}

fn put_list(record: &mut Map<String, Value>, name: &str, values: Vec<Value>) {
    if !values.is_empty() {
        record.insert(name.to_owned(), values.into());
    }
}

/// The text without surrounding whitespace, or none if nothing is left.
pub(super) fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Converts a time to RFC 3339 in UTC. Accepts RFC 3339, RFC 2822 (with obsolete zones and wrong weekdays, as RSS feeds
/// contain them), and a date, which means midnight UTC.
pub(super) fn time(text: &str) -> Option<String> {
    static RFC2822: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    let text = text.trim();
    let timestamp = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| RFC2822.parse_timestamp(text).ok())
        .or_else(|| text.parse::<Date>().ok()?.in_tz("UTC").ok().map(|day| day.timestamp()))?;
    Some(timestamp.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_become_rfc_3339() {
        for (text, expected) in [
            (" 2026-03-01T10:00:00+02:00 ", Some("2026-03-01T08:00:00Z")),
            ("2026-03-01T10:00:00.25Z", Some("2026-03-01T10:00:00.25Z")),
            ("Sun, 01 Mar 2026 10:00:00 GMT", Some("2026-03-01T10:00:00Z")),
            ("Mon, 01 Mar 2026 10:00:00 EST", Some("2026-03-01T15:00:00Z")),
            ("1 Mar 2026 10:00 +0100", Some("2026-03-01T09:00:00Z")),
            ("2026-03-01", Some("2026-03-01T00:00:00Z")),
            ("yesterday", None),
            ("", None),
            ("2026-13-01T00:00:00Z", None),
        ] {
            assert_eq!(time(text).as_deref(), expected, "{text}");
        }
    }
}
