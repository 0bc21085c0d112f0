//! `POST /handoffs/pause`: pauses a pipeline, or resumes it.

use std::time::Duration;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use forebay_engine::clock;
use forebay_views::{decide::pipelines, failure::Failure};
use maud::{Markup, html};
use serde::Deserialize;
use url::form_urlencoded;

use super::{
    address::Address,
    asked::{Operator, Submitted, refuse},
    handoff_filter::Filter,
    parts,
};
use crate::{app::App, caller::Caller};

/// The most minutes that a form accepts: a year.
const MOST_MINUTES: u32 = 366 * 24 * 60;

/// What to do.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Pause,
    Resume,
}

/// The form.
#[derive(Debug, Deserialize)]
pub(super) struct Given {
    pipeline: String,
    what: What,
    /// For how many minutes; empty: until it is resumed.
    #[serde(default)]
    minutes: String,
    #[serde(default)]
    reason: String,
    /// The query of the page.
    #[serde(default)]
    filter: String,
}

/// The form for these pipelines, on a page with this filter and address.
pub(super) fn form(pipelines: &[&str], filter: &Filter, address: &Address) -> Markup {
    html! {
        details {
            summary { "Pause or resume a pipeline…" }
            form .choice method="post" action="/handoffs/pause" {
                input type="hidden" name="filter" value=(address.query());
                label { "Pipeline" select name="pipeline" required {
                    @for pipeline in pipelines {
                        option value=(pipeline) selected[filter.pipeline.as_deref() == Some(*pipeline)] { (parts::plain(pipeline)) }
                    }
                } }
                label { "Minutes (empty: until it is resumed)" input type="number" name="minutes" min="1" max=(MOST_MINUTES); }
                (parts::reason())
                p .soft { "Nothing more is claimed while it is paused. What is being ingested ends as usual." }
                button .main type="submit" name="what" value="pause" { "Pause" }
                button type="submit" name="what" value="resume" { "Resume" }
            }
        }
    }
}

/// `POST /handoffs/pause`
pub(super) async fn carry_out(
    State(app): State<App>,
    Operator(caller): Operator,
    Submitted(given): Submitted<Given>,
) -> Response {
    match change(&app, &caller, &given).await {
        Ok(()) => {
            let pairs = form_urlencoded::parse(given.filter.as_bytes()).into_owned().collect::<Vec<_>>();
            let pairs = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            Redirect::to(&Address::new("/handoffs", pairs).to_string()).into_response()
        }
        Err(failure) => refuse(&failure),
    }
}

async fn change(app: &App, caller: &Caller, given: &Given) -> Result<(), Failure> {
    let by = caller.actor().because(Some(&given.reason));
    let (database, pipeline) = (app.database(), &given.pipeline);
    match given.what {
        What::Pause => {
            let until = minutes(&given.minutes)?.map(|pause| clock::now() + pause);
            pipelines::pause(database, pipeline, None, until, &by).await?;
        }
        What::Resume => {
            pipelines::resume(database, pipeline, None, &by).await?;
        }
    }
    Ok(())
}

fn minutes(text: &str) -> Result<Option<Duration>, Failure> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let number = text.trim().parse::<u32>().ok().filter(|number| (1..=MOST_MINUTES).contains(number));
    let number = number.ok_or_else(|| {
        Failure::usage("minutes_invalid", format!("expected 1 to {MOST_MINUTES} minutes, got {text:?}"))
    })?;
    Ok(Some(Duration::from_mins(number.into())))
}
