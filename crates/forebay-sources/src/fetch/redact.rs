//! Redacts URLs for messages, logs and the database.

use forebay_domain::secret_names::is_secret;
use url::Url;

/// Maximum length of a redacted URL; longer ones are truncated.
const MAX_CHARS: usize = 500;

/// Removes user name, password and fragment from a URL, replaces the values of query parameters that look like secrets
/// with `***`, and truncates long URLs.
pub fn redact_url(url: &Url) -> String {
    let mut url = url.clone();
    // These fail only for URLs that cannot have a user name.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    if url.query_pairs().any(|(name, _)| is_secret(&name)) {
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let mut query = url.query_pairs_mut();
        query.clear();
        for (name, value) in &pairs {
            query.append_pair(name, if is_secret(name) { "***" } else { value });
        }
    }
    let mut text = String::from(url);
    // A parsed URL is ASCII, so every index is a boundary.
    if text.len() > MAX_CHARS {
        text.truncate(MAX_CHARS);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_redacted() {
        for (url, expected) in [
            ("https://a.example/x?page=2#top", "https://a.example/x?page=2"),
            ("https://user:pass@a.example/", "https://a.example/"),
            ("https://a.example/?a=%20b&api_key=123", "https://a.example/?a=+b&api_key=***"),
            (
                "https://a.example/?X-Amz-Signature=1&Token=2",
                "https://a.example/?X-Amz-Signature=***&Token=***",
            ),
        ] {
            assert_eq!(redact_url(&Url::parse(url).unwrap()), expected);
        }
        let long = Url::parse(&format!("https://a.example/{}", "ü".repeat(1000))).unwrap();
        assert_eq!(redact_url(&long).chars().count(), MAX_CHARS + 1);
    }
}
