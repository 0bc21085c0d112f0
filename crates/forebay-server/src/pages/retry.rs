//! `/handoffs/retry`: retries all failed hand-offs that a filter selects, after a dry run, as a job with progress.
//!
//! A retry adds an attempt and rewrites none.

use axum::{
    extract::{Path as UrlPath, Query, State as AppState},
    http::Uri,
    response::{IntoResponse, Redirect, Response},
};
use forebay_domain::{access::Permission, handoff::State};
use forebay_store::handoffs::{self, Mode, Operation, REPAIR_PRIORITY, Selection};
use forebay_views::{JobState, failure::Failure, names, read, rights};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    address::Address,
    asked::{Asked, Operator, Submitted, refuse},
    frame::{Content, Section},
    handoff_filter::Filter,
    handoffs::table,
    parts,
};
use crate::{app::App, bulk, caller::Caller, endpoint::None};

/// Hand-offs that a page shows as a sample.
const SAMPLE: i64 = 10;
const RETRY: Operation = Operation::Retry { priority: REPAIR_PRIORITY };

/// `GET /handoffs/retry`
pub(super) async fn ask(asked: Asked<None, Filter>) -> Response {
    let content = question(&asked).await;
    asked.answer(Section::Handoffs, content)
}

async fn question(asked: &Asked<None, Filter>) -> Result<Content, Failure> {
    rights::check_role(&asked.caller.principal, Permission::Operate)?;
    let filter = narrowed(asked.query.clone());
    let mut client = asked.app.client().await?;
    let sample = read::handoffs::page(&client, filter.for_store(SAMPLE), Option::None).await?;
    let selection = Selection { limit: Some(parts::MOST_COUNTED.unsigned_abs()), ..filter.selection() };
    let by = asked.caller.actor();
    let dry_run = handoffs::operate(&mut client, RETRY, &selection, Mode::DryRun, &by).await?;
    drop(client);
    let number = parts::capped(dry_run.num_done);
    let body = html! {
        (described(&filter))
        div .card.warn {
            h2 { "Dry run" }
            p { strong { (number) @if dry_run.num_done == 1 { " hand-off" } @else { " hand-offs" } } " will be tried again." }
            @for (refusal, number) in &dry_run.refused {
                p { (parts::count(*number)) " will not: " (refusal.message()) }
            }
            p .soft { "Each gets a new attempt, with its failures counted from zero. Earlier attempts stay as they are." }
        }
        @if dry_run.num_done > 0 {
            form .choice method="post" action="/handoffs/retry" {
                input type="hidden" name="filter" value=(filter.address("").query());
                (parts::reason())
                button .main type="submit" { "Retry " (number) }
                a .button href=(filter.address("/handoffs")) { "Back" }
            }
        } @else {
            p { a href=(filter.address("/handoffs")) { "Back to the hand-offs" } }
        }
        h2 { "A sample" }
        (table(&sample, "The newest of them"))
    };
    Ok(Content::new("Retry failed hand-offs?", body))
}

/// A confirmation.
#[derive(Debug, Deserialize)]
pub(super) struct Confirmed {
    /// The filter of the dry run, as a query.
    filter: String,
    /// Why.
    #[serde(default)]
    reason: String,
}

/// `POST /handoffs/retry`
pub(super) async fn begin(
    AppState(app): AppState<App>,
    Operator(caller): Operator,
    Submitted(confirmed): Submitted<Confirmed>,
) -> Response {
    match start(&app, &caller, &confirmed).await {
        Ok(address) => Redirect::to(&address.to_string()).into_response(),
        Err(failure) => refuse(&failure),
    }
}

async fn start(app: &App, caller: &Caller, confirmed: &Confirmed) -> Result<Address, Failure> {
    let invalid = |error: String| Failure::usage("query_invalid", error);
    let query =
        format!("/?{}", confirmed.filter).parse::<Uri>().map_err(|error| invalid(error.to_string()))?;
    let filter = Query::<Filter>::try_from_uri(&query).map_err(|error| invalid(error.body_text()))?;
    let filter = narrowed(filter.0);
    names::pipelines(&app.client().await?, &filter.pipeline).await?;
    let by = caller.actor().because(Some(&confirmed.reason));
    let (job, _goes_on) = bulk::begin(app, RETRY, filter.selection(), by);
    Ok(Address::new(format!("/handoffs/retry/{job}"), []))
}

/// Which job.
#[derive(Debug, Deserialize)]
pub(super) struct Path {
    job: u64,
}

/// `GET /handoffs/retry/{job}`
pub(super) async fn progress(asked: Asked<Path>) -> Response {
    let content = shown(&asked);
    asked.answer(Section::Handoffs, content)
}

fn shown(asked: &Asked<Path>) -> Result<Content, Failure> {
    let number = asked.path.job;
    let job = asked.app.jobs().get(number)?;
    let (view, filter) = (job.view(), Filter::of(&job.selection));
    let is_running = matches!(job.state, JobState::Running | JobState::Stopping);
    let body = html! {
        (described(&filter))
        p role="status" {
            @match job.state {
                JobState::Running => { (parts::state("running")) },
                JobState::Stopping => { (parts::state("stopping")) " after this portion" },
                JobState::Stopped => "Stopped. What is left is still failed.",
                JobState::Done => { (parts::state("succeeded")) " Everything that could be retried is queued." },
                JobState::Failed => {
                    (parts::state("failed"))
                    @if let Some(error) = &view.error { " " (parts::plain(&error.message)) }
                },
            }
        }
        p { strong { (parts::count(view.num_done)) } " queued again since " (parts::time(view.began_at)) "." }
        @for refused in &view.refused { p { (parts::count(refused.num_handoffs)) " refused: " (refused.message) } }
        @if is_running && asked.may_operate() {
            form .choice method="post" action={ "/handoffs/retry/" (number) "/stop" } { button type="submit" { "Stop" } }
        }
        p { a href=(filter.address("/handoffs")) { "Back to the hand-offs" } " · " a href="/" { "What else needs a person" } }
    };
    let content = Content::new("Retry of hand-offs", body);
    Ok(if is_running { content.polled() } else { content })
}

/// `POST /handoffs/retry/{job}/stop`
pub(super) async fn stop(
    AppState(app): AppState<App>,
    _: Operator,
    UrlPath(Path { job: number }): UrlPath<Path>,
) -> Redirect {
    // If the server has forgotten it, its page says so.
    let _known = app.jobs().stop(number);
    Redirect::to(&format!("/handoffs/retry/{number}"))
}

/// Retries are about failed hand-offs unless the filter says otherwise.
fn narrowed(mut filter: Filter) -> Filter {
    filter.state = filter.state.or(Some(State::Failed));
    filter
}

/// The filter in words.
fn described(filter: &Filter) -> Markup {
    let since = filter.since.map(|since| since.to_string());
    let all = [
        ("Pipeline", filter.pipeline.as_deref()),
        ("State", filter.state.map(State::as_str)),
        ("Source", filter.source.as_deref()),
        ("Reason code", filter.reason_code.as_deref()),
        ("Failure code", filter.failure_code.as_deref()),
        ("Since", since.as_deref()),
    ];
    html! {
        dl { @for (name, value) in all { @if let Some(value) = value { dt { (name) } dd { (parts::plain(value)) } } } }
    }
}
