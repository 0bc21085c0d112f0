//! An operation on hand-offs as an endpoint. Operations differ in their path and in what their body adds to the filter.

use std::marker::PhantomData;

use axum::http::{Method, StatusCode};
use forebay_domain::access::Permission;
use forebay_store::handoffs::Operation;
use forebay_views::failure::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};

use super::operate::{Filter, OperatedOrJob, operate};
use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
    gate::Subject,
};

/// An operation.
pub(crate) trait Bulk: Send + Sync + 'static {
    /// The path.
    const PATH: &'static str;
    /// Its name in generated clients.
    const NAME: &'static str;
    /// What it does, in a line.
    const SUMMARY: &'static str;
    /// The body.
    type Body: DeserializeOwned + JsonSchema + Send;

    /// Which hand-offs it is about.
    fn filter(body: &Self::Body) -> &Filter;
    /// What to do.
    fn wanted(body: Self::Body) -> Wanted;
}

/// The endpoint of an operation.
pub(crate) struct Operate<T>(PhantomData<T>);

/// What a request asks for.
pub(crate) struct Wanted {
    pub(super) operation: Operation,
    pub(super) filter: Filter,
    pub(super) dry_run: bool,
    pub(super) reason: Option<String>,
}

/// What to do with which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plain {
    /// Which hand-offs; at least one condition.
    pub(super) filter: Filter,
    /// Only count what would change, and change nothing.
    #[serde(default)]
    pub(super) dry_run: bool,
    /// Why, for the audit trail.
    pub(super) reason: Option<String>,
}

impl<T: Bulk> Endpoint for Operate<T> {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = T::PATH;
    const NAME: &'static str = T::NAME;
    const SUMMARY: &'static str = T::SUMMARY;
    const NEEDS: Permission = Permission::Operate;
    const STATUSES: &'static [StatusCode] = &[StatusCode::OK, StatusCode::ACCEPTED];
    type Path = None;
    type Query = None;
    type Body = T::Body;
    type Output = OperatedOrJob;

    fn subject(request: &Request<Self>) -> Subject<'_> {
        Subject::filtered(T::filter(&request.body).source.as_deref())
    }

    async fn call(app: &App, request: Request<Self>) -> Result<Self::Output, Failure> {
        let Wanted { operation, filter, dry_run, reason } = T::wanted(request.body);
        let by = request.caller.actor().because(reason.as_deref());
        operate(app, operation, filter, dry_run, by).await
    }

    fn status(output: &Self::Output) -> StatusCode {
        output.status()
    }
}
