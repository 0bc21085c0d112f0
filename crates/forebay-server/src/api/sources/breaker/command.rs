//! A command to the breaker of a source as an endpoint. Commands differ in their path only.

use std::marker::PhantomData;

use axum::http::Method;
use forebay_domain::{access::Permission, breaker::BreakerCommand};
use forebay_views::{Breaker, decide::breakers, failure::Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    arguments::SourcePath,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// A command.
pub(crate) trait BreakerControl: Send + Sync + 'static {
    /// The path.
    const PATH: &'static str;
    /// Its name in generated clients.
    const NAME: &'static str;
    /// What it does, in a line.
    const SUMMARY: &'static str;
    /// The command.
    const COMMAND: BreakerCommand;
}

/// The endpoint of a command.
pub(crate) struct Control<C>(PhantomData<C>);

/// Why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    /// Why, for the audit trail.
    reason: Option<String>,
}

impl<C: BreakerControl> Endpoint for Control<C> {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = C::PATH;
    const NAME: &'static str = C::NAME;
    const SUMMARY: &'static str = C::SUMMARY;
    const NEEDS: Permission = Permission::Operate;
    type Path = SourcePath;
    type Query = None;
    type Body = Body;
    type Output = Breaker;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::Source(&request.path.source)
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let by = request.caller.actor().because(request.body.reason.as_deref());
        breakers::command(app.database(), app.sources(), &request.path.source, C::COMMAND, &by).await
    }
}
