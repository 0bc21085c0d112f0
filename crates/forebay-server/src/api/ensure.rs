//! `POST /v1/ensure`

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use forebay_domain::access::Permission;
use forebay_engine::ensure::{EnsureOptions, Wanted};
use forebay_views::{self as views, Scraping, decide::scrapes::in_progress, failure::Failure, names};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::{
    app::App,
    arguments::{Wait, scope_of},
    endpoint::{Endpoint, None as Nothing, Request},
};

/// Refreshing data if it is stale.
pub(super) struct Ensure;

/// Which data.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    /// The entity type, such as course.
    entity_type: String,
    /// The scope, as names and values, such as {"semester": "Spring 2026"}. Default: the whole source.
    #[serde(default)]
    scope: BTreeMap<String, String>,
    /// Scrape even if the stored data is fresh.
    #[serde(default)]
    force: bool,
    /// How many seconds to wait for a scrape, 0 to 50.
    #[serde(default)]
    wait: Wait,
    /// Why, for the audit trail.
    reason: Option<String>,
}

/// The state of the data, or the scrape that goes on.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "there is one for each response")]
pub(super) enum EnsuredOrScraping {
    /// It is known.
    Ensured(views::Ensured),
    /// It is scraped.
    Scraping(Scraping),
}

impl Endpoint for Ensure {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/ensure";
    const NAME: &'static str = "ensure_data";
    const SUMMARY: &'static str =
        "Refresh an entity type if its data is stale, with at most one scrape for any number of callers";
    const NEEDS: Permission = Permission::Scrape;
    const STATUSES: &'static [StatusCode] = &[StatusCode::OK, StatusCode::ACCEPTED];
    type Path = Nothing;
    type Query = Nothing;
    type Body = Body;
    type Output = EnsuredOrScraping;

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Body { entity_type, scope, force, wait, reason } = request.body;
        let gate = app.scraping()?.gate.clone();
        let wanted = Wanted { entity_type, scope: scope_of(&scope)? };
        names::entity(&app.client().await?, &wanted.entity_type, app.sources()).await?;
        let by = request.caller.actor().because(reason.as_deref());
        let options = EnsureOptions { force, ..EnsureOptions::default() };
        // A separate task continues after this request has stopped waiting.
        let task = {
            let wanted = wanted.clone();
            app.tasks().spawn(async move { gate.ensure_by(&wanted, options, &by).await })
        };
        if let Ok(ended) = timeout(wait.get(), task).await {
            let ensured = ended.map_err(|error| {
                Failure::new("internal_error", "the refresh ended abruptly").because(&error)
            })??;
            return Ok(EnsuredOrScraping::Ensured(views::Ensured::new(&wanted, &ensured, force)));
        }
        let of_type = app.sources().values().filter(|source| source.entity_type == wanted.entity_type);
        let sources = of_type.map(|source| source.name.clone()).collect();
        let scraping = in_progress(&app.client().await?, &wanted.entity_type, sources).await?;
        Ok(EnsuredOrScraping::Scraping(scraping))
    }

    fn status(output: &Self::Output) -> StatusCode {
        match output {
            EnsuredOrScraping::Ensured(_) => StatusCode::OK,
            EnsuredOrScraping::Scraping(_) => StatusCode::ACCEPTED,
        }
    }
}
