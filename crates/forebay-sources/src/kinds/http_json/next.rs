//! Finds the next page of a JSON source.
//!
//! A link that cannot be followed is an error, because a run that stops early must not look complete.

use forebay_domain::pointer::{Pointer, PointerError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use crate::{
    Error, Page,
    fetch::{AllowedHost, redact_url},
    json::value_at,
    kinds::links,
};

/// Maximum length of a cursor, in bytes.
const MAX_CURSOR_BYTES: usize = 4096;
/// The configuration value for [`Next::LinkHeader`].
const LINK_HEADER: &str = "link-header";

/// Where a page refers to the next one: `link-header`, or a JSON pointer to a link in its body.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub enum Next {
    /// In the `Link` header, with `rel="next"` (RFC 8288).
    LinkHeader,
    /// In the body, at this pointer.
    Body(Pointer),
}

impl Serialize for Next {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::LinkHeader => serializer.serialize_str(LINK_HEADER),
            Self::Body(pointer) => pointer.serialize(serializer),
        }
    }
}

/// Paging by a number in the query: `?page=1`, `?page=2` …, or `?offset=0`, `?offset=100` ….
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageNumber {
    /// Query parameter with the number. Default: `page`.
    #[serde(default = "PageNumber::parameter")]
    pub parameter: String,
    /// Number of the first page. Default: 1; use 0 for an offset.
    #[serde(default = "PageNumber::one")]
    pub start: u64,
    /// Increase of the number from page to page. Default: 1; use the page size for an offset.
    #[serde(default = "PageNumber::one")]
    pub step: u64,
    /// Query parameter with the page size; requires `size`. Default: none.
    pub size_parameter: Option<String>,
    /// Number of records per page to request with `size_parameter`. Default: none.
    pub size: Option<u64>,
}

/// Paging by a cursor: each page contains the cursor of the next one.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// JSON pointer to the cursor in the body, a string or number. It is absent, null, false or empty on the last page.
    pub pointer: Pointer,
    /// Query parameter for the cursor. Default: `cursor`.
    #[serde(default = "Cursor::parameter")]
    pub parameter: String,
}

impl TryFrom<String> for Next {
    type Error = PointerError;

    fn try_from(text: String) -> Result<Self, PointerError> {
        if text == LINK_HEADER { Ok(Self::LinkHeader) } else { Pointer::try_from(text).map(Self::Body) }
    }
}

impl Next {
    pub(super) fn find(
        &self,
        page: &Page,
        body: &[u8],
        allowed: &[AllowedHost],
    ) -> Result<Option<Url>, Error> {
        let link = match self {
            Self::LinkHeader => {
                page.link_headers.iter().find_map(|header| next_of(header)).map(str::to_owned)
            }
            Self::Body(pointer) => match value_at(body, pointer) {
                None => None,
                Some(text) => serde_json::from_slice::<Option<String>>(text)
                    .map_err(|_| unusable(page, "it is not a string"))?,
            },
        };
        let Some(link) = link.filter(|link| !link.is_empty()) else { return Ok(None) };
        let url = links::follow(&page.url, &page.url, &link, allowed)
            .map_err(|_| unusable(page, "it is not a URL, or its host is not in allow_hosts"))?;
        if url == page.url {
            return Err(unusable(page, "it refers to the page itself"));
        }
        Ok(Some(url))
    }
}

impl PageNumber {
    fn parameter() -> String {
        "page".to_owned()
    }

    const fn one() -> u64 {
        1
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let problem = if self.parameter.is_empty() {
            "requires a parameter name"
        } else if self.step == 0 {
            "requires a step of at least 1; otherwise every page would be the first"
        } else if self.size_parameter.is_some() != self.size.is_some() {
            "requires both size and size_parameter"
        } else {
            return Ok(());
        };
        Err(Error::InvalidSetting { setting: "http_json.page", problem: problem.to_owned() })
    }

    /// Changes a URL to that of the first page.
    pub(super) fn begin(&self, url: &mut Url) {
        set(url, &self.parameter, &self.start.to_string());
        if let (Some(parameter), Some(size)) = (&self.size_parameter, self.size) {
            set(url, parameter, &size.to_string());
        }
    }

    /// The page after the one requested with `url`.
    pub(super) fn after(&self, url: &Url) -> Option<Url> {
        let number = url.query_pairs().find(|(name, _)| *name == self.parameter)?.1.parse::<u64>().ok()?;
        let mut next = url.clone();
        set(&mut next, &self.parameter, &number.checked_add(self.step)?.to_string());
        Some(next)
    }
}

impl Cursor {
    fn parameter() -> String {
        "cursor".to_owned()
    }

    /// The page after the one requested with `url`.
    pub(super) fn find(&self, page: &Page, body: &[u8], url: &Url) -> Result<Option<Url>, Error> {
        let Some(text) = value_at(body, &self.pointer) else { return Ok(None) };
        if text.len() > MAX_CURSOR_BYTES {
            return Err(unusable(page, "the cursor is too long"));
        }
        let cursor = match text.first() {
            Some(b'"') => serde_json::from_slice(text)
                .map_err(|_| unusable(page, "the cursor is not a valid string"))?,
            Some(b'0'..=b'9' | b'-') => String::from_utf8_lossy(text).into_owned(),
            Some(b'n' | b'f') => return Ok(None),
            _ => return Err(unusable(page, "the cursor is neither a string nor a number")),
        };
        if cursor.is_empty() {
            return Ok(None);
        }
        let mut next = url.clone();
        set(&mut next, &self.parameter, &cursor);
        if next == *url {
            return Err(unusable(page, "the cursor refers to the page itself"));
        }
        Ok(Some(next))
    }
}

fn unusable(page: &Page, problem: &str) -> Error {
    Error::HttpNext { url: redact_url(&page.url), problem: problem.to_owned() }
}

/// Sets a query parameter. Other parameters keep their exact bytes, because some sites sign them.
fn set(url: &mut Url, parameter: &str, value: &str) {
    let is_other = |pair: &&str| {
        !pair.is_empty() && url::form_urlencoded::parse(pair.as_bytes()).all(|(name, _)| name != parameter)
    };
    let mut query = url.query().unwrap_or_default().split('&').filter(is_other).collect::<Vec<_>>().join("&");
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(
        &url::form_urlencoded::Serializer::new(String::new()).append_pair(parameter, value).finish(),
    );
    url.set_query(Some(&query));
}

/// The first link in a `Link` header with the relation `next`: `<url>; rel="next"; …, <url>; …`.
fn next_of(header: &str) -> Option<&str> {
    let mut rest = header;
    loop {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        let (parameters, following) = until_comma(after);
        if parameters.iter().any(|parameter| is_next(parameter)) {
            return Some(target);
        }
        rest = following;
    }
}

/// Splits off the parameters of one link, and returns them and the rest of the header. Commas and semicolons inside
/// quotes do not separate.
fn until_comma(text: &str) -> (Vec<&str>, &str) {
    let mut parameters = Vec::new();
    let (mut start, mut in_quotes, mut is_escaped) = (0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_quotes => is_escaped = true,
            b'"' => in_quotes = !in_quotes,
            b';' | b',' if !in_quotes => {
                parameters.push(&text[start..at]);
                start = at + 1;
                if byte == b',' {
                    return (parameters, &text[start..]);
                }
            }
            _ => {}
        }
    }
    parameters.push(&text[start..]);
    (parameters, "")
}

fn is_next(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, value)| {
        name.trim().eq_ignore_ascii_case("rel")
            && value
                .trim()
                .trim_matches('"')
                .split_ascii_whitespace()
                .any(|word| word.eq_ignore_ascii_case("next"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_header_is_read_as_the_standard_says() {
        assert_eq!(next_of(r#"</p?2>; rel="next""#), Some("/p?2"));
        assert_eq!(
            next_of(r#"</p?1>; rel=prev, </p?3,x>; title="a, \"b; rel=next"; REL="last Next""#),
            Some("/p?3,x")
        );
        assert_eq!(next_of("</p?2>;rel=next"), Some("/p?2"));
        for none in [
            "",
            "<",
            "</p>",
            "</p>; rel=nextish",
            "</p>; title=\"rel=next\"",
            "/p; rel=next",
            "</p; rel=next",
        ] {
            assert_eq!(next_of(none), None, "{none}");
        }
    }

    #[test]
    fn setting_a_parameter_keeps_the_others() {
        let mut url = Url::parse("https://example.edu/x?sig=a%2fb+c&page=1&p%61ge=7&z").unwrap();
        set(&mut url, "page", "2 &");
        assert_eq!(url.as_str(), "https://example.edu/x?sig=a%2fb+c&z&page=2+%26");
        let mut url = Url::parse("https://example.edu/x").unwrap();
        set(&mut url, "page", "1");
        assert_eq!(url.as_str(), "https://example.edu/x?page=1");
    }
}
