//! A small site on loopback, for the demo to scrape.
//!
//! `/day/{n}/courses` and `/day/{n}/events` respond with JSON `{ "items": [...], "next": "/day/1/courses?page=2" }`,
//! twenty items on a page; `next` is null on the last page. The day is part of the URL, so the client chooses the day,
//! and the site has no state. [`crate::catalogue::changes`] lists the changes of a day.
//!
//! `/broken/day/{n}/courses` is the same list on a bad day: the response is a success, but contains only the first few
//! courses, and no link to the others. Scrapers lose data that way without an error.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use axum::{
    Json, Router,
    extract::{Path, Query},
    http::StatusCode,
    routing::get,
};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    catalogue::{Course, Event, course, course_count, event, event_count},
    error::{Error, Result},
};

/// Items on a page.
const PAGE: u64 = 20;
/// Items on a broken list.
const BROKEN: u64 = 12;

/// The running site. Dropping this stops it.
#[derive(Debug)]
pub(crate) struct Site {
    signal: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

impl Site {
    /// Stops the site after the current responses.
    pub(crate) async fn stop(self) -> Result<()> {
        // This fails only if the server has already ended, which the next line reports.
        let _ = self.signal.send(());
        match self.server.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Error::Site(error)),
            Err(error) => Err(Error::Site(io::Error::other(error))),
        }
    }
}

/// Serves the site on a free port of 127.0.0.1.
pub(crate) async fn serve() -> Result<(SocketAddr, Site)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(Error::Site)?;
    let address = listener.local_addr().map_err(Error::Site)?;
    let (signal, stopped) = oneshot::channel();
    let site = Router::new()
        .route("/day/{day}/courses", get(courses))
        .route("/day/{day}/events", get(events))
        .route("/broken/day/{day}/courses", get(broken_courses));
    let server = axum::serve(listener, site).with_graceful_shutdown(async {
        // Dropping the sender stops the site too.
        let _ = stopped.await;
    });
    Ok((address, Site { signal, server: tokio::spawn(async { server.await }) }))
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
    /// The path of the next page.
    next: Option<String>,
}

async fn courses(
    Path(day): Path<u16>,
    Query(query): Query<PageQuery>,
) -> std::result::Result<Json<Listing<Course>>, StatusCode> {
    let path = format!("/day/{day}/courses");
    page(day, query.page, &path, course_count(day), |position| course(day, position))
}

async fn events(
    Path(day): Path<u16>,
    Query(query): Query<PageQuery>,
) -> std::result::Result<Json<Listing<Event>>, StatusCode> {
    page(day, query.page, &format!("/day/{day}/events"), event_count(), event)
}

async fn broken_courses(Path(day): Path<u16>) -> std::result::Result<Json<Listing<Course>>, StatusCode> {
    let total = course_count(day).min(BROKEN);
    page(day, 1, "", total, |position| course(day, position))
}

/// Cuts a page out of `total` items. There is no day 0, and no empty page.
fn page<T>(
    day: u16,
    number: u64,
    path: &str,
    total: u64,
    item: impl Fn(u64) -> T,
) -> std::result::Result<Json<Listing<T>>, StatusCode> {
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
