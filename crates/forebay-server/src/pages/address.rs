//! The address of a page: its path and its parameters.

use axum::http::Uri;
use url::form_urlencoded;

/// The address of a page.
#[derive(Clone, Debug)]
pub(super) struct Address {
    path: String,
    pairs: Vec<(String, String)>,
}

impl Address {
    pub(super) fn of(uri: &Uri) -> Self {
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let pairs =
            pairs.filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key.into(), value.into()));
        Self { path: uri.path().to_owned(), pairs: pairs.collect() }
    }

    /// The address with another value of a parameter; empty: without it.
    #[must_use]
    pub(super) fn with(&self, key: &str, value: &str) -> Self {
        let mut pairs = self.pairs.clone();
        pairs.retain(|(known, _)| known != key);
        if !value.is_empty() {
            pairs.push((key.to_owned(), value.to_owned()));
        }
        Self { path: self.path.clone(), pairs }
    }

    /// Another page with these parameters; empty ones are left out.
    pub(super) fn new<'a>(
        path: impl Into<String>,
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Self { path: path.into(), pairs }
    }

    /// The query, encoded; empty: none.
    pub(super) fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish()
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)?;
        if self.pairs.is_empty() { Ok(()) } else { write!(f, "?{}", self.query()) }
    }
}
