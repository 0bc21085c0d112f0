//! `GET /sources/{source}`: one source, with its schedule, its policy, its breaker and what happened to it.

use std::time::Duration;

use axum::response::Response;
use forebay_engine::human;
use forebay_store::{actions::ActionFilter, runs::RunFilter};
use forebay_views::{Run, SourceDetail, failure::Failure, names, read};
use maud::{Markup, html};

use super::{Path, breaker, test, timeline::timeline};
use crate::pages::{
    asked::Asked,
    frame::{Content, Section},
    parts, run,
};

/// The latest changes by people on the page.
const NUM_ACTIONS: i64 = 20;
/// The latest runs on the page.
const NUM_RUNS: i64 = 20;

/// `GET /sources/{source}`
pub(in crate::pages) async fn show(asked: Asked<Path>) -> Response {
    let content = read(&asked).await;
    asked.answer(Section::Sources, content)
}

async fn read(asked: &Asked<Path>) -> Result<Content, Failure> {
    let (app, name) = (&asked.app, &asked.path.source);
    let client = app.client().await?;
    let detail = read::sources::detail(&client, name, app.policies()).await?;
    let source = names::source(&client, name).await?;
    let breaker = read::breakers::of(&client, app.sources(), source).await?;
    let of_source =
        ActionFilter { source: Some(name.clone()), limit: NUM_ACTIONS, ..ActionFilter::default() };
    let actions = read::actions::page(&client, of_source, None).await?;
    let of_source = RunFilter { source: Some(name.clone()), limit: NUM_RUNS, ..RunFilter::default() };
    let latest = read::runs::page(&client, of_source).await?;
    let asking = match latest.items.iter().find(|run| run.num_requests > 0) {
        Some(run) => Some(read::runs::run(&client, run.run_id).await?),
        None => None,
    };
    drop(client);
    let body = html! {
        (facts(&detail, asking.as_ref()))
        (breaker::card(&breaker, asked.may_operate()))
        (schedules(&detail))
        @if let Some(source) = app.sources().get(name).filter(|_| asked.may_operate()) {
            (test::form(source, app.allows_scrapes()))
        }
        h2 { "Timeline" }
        (timeline(&latest, &breaker, &actions))
        p {
            a href={ "/runs?source=" (parts::encoded(name)) } { "All its runs, with a chart" }
            " · " a href={ "/actions?source=" (parts::encoded(name)) } { "Everything that people changed" }
        }
        (scopes(&detail))
        h2 { "Policy and settings" }
        details { summary { "Policy" } pre tabindex="0" { (detail.policy.text()) } }
        details { summary { "Settings" } pre tabindex="0" { (detail.settings.text()) } }
    };
    Ok(Content::new(parts::plain(&detail.summary.source), body).live(&["sources", "runs"]))
}

fn facts(detail: &SourceDetail, asking: Option<&Run>) -> Markup {
    let source = &detail.summary;
    let fresh_for = Duration::from_secs(detail.freshness_policy.ttl_seconds.unsigned_abs());
    html! {
        dl {
            dt { "Entity type" } dd { (parts::plain(&source.entity_type)) }
            dt { "Kind" } dd { (parts::text_or_none(source.kind.as_deref())) }
            dt { "State" } dd { (parts::state(&source.state)) }
            dt { "Key" } dd { (parts::plain(&source.key_fields.join(", "))) }
            dt { "Records" } dd { (parts::count(source.num_active)) " active, " (parts::count(source.num_removed)) " removed" }
            dt { "Fresh for" } dd { (human::duration(fresh_for)) }
            @if !source.fallback.is_empty() { dt { "Fallbacks" } dd { (parts::plain(&source.fallback.join(", "))) } }
            @if let Some(asking) = asking {
                dt { "Requests" }
                dd {
                    "of run " (parts::run_link(asking.summary.run_id)) ", the last one that sent any"
                    @for host in &asking.hosts { br; (run::of_host(host)) }
                }
            }
            dt { "Published" } dd { @if detail.is_published { "yes" } @else { "no" } }
        }
    }
}

fn schedules(detail: &SourceDetail) -> Markup {
    html! {
        @if !detail.schedules.is_empty() {
            h2 { "Schedules" }
            div .scroll tabindex="0" role="region" aria-label="Schedules" {
                table {
                    caption { "When a worker scrapes it" }
                    thead { tr { th scope="col" { "Scope" } th scope="col" { "Schedule" } th scope="col" { "Next due" } th scope="col" { "Last due" } th scope="col" .n { "Its run" } } }
                    tbody {
                        @for schedule in &detail.schedules {
                            tr {
                                td .w { (whole_if_empty(&schedule.scope)) }
                                td { code { (parts::plain(&schedule.schedule)) } " " (parts::plain(&schedule.time_zone)) @if !schedule.is_enabled { " (off)" } }
                                td .t { (parts::time_or_none(schedule.next_due_at)) }
                                td .t { (parts::time_or_none(schedule.last_due_at)) }
                                td .n { @match schedule.last_run_id { Some(run_id) => (parts::run_link(run_id)), None => (parts::none()) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn scopes(detail: &SourceDetail) -> Markup {
    html! {
        @if !detail.scopes.is_empty() {
            h2 { "Scopes" }
            div .scroll tabindex="0" role="region" aria-label="Scopes" {
                table {
                    caption { "Records by scope" }
                    thead { tr { th scope="col" { "Scope" } th scope="col" .n { "Active" } th scope="col" .n { "Removed" } } }
                    tbody {
                        @for scope in &detail.scopes {
                            tr {
                                td .w { (whole_if_empty(&scope.scope)) }
                                td .n { (parts::count(scope.num_active)) }
                                td .n { (parts::count(scope.num_removed)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn whole_if_empty(scope: &str) -> String {
    if scope.is_empty() { "the whole source".to_owned() } else { parts::plain(scope) }
}
