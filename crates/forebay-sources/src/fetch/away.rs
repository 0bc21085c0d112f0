//! Decides which redirects may be followed.
//!
//! A redirect could make another site's origin the page's own. So redirects stay on the requested origin (scheme, host,
//! port), except to hosts that the source's settings allow. Two common redirects are also allowed: to HTTPS, and
//! between a host with and without `www.`. A refused target gets no request, not even for its robots.txt. The same is
//! true of a redirected robots.txt: its rules are then unknown, and nothing is fetched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use super::{error::FetchError, redact::redact_url};

/// Host that links and redirects may lead to, such as `cdn.example.edu`, or `*.example.edu` for all hosts under a
/// domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct AllowedHost {
    name: String,
    with_subdomains: bool,
}

impl Serialize for AllowedHost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let under = if self.with_subdomains { "*." } else { "" };
        serializer.collect_str(&format_args!("{under}{}", self.name))
    }
}

impl TryFrom<String> for AllowedHost {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let under = text.strip_prefix("*.");
        let name = under.unwrap_or(&text);
        match url::Host::parse(name) {
            Ok(host) if !name.contains('*') => {
                Ok(Self { name: host.to_string(), with_subdomains: under.is_some() })
            }
            _ => Err("expected a host name such as cdn.example.edu or *.example.edu".to_owned()),
        }
    }
}

impl AllowedHost {
    fn allows(&self, host: &str) -> bool {
        if !self.with_subdomains {
            return host == self.name;
        }
        host.strip_suffix(self.name.as_str()).is_some_and(|rest| rest.ends_with('.'))
    }

    /// Whether one of these hosts is the host of a URL.
    pub(crate) fn any_allows(allowed: &[Self], url: &Url) -> bool {
        url.host_str().is_some_and(|host| allowed.iter().any(|one| one.allows(host)))
    }
}

/// Checks that a request for a URL may be redirected to another one. Error: `redirected_away`.
pub(super) fn check_redirect(
    requested: &Url,
    target: &Url,
    allowed: &[AllowedHost],
) -> Result<(), FetchError> {
    let is_plain = |url: &Url| url.port().is_none();
    let bare = |url: &Url| url.host_str().map(|host| host.strip_prefix("www.").unwrap_or(host).to_owned());
    let is_no_downgrade = target.scheme() == "https" || target.scheme() == requested.scheme();
    let is_same_site =
        is_no_downgrade && is_plain(requested) && is_plain(target) && bare(requested) == bare(target);
    if requested.origin() == target.origin() || is_same_site || AllowedHost::any_allows(allowed, target) {
        return Ok(());
    }
    Err(FetchError::RedirectedAway { url: redact_url(requested), to: target.origin().ascii_serialization() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_on_their_site_unless_allowed() {
        let allowed = [AllowedHost::try_from("*.example.org".to_owned()).unwrap()];
        let code = |requested: &str, came_from: &str| {
            let url = |text| Url::parse(text).unwrap();
            check_redirect(&url(requested), &url(came_from), &allowed).map_err(|error| error.code())
        };
        for (requested, came_from) in [
            ("http://example.edu/a", "http://example.edu/b?c"),
            ("http://example.edu/", "https://example.edu/"),
            ("http://example.edu/", "https://www.example.edu/"),
            ("https://www.example.edu/", "https://example.edu/"),
            ("https://example.edu/", "https://a.example.org:8443/"),
            ("http://example.edu:81/", "http://example.edu:81/x"),
        ] {
            assert_eq!(code(requested, came_from), Ok(()), "{requested} {came_from}");
        }
        for (requested, came_from) in [
            ("https://example.edu/", "http://example.edu/"),
            ("https://example.edu/", "https://login.example.edu/"),
            ("https://example.edu/", "https://evil.net/"),
            ("https://example.edu/", "https://www.evil.net/"),
            ("https://example.edu/", "https://example.edu:8443/"),
            ("http://example.edu:81/", "https://example.edu/"),
            ("https://example.edu/", "https://example.org/"),
        ] {
            assert_eq!(code(requested, came_from), Err("redirected_away"), "{requested} {came_from}");
        }
    }
}
