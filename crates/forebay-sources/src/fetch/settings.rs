//! How a source is fetched: the settings of `[sources.NAME.fetch]`.
//!
//! Everything that can be validated without input or output is validated when the file is read. Settings only refer to
//! secrets: a header from an environment variable or a file is read when a [`crate::fetch::Fetcher`] is created.

use std::{collections::BTreeMap, path::PathBuf};

use forebay_domain::{
    secret_names::refusal,
    units::{Period, Rate, Size},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod header;

pub use header::{Header, HeaderFromEnv, HeaderFromFile, HeaderName, HeaderText};

use super::address::AllowPrivate;

/// How to fetch the pages of a source. Limits per host apply across all sources of a process. Proxies from the
/// environment, such as `HTTPS_PROXY`, are ignored: they resolve names themselves, which would bypass the check of
/// addresses.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FetchSettings {
    /// Contact for site owners: an `https://` URL or a `mailto:` address. It is part of the User-Agent. Default: none.
    #[schemars(regex(pattern = r"^(https?://|mailto:)."))]
    pub contact: Option<Contact>,
    /// Maximum rate of requests per host, such as `2/s`, `30/m` or `unlimited`. It is lowered automatically while a
    /// host asks to slow down. Default: `2/s`.
    pub rate: Rate,
    /// Maximum parallel requests per host. Default: 2.
    #[schemars(range(min = 1, max = 256))]
    pub concurrency: Concurrency,
    /// Timeout of a request, from connecting to the last byte of the response. For large files, the timeout between two
    /// bytes (see also `max_file_time`). Default: `30s`.
    pub timeout: Period,
    /// Timeout for connecting, including TLS. Default: `10s`.
    pub connect_timeout: Period,
    /// Maximum size of a page after decompression. Default: `32MiB`.
    pub max_body: Size,
    /// Maximum size of a file that is read as it arrives (`file`), after decompression. Default: `16GiB`.
    pub max_file: Size,
    /// Maximum total time to wait for the bytes of such a file, not counting the time to process them. Default: `1h`.
    pub max_file_time: Period,
    /// Maximum number of redirects to follow from one URL. Default: 5.
    pub max_redirects: u8,
    /// Maximum number of retries after a temporary failure: a timeout, a lost connection, most 5xx responses, a
    /// truncated body, 429. Default: 3.
    pub retries: u8,
    /// Maximum wait before the first retry; doubles with each further one. Each wait is a random part of it. Default:
    /// `1s`.
    pub backoff: Period,
    /// Upper limit of the wait before a retry. Default: `1m`.
    pub max_backoff: Period,
    /// Longest `Retry-After` to wait for; the fetch fails at once if a host asks for more. Also the upper limit for the
    /// `Crawl-delay` of robots.txt. Default: `2m`.
    pub max_retry_after: Period,
    /// Private, loopback and link-local addresses to allow: `true` for all, or a list of networks (`10.1.0.0/16`) and
    /// host names. Default: none.
    pub allow_private: AllowPrivate,
    /// Whether to obey robots.txt (RFC 9309), as product `forebay`. Default: `obey`.
    pub robots: Robots,
    /// Headers of every request: plain text, or `{ env = "NAME" }` or `{ file = "PATH" }` for secrets. Secret headers,
    /// and those with a secret name (`authorization`, `cookie`, `x-api-key`), are sent only to the source's own
    /// origins, never after a link or redirect to another one, and are not archived. Default: none.
    pub headers: BTreeMap<HeaderName, Header>,
    /// Compressions to request. Default: all.
    pub accept_encoding: Vec<Encoding>,
    /// Archive file (WARC/1.1, ISO 28500) that records everything fetched. It contains full URLs and contents, so
    /// protect it like the data. With an archive, unchanged pages are fetched in full too, so that each run can be
    /// replayed. Default: none.
    pub warc: Option<PathBuf>,
}

impl FetchSettings {
    /// A header that names a variable that must not be sent, and why.
    pub fn refused_header(&self) -> Option<(&str, String)> {
        self.headers.iter().find_map(|(name, header)| match header {
            Header::Env(from) => Some((name.as_str(), refusal(&from.env)?)),
            _ => None,
        })
    }
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            contact: None,
            rate: Rate::per_second(2.0).unwrap_or(Rate::UNLIMITED),
            concurrency: Concurrency(2),
            timeout: Period::from_secs(30),
            connect_timeout: Period::from_secs(10),
            max_body: Size::bytes(32 << 20),
            max_file: Size::bytes(16 << 30),
            max_file_time: Period::from_secs(3600),
            max_redirects: 5,
            retries: 3,
            backoff: Period::from_secs(1),
            max_backoff: Period::from_secs(60),
            max_retry_after: Period::from_secs(120),
            allow_private: AllowPrivate::default(),
            robots: Robots::Obey,
            headers: BTreeMap::new(),
            accept_encoding: vec![Encoding::Gzip, Encoding::Deflate, Encoding::Br, Encoding::Zstd],
            warc: None,
        }
    }
}

/// Maximum parallel requests: 1 to 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "u16")]
pub struct Concurrency(u16);

impl Concurrency {
    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Concurrency {
    type Error = String;

    fn try_from(number: u16) -> Result<Self, Self::Error> {
        if (1..=256).contains(&number) {
            Ok(Self(number))
        } else {
            Err("expected a concurrency from 1 to 256".to_owned())
        }
    }
}

/// Whether to obey robots.txt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Robots {
    /// Fetch nothing that robots.txt disallows.
    #[default]
    Obey,
    /// Don't fetch robots.txt: for your own sites, or with permission.
    Ignore,
}

/// A compression of HTTP (RFC 9110, 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950; the raw form of RFC 1951 that some servers send is accepted, too.
    Deflate,
    /// RFC 7932.
    Br,
    /// RFC 8878.
    Zstd,
}

impl Encoding {
    /// The name in headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Br => "br",
            Self::Zstd => "zstd",
        }
    }
}

/// A contact: an `http://` or `https://` URL, or a `mailto:` address.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct Contact(String);

impl Contact {
    /// The contact as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Contact {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let has_scheme = ["https://", "http://", "mailto:"]
            .iter()
            .any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
        // The User-Agent contains the contact in parentheses.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"()\\".contains(&byte));
        if has_scheme && is_plain && text.len() <= 200 {
            Ok(Self(text))
        } else {
            Err("expected a URL such as https://example.org/bot or mailto:bot@example.org".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<FetchSettings, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn empty_settings_are_the_defaults() {
        assert_eq!(read("{}").unwrap(), FetchSettings::default());
    }

    #[test]
    fn every_setting_can_be_set() {
        let settings = read(
            r#"{"contact": "mailto:bot@example.org", "rate": "30/m", "concurrency": 4, "timeout": "5s",
                "max_body": "10MB", "allow_private": ["10.0.0.0/8", "intranet"], "robots": "ignore",
                "headers": {"Authorization": {"env": "TOKEN"}, "x-a": "b", "cookie": {"file": "/run/c"}},
                "accept_encoding": ["gzip", "zstd"], "warc": "pages.warc.gz"}"#,
        );
        let settings = settings.unwrap();
        assert_eq!(settings.concurrency.get(), 4);
        assert_eq!(settings.max_body.get(), 10_000_000);
        let names: Vec<&str> = settings.headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["authorization", "cookie", "x-a"]);
        assert!(!format!("{settings:?}").contains("\"b\""), "header values must not be printed");
    }

    #[test]
    fn invalid_settings_are_refused() {
        for json in [
            r#"{"contact": "somebody"}"#,
            r#"{"contact": "https://x/) evil/1.0 ("}"#,
            r#"{"concurrency": 0}"#,
            r#"{"concurrency": 257}"#,
            r#"{"rate": "fast"}"#,
            r#"{"robots": "maybe"}"#,
            r#"{"headers": {"host": "example.org"}}"#,
            r#"{"headers": {"User-Agent": "browser"}}"#,
            r#"{"headers": {"x a": "b"}}"#,
            r#"{"headers": {"x": "a\r\nb: c"}}"#,
            r#"{"headers": {"x": {"env": "A", "file": "B"}}}"#,
            r#"{"allow_private": ["10.0.0.0/33"]}"#,
            r#"{"speed": 3}"#,
        ] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn every_setting_has_a_description() {
        let schema = schemars::schema_for!(FetchSettings);
        let properties = schema.get("properties").and_then(|p| p.as_object()).unwrap();
        assert_eq!(properties.len(), 18);
        for (name, kind) in [("rate", "string"), ("concurrency", "integer"), ("contact", "string")] {
            let text = serde_json::to_string(&(&properties[name], schema.get("$defs"))).unwrap();
            assert!(text.contains(&format!("\"{kind}\"")), "{name} is {text}");
        }
        for (name, property) in properties {
            assert!(property.get("description").is_some(), "{name} has no description");
        }
    }
}
