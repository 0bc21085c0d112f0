//! The headers of every request of a source: User-Agent, configured headers, validators.

use forebay_domain::secret_names::is_secret;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, COOKIE, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    USER_AGENT,
};
use url::{Origin, Url};

use super::{
    error::FetchError,
    request::Request,
    settings::{Encoding, FetchSettings, Header},
};
use crate::environment;

/// Checks that every secret in the headers can be read. Error: `secret_missing`.
pub fn check_secrets(settings: &FetchSettings) -> Result<(), FetchError> {
    Identity::of(settings, &[]).map(drop)
}

/// The headers of a source's requests.
#[derive(Debug)]
pub(super) struct Identity {
    plain: HeaderMap,
    secret: HeaderMap,
    /// The origins to which secrets are sent.
    homes: Vec<Origin>,
}

impl Identity {
    /// Creates the headers. Reads the secrets that the settings refer to.
    pub(super) fn of(settings: &FetchSettings, homes: &[Url]) -> Result<Self, FetchError> {
        let mut plain = HeaderMap::new();
        plain.insert(USER_AGENT, user_agent(settings));
        plain.insert(ACCEPT, HeaderValue::from_static("*/*"));
        plain.insert(ACCEPT_ENCODING, accept_encoding(&settings.accept_encoding));
        let mut secret = HeaderMap::new();
        for (name, header) in &settings.headers {
            let missing =
                |place: String| FetchError::SecretMissing { header: name.as_str().to_owned(), place };
            let (value, place, is_external) = match header {
                Header::Plain(text) => (text.as_str().to_owned(), "forebay.toml".to_owned(), false),
                Header::Env(from) => {
                    let place = format!("the environment variable {}", from.env);
                    (environment::var(&from.env).map_err(|_| missing(place.clone()))?, place, true)
                }
                Header::File(from) => {
                    let place = format!("the file {}", from.file.display());
                    (std::fs::read_to_string(&from.file).map_err(|_| missing(place.clone()))?, place, true)
                }
            };
            let parsed = (name.as_str().parse::<HeaderName>(), HeaderValue::from_str(value.trim()));
            let (Ok(name), Ok(mut value)) = parsed else { return Err(missing(place)) };
            if is_external || name == COOKIE || is_secret(name.as_str()) {
                value.set_sensitive(true);
                secret.insert(name, value);
            } else {
                plain.insert(name, value);
            }
        }
        Ok(Self { plain, secret, homes: homes.iter().map(Url::origin).collect() })
    }

    /// The headers for one URL of a redirect chain. Secret headers are only added for the source's own origins.
    pub(super) fn headers(&self, url: &Url, request: &Request) -> HeaderMap {
        let mut headers = self.plain.clone();
        if !self.secret.is_empty() && self.homes.contains(&url.origin()) {
            headers.extend(self.secret.clone());
        }
        if let Some(accept) = request.accept {
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
        }
        if let Some(validators) = &request.validators {
            let value = |text: &Option<String>| HeaderValue::from_str(text.as_deref()?).ok();
            headers.extend(value(&validators.etag).map(|value| (IF_NONE_MATCH, value)));
            headers.extend(value(&validators.last_modified).map(|value| (IF_MODIFIED_SINCE, value)));
        }
        headers
    }
}

/// The User-Agent: `forebay/0.1.0 (+https://example.org/bot)`.
fn user_agent(settings: &FetchSettings) -> HeaderValue {
    const PRODUCT: &str = concat!("forebay/", env!("CARGO_PKG_VERSION"));
    let contact = settings.contact.as_ref().map(|contact| format!("{PRODUCT} (+{})", contact.as_str()));
    contact.and_then(|text| HeaderValue::from_str(&text).ok()).unwrap_or(HeaderValue::from_static(PRODUCT))
}

fn accept_encoding(encodings: &[Encoding]) -> HeaderValue {
    let words: Vec<&str> = encodings.iter().map(|encoding| encoding.as_str()).collect();
    let text = if words.is_empty() { "identity".to_owned() } else { words.join(", ") };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("identity"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(json: &str) -> FetchSettings {
        serde_json::from_str(json).unwrap()
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn the_user_agent_names_the_contact() {
        let of = |json: &str| user_agent(&settings(json)).to_str().unwrap().to_owned();
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(of("{}"), format!("forebay/{version}"));
        assert_eq!(
            of(r#"{"contact": "mailto:bot@example.org"}"#),
            format!("forebay/{version} (+mailto:bot@example.org)")
        );
    }

    #[test]
    fn secrets_are_only_sent_to_own_origins() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "s3cret\n").unwrap();
        let json = serde_json::json!({ "headers": {
            "x-token": { "file": file.path() }, "authorization": "Bearer x", "X-API-Key": "k3y",
            "x-plain": "p",
        }});
        let identity = Identity::of(&settings(&json.to_string()), &[url("https://a.example/x")]).unwrap();
        let request = Request::new(url("https://a.example/y"));
        let home = identity.headers(&url("https://a.example/z"), &request);
        assert_eq!(home["x-token"], "s3cret");
        assert_eq!(home["authorization"], "Bearer x");
        assert_eq!(home["x-api-key"], "k3y");
        assert_eq!(home["x-plain"], "p");
        for other in ["https://b.example/", "http://a.example/", "https://a.example:444/"] {
            let headers = identity.headers(&url(other), &request);
            for secret in ["x-token", "authorization", "x-api-key"] {
                assert!(!headers.contains_key(secret), "{secret} to {other}");
            }
            assert_eq!(headers["x-plain"], "p");
        }
        let shown = format!("{identity:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("k3y"), "{shown}");
    }

    #[test]
    fn a_missing_secret_is_named() {
        let json = r#"{"headers": {"x-token": {"env": "FOREBAY_TEST_NO_SUCH_VARIABLE"}}}"#;
        let error = Identity::of(&settings(json), &[]).unwrap_err();
        assert_eq!(error.code(), "secret_missing");
        assert!(error.to_string().contains("x-token") && error.to_string().contains("NO_SUCH_VARIABLE"));
    }
}
