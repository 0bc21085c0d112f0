//! `[server]`: how others reach this Forebay.

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::error::Problem;

/// How others reach this Forebay.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    /// Address of the dashboard for people, such as `https://forebay.example.org`. Notifications link to it. Default:
    /// none; they have no links.
    #[schemars(with = "Option<String>")]
    pub(crate) public_url: Option<Url>,
}

impl Server {
    /// Checks what the types don't express.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let Some(url) = &self.public_url else { return Ok(()) };
        let is_plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !is_plain || !matches!(url.scheme(), "http" | "https") {
            let message =
                "public_url must begin with https:// or http:// and have no user, query or fragment";
            return Err(Problem::at(["server", "public_url"], message));
        }
        Ok(())
    }
}
