//! Rules that say where to find a field or a link.
//!
//! Most rules are one string: `h2 a` is the text of the first match, `h2 a@href` an attribute of it, `li.tag[]` the
//! texts of all matches, and `@data-id` an attribute of the item itself. A table can express the same, and more.

use std::fmt;

use schemars::JsonSchema;
use serde::{
    Deserialize, Serialize, Serializer,
    de::{self, Deserializer, Visitor, value::MapAccessDeserializer},
};

use super::selector::Selector;
use crate::Error;

/// Finds a field: a string such as `h2 a`, `h2 a@href` or `li.tag[]`, or a table.
#[derive(Clone, Debug, PartialEq, JsonSchema)]
#[schemars(with = "RuleShape")]
pub struct Rule {
    pub(super) select: Option<Selector>,
    pub(super) take: Take,
    pub(super) is_list: bool,
    pub(super) is_required: bool,
    pub(super) after: Option<String>,
    pub(super) before: Option<String>,
}

/// The part of an element to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Take {
    /// Its text, with whitespace collapsed.
    Text,
    /// Its inner markup.
    Html,
    /// An attribute, verbatim or as an absolute URL.
    Attribute { name: String, is_url: bool },
    /// The page's own URL.
    PageUrl,
}

/// The table form of a rule.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "switches in a table of the configuration")]
struct RuleTable {
    /// CSS selector inside the item. Default: the item itself.
    select: Option<Selector>,
    /// Attribute to use. Default: none, which uses the text.
    attribute: Option<String>,
    /// Whether to use all matches, as an array. Default: false, only the first.
    list: bool,
    /// Whether to use the inner markup of the element instead of its text. Default: false.
    html: bool,
    /// Whether to resolve the attribute to an absolute URL. Default: true for URL attributes (href, src, action, poster
    /// …).
    absolute: Option<bool>,
    /// Whether to reject records without this field. Default: false.
    required: bool,
    /// Use only the text after this one, such as `Credits:`; a value without it is absent. Default: all.
    after: Option<String>,
    /// Use only the text before this one; a value without it stays whole. Default: all.
    before: Option<String>,
    /// Whether to use the URL of the page itself. Default: false.
    page_url: bool,
}

/// The shape of [`Rule`] in the JSON Schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum RuleShape {
    Short(String),
    Table(RuleTable),
}

/// Finds a link: a CSS selector such as `a.next`, whose `href` is used, or with an attribute: `li@data-url`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct LinkRule {
    pub(crate) select: Option<Selector>,
    pub(crate) attribute: String,
}

impl TryFrom<String> for LinkRule {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        let (select, attribute) = split(&text)?;
        Ok(Self { select, attribute: attribute.unwrap_or_else(|| "href".to_owned()) })
    }
}

impl LinkRule {
    /// The rule as text: its selector, followed by its attribute unless that is `href`.
    pub fn text(&self) -> String {
        let select = self.select.as_ref().map_or("", Selector::as_str);
        if self.attribute == "href" && self.select.is_some() {
            return select.to_owned();
        }
        format!("{select}@{}", self.attribute)
    }
}

impl Serialize for LinkRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl Rule {
    /// The rule as text, if the short form can express it.
    pub fn text(&self) -> Option<String> {
        let select = self.select.as_ref().map_or("", Selector::as_str);
        let list = if self.is_list { "[]" } else { "" };
        let is_short = !self.is_required && self.after.is_none() && self.before.is_none();
        match &self.take {
            Take::Text if is_short && !select.is_empty() => Some(format!("{select}{list}")),
            Take::Attribute { name, is_url } if is_short && *is_url == holds_url(name) => {
                Some(format!("{select}@{name}{list}"))
            }
            _ => None,
        }
    }

    /// Its selector. Default: none, which means the item itself.
    pub fn selector(&self) -> Option<&str> {
        self.select.as_ref().map(Selector::as_str)
    }

    fn to_table(&self) -> RuleTable {
        let (attribute, absolute) = match &self.take {
            Take::Attribute { name, is_url } => (Some(name.clone()), Some(*is_url)),
            _ => (None, None),
        };
        RuleTable {
            select: self.select.clone(),
            attribute,
            list: self.is_list,
            html: self.take == Take::Html,
            absolute,
            required: self.is_required,
            after: self.after.clone(),
            before: self.before.clone(),
            page_url: self.take == Take::PageUrl,
        }
    }

    /// Reads the short form. Error: `invalid_selector`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let (text, is_list) = text.strip_suffix("[]").map_or((text, false), |rest| (rest, true));
        let (select, attribute) = split(text)?;
        let take = attribute.map_or(Take::Text, |name| Take::Attribute { is_url: holds_url(&name), name });
        Ok(Self { select, take, is_list, is_required: false, after: None, before: None })
    }

    fn from_table(table: RuleTable) -> Result<Self, &'static str> {
        let take = match (table.attribute, table.html, table.page_url) {
            (None, false, false) => Take::Text,
            (None, true, false) => Take::Html,
            (None, false, true) => Take::PageUrl,
            (Some(name), false, false) if is_name(&name) => {
                let name = name.to_ascii_lowercase();
                Take::Attribute { is_url: table.absolute.unwrap_or_else(|| holds_url(&name)), name }
            }
            (Some(_), false, false) => return Err("attribute must be a valid attribute name"),
            _ => return Err("attribute, html and page_url exclude each other"),
        };
        if take == Take::PageUrl && (table.select.is_some() || table.list) {
            return Err("page_url excludes select and list");
        }
        if table.absolute.is_some() && !matches!(take, Take::Attribute { .. }) {
            return Err("absolute requires attribute");
        }
        let (after, before) = (table.after, table.before);
        if after.as_deref() == Some("") || before.as_deref() == Some("") {
            return Err("after and before must not be empty");
        }
        Ok(Self {
            select: table.select,
            take,
            is_list: table.list,
            is_required: table.required,
            after,
            before,
        })
    }
}

/// Splits `selector@attribute`; either may be missing, but not both.
fn split(text: &str) -> Result<(Option<Selector>, Option<String>), Error> {
    // An attribute selector may contain an `@`, too. The text after it is then not a valid name.
    let (select, attribute) = match text.rsplit_once('@') {
        Some((select, name)) if is_name(name.trim()) => (select, Some(name.trim().to_ascii_lowercase())),
        _ => (text, None),
    };
    let select = select.trim();
    if select.is_empty() && attribute.is_some() {
        return Ok((None, attribute));
    }
    Ok((Some(Selector::parse(select)?), attribute))
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.'))
}

/// Whether an HTML attribute contains a URL.
fn holds_url(name: &str) -> bool {
    matches!(
        name,
        "href" | "src" | "action" | "formaction" | "poster" | "cite" | "data" | "longdesc" | "background"
    )
}

/// Equivalent rules serialise to the same text, however they were written.
impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.text() {
            Some(text) => serializer.serialize_str(&text),
            None => self.to_table().serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = Rule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rule such as \"h2 a\", \"h2 a@href\" or \"li.tag[]\", or a table with select")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Rule, E> {
                Rule::parse(text).map_err(E::custom)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Rule, A::Error> {
                let table = RuleTable::deserialize(MapAccessDeserializer::new(map))?;
                Rule::from_table(table).map_err(de::Error::custom)
            }
        }
        deserializer.deserialize_any(Reads)
    }
}
