//! Which links a kind may hand to the crawl.
//!
//! A page may link to anything; what a source follows stays on the page's own origin (scheme, host, port) unless its
//! settings allow another host. The fetcher checks addresses and robots.txt on top of that.

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

/// The most links that are taken from one page.
pub(super) const MAX_LINKS: usize = 100_000;

/// The longest URL that is followed, in bytes.
const MAX_URL_BYTES: usize = 8192;

/// The name of a host that links may lead to, such as `cdn.example.edu`, or `*.example.edu` for all hosts under one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct AllowedHost {
    name: String,
    with_subdomains: bool,
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
            _ => Err("expected the name of a host, such as cdn.example.edu or *.example.edu".to_owned()),
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
    /// It leads to no web page: another scheme (`javascript:`, `mailto:`), a name and password, or no URL at all.
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
    // Where on a page it leads makes it no other page.
    url.set_fragment(None);
    if may_follow(page, &url, allowed) { Ok(url) } else { Err(Unfollowed::OtherHost) }
}

fn may_follow(page: &Url, url: &Url, allowed: &[AllowedHost]) -> bool {
    let is_plain = |url: &Url| url.port().is_none();
    let to_tls = url.scheme() == "https" && is_plain(url) && is_plain(page) && url.host() == page.host();
    let is_allowed = || url.host_str().is_some_and(|host| allowed.iter().any(|one| one.allows(host)));
    url.origin() == page.origin() || to_tls || is_allowed()
}

#[cfg(test)]
mod tests {
    use super::*;

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
