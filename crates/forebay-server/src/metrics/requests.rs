//! Counts requests by route. A route is the pattern of a path, so the number of series doesn't depend on what clients
//! ask for.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::Response,
};

use super::{
    catalogue::{REQUEST_DURATION, REQUESTS},
    samples::Samples,
};

/// The upper bounds of the histogram, in seconds.
const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// The route of paths that don't exist.
const NO_ROUTE: &str = "other";
/// The methods that routes have.
const METHODS: [Method; 5] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE];

/// The requests so far.
#[derive(Debug, Default)]
pub(crate) struct Requests(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// By route, method and class of status.
    by_status: BTreeMap<(String, String, u16), u64>,
    by_route: BTreeMap<String, Durations>,
}

#[derive(Debug, Default)]
struct Durations {
    /// Number within each bound, and beyond the last.
    within: [u64; BOUNDS.len() + 1],
    sum: f64,
}

impl Requests {
    fn count(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let known = METHODS.iter().find(|known| *known == method);
        let method = known.map_or("other", Method::as_str).to_owned();
        let seconds = took.as_secs_f64();
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        // A count is never half written, so a panic elsewhere leaves nothing to repair.
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.by_status.entry((route.to_owned(), method, status.as_u16() / 100)).or_default() += 1;
        let durations = counts.by_route.entry(route.to_owned()).or_default();
        durations.within[bucket] += 1;
        durations.sum += seconds;
    }

    pub(super) fn add_to(&self, samples: &mut Samples) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ((route, method, class), number) in &counts.by_status {
            samples.add(&REQUESTS, &[method, route, &format!("{class}xx")], *number as f64);
        }
        for (route, Durations { within, sum }) in &counts.by_route {
            let labels = || vec![("route", route.clone())];
            let mut so_far = 0;
            for (number, bound) in within.iter().zip(BOUNDS.map(|bound| bound.to_string()).iter()) {
                so_far += number;
                let mut labels = labels();
                labels.push(("le", bound.clone()));
                samples.add_part(&REQUEST_DURATION, "_bucket", labels, so_far as f64);
            }
            let total = within.iter().sum::<u64>() as f64;
            let mut all = labels();
            all.push(("le", "+Inf".to_owned()));
            samples.add_part(&REQUEST_DURATION, "_bucket", all, total);
            samples.add_part(&REQUEST_DURATION, "_sum", labels(), *sum);
            samples.add_part(&REQUEST_DURATION, "_count", labels(), total);
        }
    }
}

/// Counts a request when its response begins.
pub(crate) async fn measure(State(requests): State<Arc<Requests>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let started = Instant::now();
    let response = next.run(request).await;
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    requests.count(&method, route, response.status(), started.elapsed());
    response
}
