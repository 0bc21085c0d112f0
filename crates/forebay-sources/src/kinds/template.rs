//! URLs with placeholders that the scope of a run fills.
//!
//! With the scope `semester=Spring 2026`, `https://example.edu/courses?term={semester}` becomes
//! `https://example.edu/courses?term=Spring%202026`. Values are percent-encoded (RFC 3986), except unreserved
//! characters. A scope may come from an untrusted caller, so a value must not change the site or leave the folder that
//! the template names. A value in the host is therefore a single label, and no value is a dot segment.

use std::fmt;

use forebay_domain::{
    percent,
    scope::{MAX_KEY_BYTES, Scope},
};
use schemars::JsonSchema;
use serde::{
    Deserialize, Serialize, Serializer,
    de::{self, Deserializer, Visitor},
};
use url::Url;

use super::masked;
use crate::Error;

/// Maximum length of a template, in bytes.
const MAX_BYTES: usize = 4096;

/// An absolute `http://` or `https://` URL that may contain placeholders such as `{semester}`. The scope of a run fills
/// them, percent-encoded.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct UrlTemplate {
    text: String,
    parts: Vec<Part>,
}

impl Serialize for UrlTemplate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&masked::url(&self.text))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder {
        name: String,
        /// Whether it is before the path, where its value may only be one label of the host name.
        in_host: bool,
    },
}

impl UrlTemplate {
    /// Parses a template. Error: `invalid_url_template`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let invalid = |problem: &str| Error::InvalidUrlTemplate {
            // The text before an `@` in the host may be a password.
            template: if text.contains('@') {
                "the URL".to_owned()
            } else {
                format!("{:?}", text.chars().take(200).collect::<String>())
            },
            problem: problem.to_owned(),
        };
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(invalid("it has no scheme"));
        };
        if !matches!(scheme, "http" | "https") {
            return Err(invalid("its scheme is not http or https"));
        }
        if text.len() > MAX_BYTES {
            return Err(invalid("it is too long"));
        }
        let host = &rest[..rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len())];
        if host.is_empty() || host.contains('@') {
            return Err(invalid("it must have a host, and no user or password"));
        }
        let path_from = text.len() - rest.len() + host.len();
        let parts = parts(text, path_from).map_err(invalid)?;
        let template = Self { text: text.to_owned(), parts };
        // Filled with harmless values, the template must be a URL. Otherwise the error would only appear in a run.
        let sample: String = template.parts.iter().map(Part::sample).collect();
        Url::parse(&sample).map_err(|error| invalid(&error.to_string()))?;
        Ok(template)
    }

    /// The template as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of its placeholders, in order, repeated ones included.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder { name, .. } => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The URL for a scope. Errors: `url_placeholder` if the scope has no value for a placeholder, or one that is not
    /// allowed there; `invalid_url_template` if the result is not a URL.
    pub fn expand(&self, scope: &Scope) -> Result<Url, Error> {
        let mut url = String::with_capacity(self.text.len() + 32);
        for part in &self.parts {
            match part {
                Part::Text(text) => url.push_str(text),
                Part::Placeholder { name, in_host } => {
                    let unfit = |problem| self.unfit(name, problem);
                    let value = scope.get(name).ok_or_else(|| unfit("has no value in the scope"))?;
                    if *in_host && !is_label(value) {
                        return Err(unfit(
                            "is part of the host, so its value may only contain letters, digits and inner hyphens",
                        ));
                    }
                    if value.bytes().all(|byte| byte == b'.') {
                        return Err(unfit("has a value that is empty or only dots"));
                    }
                    url.push_str(&percent::encode(value));
                }
            }
        }
        Url::parse(&url).map_err(|error| Error::InvalidUrlTemplate {
            template: self.text.clone(),
            problem: format!("with the scope's values it is not a URL: {error}"),
        })
    }

    fn unfit(&self, name: &str, problem: &str) -> Error {
        Error::UrlPlaceholder {
            template: self.text.clone(),
            name: name.to_owned(),
            problem: problem.to_owned(),
        }
    }
}

impl TryFrom<String> for UrlTemplate {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl Part {
    fn sample(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Placeholder { .. } => "x",
        }
    }
}

/// One URL with placeholders, or a list of them, in the order in which they are fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(with = "OneOrMany")]
pub struct Urls(Vec<UrlTemplate>);

/// The shape of [`Urls`] in the JSON Schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum OneOrMany {
    One(UrlTemplate),
    Many(Vec<UrlTemplate>),
}

impl Urls {
    /// The templates, in order; at least one.
    pub fn templates(&self) -> &[UrlTemplate] {
        &self.0
    }

    /// The URLs for a scope. Error: `url_placeholder`.
    pub fn expand(&self, scope: &Scope) -> Result<Vec<Url>, Error> {
        self.0.iter().map(|template| template.expand(scope)).collect()
    }
}

impl From<UrlTemplate> for Urls {
    fn from(template: UrlTemplate) -> Self {
        Self(vec![template])
    }
}

// Not an untagged enum: its errors would not say what is wrong with the URL.
impl<'de> Deserialize<'de> for Urls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = Urls;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL or a list of URLs")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Urls, E> {
                UrlTemplate::parse(text).map(Urls::from).map_err(E::custom)
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Urls, A::Error> {
                let mut templates = Vec::new();
                while let Some(template) = items.next_element()? {
                    templates.push(template);
                }
                if templates.is_empty() {
                    return Err(de::Error::invalid_length(0, &"at least one URL"));
                }
                Ok(Urls(templates))
            }
        }
        deserializer.deserialize_any(Reads)
    }
}

/// Splits a template into text and placeholders. `path_from` is the end of its host.
fn parts(text: &str, path_from: usize) -> Result<Vec<Part>, &'static str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        if rest.as_bytes()[open] == b'}' {
            return Err("an unmatched }; write %7D for the character");
        }
        let inner = &rest[open + 1..];
        let close = inner.find('}').ok_or("an unmatched {; write %7B for the character")?;
        let name = &inner[..close];
        let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        if name.is_empty() || name.len() > MAX_KEY_BYTES || !name.bytes().all(is_name_byte) {
            return Err("a placeholder is {name}; a name consists of letters, digits, _, . and -");
        }
        if open > 0 {
            parts.push(Part::Text(rest[..open].to_owned()));
        }
        let at = text.len() - rest.len() + open;
        parts.push(Part::Placeholder { name: name.to_owned(), in_host: at < path_from });
        rest = &inner[close + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

fn is_label(value: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    value.bytes().all(inner) && !value.starts_with('-') && !value.ends_with('-') && !value.is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expand(template: &str, pairs: &[&str]) -> Result<String, &'static str> {
        let scope = Scope::parse(pairs).unwrap();
        let template = UrlTemplate::parse(template).map_err(|error| error.code())?;
        template.expand(&scope).map(String::from).map_err(|error| error.code())
    }

    #[test]
    fn placeholders_are_filled_and_encoded() {
        let template = "https://{campus}.example.edu/c/{semester}/{subject}.json?q={semester}&x=%7B";
        assert_eq!(
            expand(template, &["campus=csi", "semester=Spring 2026", "subject=C/S&ü", "unused=1"]).unwrap(),
            "https://csi.example.edu/c/Spring%202026/C%2FS%26%C3%BC.json?q=Spring%202026&x=%7B"
        );
        let template = UrlTemplate::parse(template).unwrap();
        assert_eq!(template.names().collect::<Vec<_>>(), ["campus", "semester", "subject", "semester"]);
    }

    #[test]
    fn a_missing_value_is_named() {
        let template = UrlTemplate::parse("https://example.edu/{semester}").unwrap();
        let error = template.expand(&Scope::default()).unwrap_err();
        assert_eq!(error.code(), "url_placeholder");
        assert!(error.to_string().starts_with("{semester} in "), "{error}");
    }

    #[test]
    fn a_value_cannot_change_the_site_or_leave_its_folder() {
        for (template, value) in [
            ("https://{x}.example.edu/", "evil.com/"),
            ("https://{x}.example.edu/", "evil.com#"),
            ("https://{x}.example.edu/", "a.b"),
            ("https://{x}/", "-"),
            ("https://example.edu/a/{x}/b", ".."),
            ("https://example.edu/a/{x}/b", "."),
            ("https://example.edu/a/{x}/b", ""),
        ] {
            assert_eq!(
                expand(template, &[&format!("x={value}")]),
                Err("url_placeholder"),
                "{template} {value}"
            );
        }
    }

    #[test]
    fn invalid_templates_are_refused_on_load() {
        for wrong in [
            "",
            "example.edu",
            "/path",
            "ftp://example.edu/",
            "file:///etc/passwd",
            "https:///path",
            "https://",
            "https://user:secret@example.edu/",
            "https://example.edu/{",
            "https://example.edu/}",
            "https://example.edu/{}",
            "https://example.edu/{a b}",
            "https://exa mple.edu/",
            "https://h:99999/",
        ] {
            let error = UrlTemplate::parse(wrong).unwrap_err();
            assert_eq!(error.code(), "invalid_url_template", "{wrong}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    proptest! {
        #[test]
        fn every_value_stays_in_its_segment(value in "[^\\p{Cc}]{1,40}") {
            let scope = Scope::parse([format!("x={value}")]).unwrap();
            let template = UrlTemplate::parse("https://example.edu/a/{x}/b?c={x}").unwrap();
            if let Ok(url) = template.expand(&scope) {
                prop_assert_eq!(url.host_str(), Some("example.edu"));
                let segments: Vec<_> = url.path_segments().unwrap().collect();
                prop_assert_eq!((segments.len(), segments[0], segments[2]), (3, "a", "b"));
                prop_assert_eq!(url.query_pairs().next().unwrap().1, value);
                prop_assert_eq!(url.fragment(), None);
            }
        }
    }
}
