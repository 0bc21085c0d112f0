//! Decides which links of a page may be followed.
//!
//! A page may link to anything. A source follows only links to the page's own origin (scheme, host, port), and to hosts
//! that its settings allow. The fetcher also checks addresses and robots.txt.
//!
//! Redirects follow the same rule, in the fetcher.

use url::Url;

use crate::fetch::AllowedHost;

/// Maximum number of links taken from one page.
pub(super) const MAX_LINKS: usize = 100_000;

/// Maximum length of a followed URL, in bytes.
const MAX_URL_BYTES: usize = 8192;

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
    url.origin() == page.origin() || to_tls || AllowedHost::any_allows(allowed, url)
}

fn is_plain(url: &Url) -> bool {
    url.port().is_none()
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
