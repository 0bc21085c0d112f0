//! Where run events are sent.

use std::fmt;

use url::Url;

/// The namespace of jobs without a configured one.
pub const DEFAULT_NAMESPACE: &str = "forebay";

/// Where run events are sent.
#[derive(Clone)]
pub struct LineageSettings {
    /// The address that takes events, such as `http://localhost:5000/api/v1/lineage`.
    pub url: Url,
    /// Sent as a bearer token. Default: none.
    pub api_key: Option<String>,
    /// The namespace of jobs. Default: [`DEFAULT_NAMESPACE`].
    pub namespace: String,
}

impl fmt::Debug for LineageSettings {
    /// Without the key, and without the URL, which may contain one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineageSettings").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}
