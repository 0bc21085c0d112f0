//! `POST /v1/sources/{source}/scrape`

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use forebay_domain::access::Permission;
use forebay_engine::{
    operate,
    persist::Overrides,
    scrape::{self, ScrapeOptions, scrape_many},
};
use forebay_store::actions::Actor;
use forebay_views::{
    ScrapeReport, Scraping,
    decide::scrapes::{choose, in_progress, report},
    failure::Failure,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::{
    app::App,
    arguments::{SourcePath, Wait, scope_of},
    body_reader::MOST_SILENCE,
    endpoint::{Endpoint, None as Nothing, Request},
    gate::Subject,
};

/// Scraping a source.
pub(super) struct Scrape;

/// What of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    /// The scope, as names and values, such as {"semester": "Spring 2026"}. Default: every declared scope.
    scope: Option<BTreeMap<String, String>>,
    /// Read every page, even if its server reports it as unchanged.
    #[serde(default)]
    read_everything: bool,
    /// Scrape even if the breaker is open.
    #[serde(default)]
    ignore_breaker: bool,
    /// How many seconds to wait for the runs, 0 to 50.
    #[serde(default)]
    wait: Wait,
    /// Why, for the audit trail.
    reason: Option<String>,
}

/// The runs, or those that go on.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum ScrapedOrScraping {
    /// They have ended.
    Report(ScrapeReport),
    /// They go on.
    Scraping(Scraping),
}

impl Endpoint for Scrape {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/sources/{source}/scrape";
    const NAME: &'static str = "scrape_source";
    const SUMMARY: &'static str = "Scrape a source now";
    const NEEDS: Permission = Permission::Scrape;
    const STATUSES: &'static [StatusCode] = &[StatusCode::OK, StatusCode::ACCEPTED];
    type Path = SourcePath;
    type Query = Nothing;
    type Body = Body;
    type Output = ScrapedOrScraping;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Source(&request.path.source)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Body { scope, read_everything, ignore_breaker, wait, reason } = request.body;
        let scraping = app.scraping()?;
        let scope = scope.as_ref().map(scope_of).transpose()?;
        let (source, scopes) = choose(app.sources(), &request.path.source, scope.as_ref())?;
        let (name, entity_type) = (source.name.clone(), source.entity_type.clone());
        let options = ScrapeOptions {
            read_everything,
            // A person who asks wants the current state.
            revalidate: true,
            // A scrape that waits for another run holds one of the few permits.
            overrides: Overrides { max_wait: Some(MOST_SILENCE), ..Overrides::default() },
            ignore_breaker,
            is_on_demand: ignore_breaker,
            stop: scraping.stop.clone(),
            ..ScrapeOptions::default()
        };
        let wanted = scrape::Scrape { source: source.clone(), scopes, options };
        let by = request.caller.actor().because(reason.as_deref());
        let app = app.clone();
        let task = {
            let app = app.clone();
            app.clone().tasks().spawn(async move { run(&app, wanted, &by).await })
        };
        if let Ok(ended) = timeout(wait.get(), task).await {
            return ended
                .map_err(|error| Failure::new("internal_error", "the scrape ended abruptly").because(&error))?
                .map(ScrapedOrScraping::Report);
        }
        let scraping = in_progress(&app.client().await?, &entity_type, vec![name]).await?;
        Ok(ScrapedOrScraping::Scraping(scraping))
    }

    fn status(output: &Self::Output) -> StatusCode {
        match output {
            ScrapedOrScraping::Report(_) => StatusCode::OK,
            ScrapedOrScraping::Scraping(_) => StatusCode::ACCEPTED,
        }
    }
}

/// Scrapes the scopes one after another.
async fn run(app: &App, wanted: scrape::Scrape, by: &Actor) -> Result<ScrapeReport, Failure> {
    let scraping = app.scraping()?;
    for scope in &wanted.scopes {
        let (entity_type, is_forced) = (&wanted.source.entity_type, wanted.options.ignore_breaker);
        operate::request_scrape(app.database(), entity_type, scope, is_forced, by).await?;
    }
    let _permit = scraping.permits.acquire().await;
    if app.stopping().is_cancelled() {
        return Err(forebay_engine::Error::Interrupted.into());
    }
    let scraped = Box::pin(scrape_many(scraping.scraper, vec![wanted], 1, &|_, _, _| {})).await;
    Ok(report(app.database(), scraped).await?.0)
}
