//! `GET /metrics`: what a monitoring system asks for, in the text format of Prometheus.
//!
//! [`catalogue`] is the only list of metrics; the documentation and the checks of alerts and dashboards come from it.
//! Facts of the database are read at most every few seconds, however many ask. A database that is away is a metric of
//! its own, not an error: the server itself still answers.
//!
//! To add a metric: a constant in the catalogue, its line in `ALL`, and the samples where the fact is known.

pub(crate) mod cache;
mod catalogue;
pub(crate) mod requests;
mod samples;
mod stored;
pub(crate) mod worker;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use forebay_domain::access::Permission;
use forebay_engine::clock;

pub use self::catalogue::{Metric, MetricKind};
use self::{cache::Stored, catalogue as metrics, samples::Samples};
use crate::{
    app::App,
    gate::{self, Subject},
    problem::Problem,
};

/// The media type of the text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Every metric, in the order in which they are printed.
pub fn metrics() -> &'static [&'static Metric] {
    &catalogue::ALL
}

pub(crate) fn router() -> Router<App> {
    Router::new().route("/metrics", get(show))
}

async fn show(State(app): State<App>, request: Request) -> Response {
    match admit(&app, request).await {
        Ok(()) => answer(&app).await,
        // Tokens can't be checked now, but the outage itself is worth reporting.
        Err(problem) if problem.code() == "database_unreachable" => {
            let mut samples = Samples::default();
            samples.add(&metrics::DATABASE_UP, &[], 0.0);
            respond(&samples)
        }
        Err(problem) => problem.into_response(),
    }
}

/// Metrics name sources and pipelines, so they take the permission to read all sources.
async fn admit(app: &App, request: Request) -> Result<(), Problem> {
    let (parts, _) = request.into_parts();
    let caller = gate::admit(app, &parts, Permission::Read).await?;
    Ok(gate::check_subject(app, &caller, Permission::Read, Subject::Everything).await?)
}

async fn answer(app: &App) -> Response {
    let mut samples = Samples::default();
    samples.add(&metrics::BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1.0);
    samples.add(&metrics::START_TIME, &[], app.started_at().as_microsecond() as f64 / 1e6);
    app.requests().add_to(&mut samples);
    app.worker_counts().add_to(&mut samples);
    pool(app, &mut samples);
    let Stored { is_up, samples: stored, num_errors } =
        app.stored_metrics().get(stored::read(app, clock::now())).await;
    samples.add(&metrics::DATABASE_UP, &[], f64::from(u8::from(is_up)));
    samples.add(&metrics::READ_ERRORS, &[], num_errors as f64);
    samples.extend(&stored);
    respond(&samples)
}

fn respond(samples: &Samples) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(TEXT)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, samples.text()).into_response()
}

fn pool(app: &App, samples: &mut Samples) {
    let pool = app.database().pool_use();
    let used = pool.size.saturating_sub(pool.available);
    samples.add(&metrics::POOL_CONNECTIONS, &["idle"], pool.available as f64);
    samples.add(&metrics::POOL_CONNECTIONS, &["used"], used as f64);
    samples.add(&metrics::POOL_MAX, &[], pool.max_size as f64);
    samples.add(&metrics::POOL_WAITING, &[], pool.waiting as f64);
}
