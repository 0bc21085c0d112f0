//! `GET /`: what needs a person, the worst first, each with its one next step.

use axum::response::Response;
use forebay_engine::doctor;
use forebay_store::{
    handoffs::{self as store, FailureCause},
    runs::{self, RunFilter, RunRow},
};
use forebay_views::{Check, Time, failure::Failure};
use maud::{Markup, html};

use super::{
    address::Address,
    asked::Asked,
    frame::{Content, Section},
    handoffs, parts,
};
use crate::app::App;

/// The latest runs below what needs a person.
const NUM_RUNS: i64 = 8;

/// `GET /`
pub(super) async fn show(asked: Asked) -> Response {
    let content = read(&asked.app, asked.may_operate()).await;
    asked.answer(Section::Now, content)
}

async fn read(app: &App, may_retry: bool) -> Result<Content, Failure> {
    let checks = doctor::needs_person(app.database(), app.sources(), app.policies()).await?;
    let client = app.client().await?;
    let causes = store::causes(&**client, parts::MOST_COUNTED).await?;
    let latest = runs::list(&**client, &RunFilter { limit: NUM_RUNS, ..RunFilter::default() }).await?;
    let number = checks.len() + causes.len();
    let body = html! {
        @if number == 0 {
            (all_well(&latest))
        } @else {
            p { (number) @if number == 1 { " thing needs" } @else { " things need" } " a person, the worst first." }
            ul .cards {
                @for check in checks { (problem(&Check::from(check))) }
                @for cause in &causes { (failures(cause, may_retry)) }
            }
        }
        h2 { "Latest runs" }
        (super::runs::table(&latest.iter().map(Into::into).collect::<Vec<_>>(), "The latest runs, newest first"))
        p { a href="/runs" { "All runs" } }
    };
    Ok(Content::new("Now", body).live(&["runs", "handoffs", "sources", "freshness", "workers"]))
}

/// Nothing to do, and since when at least: the end of the last run that was not well.
fn all_well(latest: &[RunRow]) -> Markup {
    let is_well = |run: &&RunRow| matches!(run.status.as_str(), "complete" | "running");
    let since = latest.iter().take_while(is_well).last();
    html! {
        div .card.good {
            h2 { (parts::state("ok")) " All is well" }
            @match since {
                Some(run) => p { "Nothing needs a person. Every run since " (parts::time(run.started_at.into())) " went well." },
                None if latest.is_empty() => p { "Nothing is stored yet. Add records with " code { "forebay persist" } "." },
                None => p { "Nothing needs a person." },
            }
        }
    }
}

fn problem(check: &Check) -> Markup {
    let class = if check.status == "failed" { "card bad" } else { "card warn" };
    let word = match check.code.as_str() {
        "held_runs" | "pauses" => "held",
        // The sentence begins with its state.
        "breakers" => check.message.split(' ').next().unwrap_or_default(),
        _ => &check.status,
    };
    let title = title(&check.code);
    html! {
        li class=(class) {
            h2 {
                (parts::state(word)) " " (title)
                @if let Some(subject) = &check.subject { ": " (parts::plain(subject)) }
            }
            p { (parts::sentence(&check.message)) }
            div .next {
                @match link(check) {
                    Some((address, text)) => a .button.main href=(address) { (text) },
                    None => @if let Some(next) = &check.next { span { "Next: " code { (parts::plain(next)) } } },
                }
                @if let Some(hint) = &check.hint { span .soft { (parts::sentence(hint)) } }
            }
        }
    }
}

/// What a check is about, in a few words.
fn title(code: &str) -> String {
    match code {
        "held_runs" => "Held run".to_owned(),
        "breakers" => "Breaker is not closed".to_owned(),
        "syncs" => "Data is too old".to_owned(),
        "dead_runs" => "The process of a run died".to_owned(),
        "pauses" => "Paused pipeline".to_owned(),
        "workers" => "Worker".to_owned(),
        "no_worker" => "Nobody works for a pipeline".to_owned(),
        "leases_expired" => "Expired leases".to_owned(),
        "disabled_pipelines" => "Pipeline with a failing or disabled endpoint".to_owned(),
        code => code.replace('_', " "),
    }
}

/// The page with the next step.
fn link(check: &Check) -> Option<(Address, &'static str)> {
    let subject = check.subject.as_deref()?;
    let run = |run: &str| Address::new(format!("/runs/{run}"), []);
    let held = |run: &str| Address::new(format!("/runs/{run}/held"), []);
    match check.code.as_str() {
        "held_runs" => Some((held(subject.strip_prefix("run ")?), "Look at what it withholds")),
        "dead_runs" => Some((run(subject.strip_prefix("run ")?), "Open the run")),
        "breakers" | "sources" => {
            Some((Address::new(format!("/sources/{}", parts::encoded(subject)), []), "Open the source"))
        }
        "syncs" => Some((Address::new("/freshness", [("stale", "stale")]), "See what is stale")),
        "workers" => Some((Address::new("/workers", []), "See the workers")),
        "pauses" | "no_worker" | "leases_expired" | "disabled_pipelines" => {
            Some((Address::new("/handoffs", [("pipeline", subject)]), "Open its hand-offs"))
        }
        _ => None,
    }
}

fn failures(cause: &FailureCause, may_retry: bool) -> Markup {
    let code = cause.failure_code.as_deref().unwrap_or(&cause.reason_code);
    let number = parts::capped(cause.num_handoffs);
    html! {
        li .card.bad {
            h2 { (parts::state("failed")) " Failed hand-offs: " (parts::plain(&cause.pipeline)) }
            p {
                (number) @if cause.num_handoffs == 1 { " hand-off" } @else { " hand-offs" } " failed: "
                code { (parts::plain(code)) } ", the last at " (parts::time(Time::from(cause.last_finished_at)))
            }
            @if let Some(message) = &cause.message { p .soft { (parts::plain(message)) } }
            div .next {
                @if may_retry { a .button.main href=(handoffs::of_cause("/handoffs/retry", cause)) { "Retry them…" } }
                a href=(handoffs::of_cause("/handoffs", cause)) { "List them" }
            }
        }
    }
}
