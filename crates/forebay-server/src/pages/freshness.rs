//! `GET /freshness`: how old the data of each entity type and scope is, against what it may be.

use std::time::Duration;

use axum::response::Response;
use forebay_engine::human;
use forebay_views::{Freshness, failure::Failure, read::freshness};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    asked::Asked,
    frame::{Content, Section},
    parts,
};
use crate::endpoint::None;

/// Entries on a page.
const LIMIT: u32 = 100;

/// Which entries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    entity: Option<String>,
    /// Present: only what is due, failing or never synced.
    stale: Option<String>,
    after: Option<String>,
}

/// `GET /freshness`
pub(super) async fn show(asked: Asked<None, Filter>) -> Response {
    let content = read(&asked).await;
    asked.answer(Section::Freshness, content)
}

async fn read(asked: &Asked<None, Filter>) -> Result<Content, Failure> {
    let (app, Filter { entity, stale, after }) = (&asked.app, &asked.query);
    let filter =
        freshness::Filter { entity_type: entity.clone(), only_stale: stale.is_some(), after: after.clone() };
    let page = freshness::page(app.database(), app.sources(), app.policies(), filter, LIMIT).await?;
    let body = html! {
        form .filters method="get" action="/freshness" role="search" {
            label { "Entity type" input type="text" name="entity" value=[entity.as_deref()]; }
            (parts::choice("stale", "Show", ["stale"], stale.as_deref()))
            button type="submit" { "Filter" }
        }
        @if page.items.is_empty() {
            p { "Nothing was synced yet." }
        } @else {
            div .scroll tabindex="0" role="region" aria-label="Freshness" {
                table {
                    caption { "Entity types and scopes, with their age and when they expire" }
                    thead {
                        tr {
                            th scope="col" { "Entity type and scope" } th scope="col" { "Freshness" } th scope="col" .n { "Age" }
                            th scope="col" { "Fresh until" } th scope="col" { "Last attempt" } th scope="col" .n { "Failures" }
                            th scope="col" .n { "Records" } th scope="col" { "Source" } th scope="col" { "Error" }
                        }
                    }
                    tbody { @for entry in &page.items { (row(entry)) } }
                }
            }
        }
        (parts::pager(asked.address(), after.is_none(), page.next.as_deref()))
    };
    Ok(Content::new("Freshness", body).live(&["freshness"]))
}

fn row(entry: &Freshness) -> Markup {
    html! {
        tr {
            th scope="row" { (parts::subject(&entry.entity_type, &entry.scope)) }
            td {
                (parts::state(&entry.freshness))
                @if let Some(severity) = entry.age_status.as_deref().filter(|severity| *severity != "ok") {
                    br; span .soft { "age: " (severity) }
                }
            }
            td .n {
                @match entry.age_seconds {
                    Some(seconds) => (human::duration(Duration::from_secs(seconds))),
                    None => (parts::none()),
                }
            }
            td .t { (parts::time_or_none(entry.fresh_until)) }
            td {
                @if let Some(status) = &entry.status { (parts::state(status)) }
                @if entry.is_under_way { " under way" }
                @if entry.is_partial { " in part" }
                @if let Some(run_id) = entry.run_id { br; "run " (parts::run_link(run_id)) }
            }
            td .n { (entry.num_failures) }
            td .n { @match entry.num_records { Some(number) => (parts::count(number)), None => (parts::none()) } }
            td { @match &entry.source { Some(source) => (parts::source_link(source)), None => (parts::none()) } }
            td .w {
                @if let Some(error) = &entry.error { code { (parts::plain(&error.code)) } " " (parts::plain(&error.message)) }
            }
        }
    }
}
