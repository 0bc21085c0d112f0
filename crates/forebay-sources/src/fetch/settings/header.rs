//! Configured headers: their names, and the sources of their values.

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

/// Headers that the fetcher sets itself. Setting one twice would make a request ambiguous.
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
            text.parse().map_err(|_| "expected a header name such as authorization".to_owned())?;
        if OWN_HEADERS.contains(&name) {
            return Err(format!("the header {name} is set by the fetcher itself"));
        }
        Ok(Self(name.as_str().to_owned()))
    }
}

/// The value of a header, or its source.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected text, { env = \"NAME\" } or { file = \"PATH\" }")]
pub enum Header {
    /// The value itself, which is not a secret unless the header's name is a secret one.
    Plain(HeaderText),
    /// An environment variable that contains the value.
    Env(HeaderFromEnv),
    /// A file that contains the value; surrounding whitespace is ignored.
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
            // A user may write a secret in the file by mistake. Keep it out of logs.
            Self::Plain(_) => f.write_str("Plain(…)"),
            Self::Env(from) => from.fmt(f),
            Self::File(from) => from.fmt(f),
        }
    }
}

/// The value of a header: printable characters (RFC 9110, 5.5).
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
            Err(_) => Err("expected a header value of printable characters".to_owned()),
        }
    }
}

/// An environment variable as the source of a header's value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderFromEnv {
    /// The name of the environment variable, which must not be one that configures Forebay or gives access to a
    /// database.
    pub env: String,
}

/// A file as the source of a header's value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderFromFile {
    /// The path of the file.
    pub file: PathBuf,
}
