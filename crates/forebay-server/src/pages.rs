//! The dashboard: pages that the server renders, for people.
//!
//! A page reads what the command line reads (`forebay_views::read`), and a form does what a command does. Pages work
//! without JavaScript; with it, they refetch a part when data changes (`events`). Filters, cursors and choices are in
//! the address of a page, so a link or a reload shows the same, and a form leads back to it (Post/Redirect/Get).
//!
//! To add a page: a file here, a line in [`reads`], and an entry in `frame::Section` if it is in the navigation. A form
//! belongs in [`changes`], and takes an `asked::Operator`. The server refuses forms of other sites (`layers::origin`).

mod actions;
mod address;
mod asked;
mod assets;
mod content;
mod decide;
mod deliveries;
mod events;
mod frame;
mod freshness;
mod handoff_filter;
mod handoffs;
mod held;
mod login;
mod now;
mod parts;
mod pause;
pub(crate) mod pulse;
mod reference;
mod retry;
mod run;
mod runs;
mod search;
mod sources;
pub(crate) mod try_it;
mod workers;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

use crate::app::App;

/// The maximum size of a form, in bytes. It has a token, a filter or a reason, and anybody may send one to log in.
const MOST_FORM: usize = 64 * 1024;

/// The pages with their assets.
pub(crate) fn router() -> Router<App> {
    reads().merge(changes()).merge(doors()).layer(DefaultBodyLimit::max(MOST_FORM))
}

/// What needs no session.
fn doors() -> Router<App> {
    Router::new()
        .route("/login", get(login::show).post(login::log_in))
        .route("/logout", post(login::log_out))
        .route("/assets/{name}", get(assets::serve))
}

/// What everyone who may read sees.
fn reads() -> Router<App> {
    Router::new()
        .route("/", get(now::show))
        .route("/runs", get(runs::show))
        .route("/runs/{run}", get(run::show))
        .route("/runs/{run}/log", get(run::log::show))
        .route("/runs/{run}/held", get(held::show))
        .route("/runs/{run}/decide/{decision}", get(decide::ask))
        .route("/handoffs", get(handoffs::show))
        .route("/handoffs/deliveries", get(deliveries::show))
        .route("/handoffs/retry", get(retry::ask))
        .route("/handoffs/retry/{job}", get(retry::progress))
        .route("/sources", get(sources::show))
        .route("/sources/{source}", get(sources::one::show))
        .route("/references/{reference}", get(reference::show))
        .route("/actions", get(actions::show))
        .route("/freshness", get(freshness::show))
        .route("/workers", get(workers::show))
        .route("/search", get(search::show))
        .route("/content", get(content::list))
        .route("/content/{project}/{slug}", get(content::show))
        .route("/pages/events", get(events::stream))
}

/// What an operator does.
fn changes() -> Router<App> {
    Router::new()
        .route("/runs/{run}/decide/{decision}", post(decide::carry_out))
        .route("/handoffs/pause", post(pause::carry_out))
        .route("/handoffs/retry", post(retry::begin))
        .route("/handoffs/retry/{job}/stop", post(retry::stop))
        .route("/sources/{source}/breaker", post(sources::breaker::carry_out))
        .route("/sources/{source}/test", post(sources::test::show))
}
