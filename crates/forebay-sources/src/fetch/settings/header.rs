//! Configured headers: their names, and where their values come from.

use std::{fmt, path::PathBuf};

use reqwest::header::{self, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// The name of a header that may be configured.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct HeaderName(String);

impl HeaderName {
    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Headers that the fetcher itself answers for: one set twice would lead to requests that mean two things.
const OWN_HEADERS: [header::HeaderName; 16] = [
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::PROXY_AUTHORIZATION,
    header::RANGE,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::USER_AGENT,
];

impl TryFrom<String> for HeaderName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let name: header::HeaderName =
            text.parse().map_err(|_| "expected the name of a header, such as authorization".to_owned())?;
        if OWN_HEADERS.contains(&name) {
            return Err(format!("the header {name} is set by the fetcher itself"));
        }
        Ok(Self(name.as_str().to_owned()))
    }
}

/// The value of a header, or where it comes from.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a text, { env = \"NAME\" } or { file = \"PATH\" }")]
pub enum Header {
    /// The value itself, which is no secret unless the name says so.
    Plain(HeaderText),
    /// An environment variable that holds it.
    Env(HeaderFromEnv),
    /// A file that holds it; white space around it does not count.
    File(HeaderFromFile),
}

impl Serialize for Header {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(_) => serializer.serialize_str("***"),
            Self::Env(from) => from.serialize(serializer),
            Self::File(from) => from.serialize(serializer),
        }
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Who writes a secret into the file all the same should not find it in a log as well.
            Self::Plain(_) => f.write_str("Plain(…)"),
            Self::Env(from) => from.fmt(f),
            Self::File(from) => from.fmt(f),
        }
    }
}

/// The value of a header as RFC 9110 allows it: printable.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct HeaderText(String);

impl HeaderText {
    /// The value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HeaderText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match HeaderValue::from_str(&text) {
            Ok(_) => Ok(Self(text)),
            Err(_) => Err("expected the value of a header, in printable characters".to_owned()),
        }
    }
}

/// A header from the environment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderFromEnv {
    /// The name of the environment variable.
    pub env: String,
}

/// A header from a file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderFromFile {
    /// The path of the file.
    pub file: PathBuf,
}
