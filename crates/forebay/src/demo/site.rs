//! A small site on loopback, for the demo to scrape.
//!
//! `/day/{n}/courses` and `/day/{n}/events` answer as JSON `{ "items": [...], "next": "/day/1/courses?page=2" }`,
//! twenty items a page, `next` null on the last one. The day is part of the address, so a client decides which day
//! it is, and the site itself keeps no state. What differs between days is in [`super::catalogue::changes`].
//!
//! `/broken/day/{n}/courses` is the same list on a bad day: the answer is a success, but it holds the first few courses
//! only, and the link to the rest is missing. That is how a scraper loses data without noticing.

use std::net::{Ipv4Addr, SocketAddr};

use axum::{
    Json, Router,
    extract::{Path, Query},
    http::StatusCode,
    routing::get,
};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::catalogue::{Course, Event, course, course_count, event, event_count};
use crate::failure::Failure;

/// Items on a page.
const PAGE: u64 = 20;
/// Items that a broken list shows.
const BROKEN: u64 = 12;

/// The running site. It also stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Shutdown {
    signal: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Shutdown {
    /// Stops the site after the answers under way.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        // The receiver is gone only if the server has ended by itself, which the next line tells.
        let _ = self.signal.send(());
        match self.server.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Failure::from_error("demo_site_failed", &error)),
            Err(error) => Err(Failure::from_error("demo_site_failed", &error)),
        }
    }
}

/// Serves the site on a free port of 127.0.0.1.
pub(crate) async fn serve() -> Result<(SocketAddr, Shutdown), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new("demo_site_failed", "the demo site cannot listen on 127.0.0.1").because(&error)
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let (signal, stopped) = oneshot::channel();
    let site = Router::new()
        .route("/day/{day}/courses", get(courses))
        .route("/day/{day}/events", get(events))
        .route("/broken/day/{day}/courses", get(broken_courses));
    let server = axum::serve(listener, site).with_graceful_shutdown(async {
        // A dropped sender stops the site just as well.
        let _ = stopped.await;
    });
    Ok((address, Shutdown { signal, server: tokio::spawn(async { server.await }) }))
}

/// `?page=`, from 1.
#[derive(Deserialize)]
struct PageQuery {
    #[serde(default = "first_page")]
    page: u64,
}

fn first_page() -> u64 {
    1
}

/// One page of a list.
#[derive(Serialize)]
struct Listing<T> {
    items: Vec<T>,
    /// Where the next page is.
    next: Option<String>,
}

async fn courses(
    Path(day): Path<u16>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Listing<Course>>, StatusCode> {
    let path = format!("/day/{day}/courses");
    page(day, query.page, &path, course_count(day), |position| course(day, position))
}

async fn events(
    Path(day): Path<u16>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Listing<Event>>, StatusCode> {
    page(day, query.page, &format!("/day/{day}/events"), event_count(), event)
}

async fn broken_courses(Path(day): Path<u16>) -> Result<Json<Listing<Course>>, StatusCode> {
    let total = course_count(day).min(BROKEN);
    page(day, 1, "", total, |position| course(day, position))
}

/// Cuts a page out of `total` items. There is no day 0, and no page that holds nothing.
fn page<T>(
    day: u16,
    number: u64,
    path: &str,
    total: u64,
    item: impl Fn(u64) -> T,
) -> Result<Json<Listing<T>>, StatusCode> {
    if day == 0 || number == 0 || number > total.div_ceil(PAGE) {
        return Err(StatusCode::NOT_FOUND);
    }
    let start = (number - 1) * PAGE;
    let end = total.min(start + PAGE);
    let next = (end < total).then(|| format!("{path}?page={}", number + 1));
    Ok(Json(Listing { items: (start..end).map(item).collect(), next }))
}

#[cfg(test)]
mod tests;
