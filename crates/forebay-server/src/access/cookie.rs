//! The cookie that names a session.
//!
//! `Lax`, not `Strict`: a link in a notification leads to the page that it names, not to the log-in. A request of
//! another site that changes something is refused by its origin (`layers::origin`), so the cookie need not prevent it.

use axum::http::{HeaderMap, HeaderValue, header};

use super::sessions::LONGEST;

/// The cookie of sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookie {
    /// Whether browsers reach the server by https.
    pub(crate) is_https: bool,
}

impl Cookie {
    /// Browsers accept the prefix from this host over https only, so no other host of the domain can set it.
    const fn name(self) -> &'static str {
        if self.is_https { "__Host-forebay" } else { "forebay" }
    }

    /// The id of the session in these headers.
    pub(crate) fn of(self, headers: &HeaderMap) -> Option<&str> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.name()).map(|(_, id)| id)
    }

    /// Gives the browser a session.
    pub(crate) fn set(self, id: &str) -> Option<HeaderValue> {
        self.written(id, LONGEST.as_secs())
    }

    /// Takes it away.
    pub(crate) fn unset(self) -> Option<HeaderValue> {
        self.written("", 0)
    }

    fn written(self, id: &str, seconds: u64) -> Option<HeaderValue> {
        let secure = if self.is_https { "; Secure" } else { "" };
        let text = format!("{}={id}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", self.name());
        HeaderValue::from_str(&text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_https_the_cookie_is_for_this_host_only() {
        let cookie = |is_https| Cookie { is_https }.set("ab").unwrap().to_str().unwrap().to_owned();
        assert_eq!(cookie(false), "forebay=ab; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax");
        assert_eq!(cookie(true), "__Host-forebay=ab; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure");
    }

    #[test]
    fn a_session_is_found_among_other_cookies() {
        let of = |text: &'static str| {
            let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(text))]);
            Cookie { is_https: false }.of(&headers).map(str::to_owned)
        };
        assert_eq!(of("a=1; forebay=ab;b=2").as_deref(), Some("ab"));
        assert_eq!(of("forebay=").as_deref(), Some(""));
        assert_eq!([of("xforebay=ab"), of("__Host-forebay=ab"), of("forebay")], [None, None, None]);
    }
}
