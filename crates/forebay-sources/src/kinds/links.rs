//! Decides which links of a page may be followed.
//!
//! A page may link to anything. A source follows only links to the page's own origin (scheme, host, port), and to hosts
//! that its settings allow. The fetcher also checks addresses and robots.txt.
//!
//! Redirects follow the same rule; otherwise a redirect could make another site's origin the page's own. Two common
//! redirects are also allowed: to HTTPS, and between a host with and without `www.`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use crate::{Error, fetch::redact_url};

/// Maximum number of links taken from one page.
pub(super) const MAX_LINKS: usize = 100_000;

/// Maximum length of a followed URL, in bytes.
const MAX_URL_BYTES: usize = 8192;

/// Host that links and redirects may lead to, such as `cdn.example.edu`, or `*.example.edu` for all hosts under a
/// domain.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
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
}

/// Why a link is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfollowed {
    /// It does not lead to a web page: it has another scheme (`javascript:`, `mailto:`) or a user name, or is not a
    /// URL.
    NoPage,
    /// It leads to a host that the source does not allow.
    OtherHost,
}

/// The URL of a link on `page` (resolved against `base`), if it may be followed.
pub(super) fn follow(page: &Url, base: &Url, link: &str, allowed: &[AllowedHost]) -> Result<Url, Unfollowed> {
    let link = link.trim();
    if link.len() > MAX_URL_BYTES {
        return Err(Unfollowed::NoPage);
    }
    let mut url = base.join(link).map_err(|_| Unfollowed::NoPage)?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return Err(Unfollowed::NoPage);
    }
    // A fragment refers to a part of the same page.
    url.set_fragment(None);
    if may_follow(page, &url, allowed) { Ok(url) } else { Err(Unfollowed::OtherHost) }
}

fn may_follow(page: &Url, url: &Url, allowed: &[AllowedHost]) -> bool {
    let to_tls = url.scheme() == "https" && is_plain(url) && is_plain(page) && url.host() == page.host();
    url.origin() == page.origin() || to_tls || is_allowed(url, allowed)
}

fn is_plain(url: &Url) -> bool {
    url.port().is_none()
}

fn is_allowed(url: &Url, allowed: &[AllowedHost]) -> bool {
    url.host_str().is_some_and(|host| allowed.iter().any(|one| one.allows(host)))
}

/// Checks that a page requested at `requested` may come from another URL. Error: `redirected_away`.
pub(super) fn check_redirect(requested: &Url, came_from: &Url, allowed: &[AllowedHost]) -> Result<(), Error> {
    let bare = |url: &Url| url.host_str().map(|host| host.strip_prefix("www.").unwrap_or(host).to_owned());
    let is_no_downgrade = came_from.scheme() == "https" || came_from.scheme() == requested.scheme();
    let is_same_site =
        is_no_downgrade && is_plain(requested) && is_plain(came_from) && bare(requested) == bare(came_from);
    if requested.origin() == came_from.origin() || is_same_site || is_allowed(came_from, allowed) {
        return Ok(());
    }
    Err(Error::RedirectedAway { url: redact_url(requested), to: came_from.origin().ascii_serialization() })
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

    #[test]
    fn links_stay_on_their_site_unless_allowed() {
        let page = Url::parse("http://example.edu/courses/list?page=1").unwrap();
        let allowed = [
            AllowedHost::try_from("Cdn.example.net".to_owned()).unwrap(),
            AllowedHost::try_from("*.example.org".to_owned()).unwrap(),
        ];
        let to = |link: &str| follow(&page, &page, link, &allowed).map(String::from).ok();
        assert_eq!(to(" ?page=2#top ").as_deref(), Some("http://example.edu/courses/list?page=2"));
        assert_eq!(to("/a b").as_deref(), Some("http://example.edu/a%20b"));
        assert_eq!(to("https://example.edu/x").as_deref(), Some("https://example.edu/x"));
        assert_eq!(to("//cdn.example.net/x").as_deref(), Some("http://cdn.example.net/x"));
        assert_eq!(to("https://a.b.example.org/").as_deref(), Some("https://a.b.example.org/"));
        for refused in [
            "https://example.edu:8443/x",
            "http://example.edu:81/",
            "http://evil.net/",
            "//sub.example.edu/",
            "http://cdn.example.net.evil.net/",
            "http://example.org/",
            "http://notexample.org/",
            "ftp://example.edu/",
            "javascript:alert(1)",
            "mailto:a@example.edu",
            "data:text/html,x",
            "file:///etc/passwd",
            "http://user@example.edu/",
            "http://user:pw@example.edu/",
            "http://169.254.169.254/",
            "http://[::1",
        ] {
            assert_eq!(to(refused), None, "{refused}");
        }
        for wrong in ["", "*", "a/b", "*.*.a", "http://a"] {
            assert!(AllowedHost::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
