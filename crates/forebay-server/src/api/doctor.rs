//! `GET /v1/doctor`

use axum::http::Method;
use forebay_domain::access::Permission;
use forebay_engine::doctor;
use forebay_views::{Doctor, failure::Failure};

use crate::{
    app::App,
    endpoint::{Endpoint, None, Request},
};

/// The self-check.
pub(super) struct Show;

impl Endpoint for Show {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/doctor";
    const NAME: &'static str = "get_doctor";
    const SUMMARY: &'static str =
        "Check the database, its maintenance and the queues, and name what waits for a person";
    const NEEDS: Permission = Permission::Read;
    type Path = None;
    type Query = None;
    type Body = None;
    type Output = Doctor;

    async fn call(app: &App, _: Request<Self>) -> Result<Self::Output, Failure> {
        Ok(Doctor::from(doctor::check(app.database(), app.configured(), None).await?))
    }
}
