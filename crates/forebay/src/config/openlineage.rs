//! `[openlineage]`: where run events are sent.

use forebay_domain::secret_names::refusal;
use forebay_engine::lineage::{DEFAULT_NAMESPACE, LineageSettings};
use forebay_sources::environment;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::error::Problem;
use crate::{
    env_vars::{OPENLINEAGE_API_KEY, OPENLINEAGE_DISABLED, OPENLINEAGE_NAMESPACE, OPENLINEAGE_URL},
    failure::Failure,
};

/// The path of the API of a server.
const ENDPOINT: &str = "api/v1/lineage";

/// Run events in the format of OpenLineage.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OpenLineage {
    /// Server that takes run events, such as `http://localhost:5000`. `OPENLINEAGE_URL` takes precedence. Default:
    /// none; no events are sent.
    #[schemars(with = "Option<String>")]
    url: Option<Url>,
    /// Path of its API. Default: `api/v1/lineage`.
    endpoint: Option<String>,
    /// Where to find the key that is sent as a bearer token: `env:NAME`. `OPENLINEAGE_API_KEY` takes precedence.
    /// Default: none.
    api_key: Option<String>,
    /// Namespace of the jobs. `OPENLINEAGE_NAMESPACE` takes precedence. Default: `forebay`.
    namespace: Option<String>,
}

impl OpenLineage {
    /// Checks what the types don't express.
    pub(super) fn check(&self) -> Result<(), Problem> {
        if let Some(url) = &self.url
            && let Err(message) = check_url(url)
        {
            return Err(Problem::at(["openlineage", "url"], message));
        }
        let Some(key) = &self.api_key else { return Ok(()) };
        let Some(name) = key.strip_prefix("env:").filter(|name| !name.is_empty()) else {
            let message = "api_key must name an environment variable: \"env:NAME\"";
            return Err(Problem::at(["openlineage", "api_key"], message));
        };
        match refusal(name) {
            Some(message) => Err(Problem::at(["openlineage", "api_key"], message)),
            None => Ok(()),
        }
    }

    /// The settings with the variables of the environment; `None`: no events are sent. Errors:
    /// `openlineage_url_invalid`, `openlineage_key_missing`.
    pub(crate) fn settings(&self) -> Result<Option<LineageSettings>, Failure> {
        let variable = |name: &str| environment::var(name).ok().filter(|value| !value.is_empty());
        let is_disabled =
            variable(OPENLINEAGE_DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let server = match variable(OPENLINEAGE_URL) {
            _ if is_disabled => None,
            Some(text) => Some(parsed(&text)?),
            None => self.url.clone(),
        };
        let Some(mut url) = server else { return Ok(None) };
        let base = url.path().trim_end_matches('/').to_owned();
        let endpoint = self.endpoint.as_deref().unwrap_or(ENDPOINT);
        url.set_path(&format!("{base}/{}", endpoint.trim_start_matches('/')));
        let named = self.api_key.as_deref().and_then(|key| key.strip_prefix("env:"));
        let api_key = match (variable(OPENLINEAGE_API_KEY), named) {
            (Some(key), _) => Some(key),
            (None, Some(name)) => Some(variable(name).ok_or_else(|| {
                Failure::usage("openlineage_key_missing", format!("the variable {name} isn't set"))
                    .hint("[openlineage] api_key in forebay.toml names it")
            })?),
            (None, None) => None,
        };
        let namespace = variable(OPENLINEAGE_NAMESPACE).or_else(|| self.namespace.clone());
        let namespace = namespace.unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned());
        Ok(Some(LineageSettings { url, api_key, namespace }))
    }
}

fn check_url(url: &Url) -> Result<(), &'static str> {
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("url must begin with http:// or https://");
    }
    if url.username().is_empty() && url.password().is_none() {
        return Ok(());
    }
    Err("url must not contain a user or a password; use api_key")
}

/// The address in the variable. It may contain a secret by mistake, so no error repeats it.
fn parsed(text: &str) -> Result<Url, Failure> {
    let invalid = |problem: &str| {
        Failure::usage("openlineage_url_invalid", format!("{OPENLINEAGE_URL} is not usable: {problem}"))
            .hint("set it to the address of the server, such as http://localhost:5000")
    };
    let url = Url::parse(text).map_err(|error| invalid(&error.to_string()))?;
    check_url(&url).map_err(invalid)?;
    Ok(url)
}
