//! `GET /runs`: runs, newest first.

use axum::response::Response;
use forebay_domain::run::RunStatus;
use forebay_store::{runs::RunFilter, sources};
use forebay_views::{RunSummary, Time, cursor, failure::Failure, read};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    asked::Asked,
    frame::{Content, Section},
    parts,
};
use crate::endpoint::None;

/// Runs on a page.
const LIMIT: i64 = 50;

/// Which runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    source: Option<String>,
    status: Option<RunStatus>,
    since: Option<Time>,
    after: Option<String>,
}

/// `GET /runs`
pub(super) async fn show(asked: Asked<None, Filter>) -> Response {
    let content = read(&asked).await;
    asked.answer(Section::Runs, content)
}

async fn read(asked: &Asked<None, Filter>) -> Result<Content, Failure> {
    let Filter { source, status, since, after } = &asked.query;
    let filter = RunFilter {
        source: source.clone(),
        status: *status,
        since: since.map(Time::get),
        after: after.as_deref().map(cursor::read).transpose()?,
        limit: LIMIT,
    };
    let client = asked.app.client().await?;
    let page = read::runs::page(&client, filter).await?;
    let mut names = sources::names(&**client).await?;
    names.sort_unstable();
    let is_first = after.is_none();
    let has_chart = source.is_some() && page.items.len() > 1;
    let caption = match source {
        Some(source) => format!("Runs of {}, newest first", parts::plain(source)),
        None => "Runs, newest first".to_owned(),
    };
    let body = html! {
        form .filters method="get" action="/runs" role="search" {
            (parts::choice("source", "Source", names.iter().map(String::as_str), source.as_deref()))
            (parts::choice("status", "Status", RunStatus::ALL.iter().map(|status| status.as_str()),
                status.map(RunStatus::as_str)))
            @if let Some(since) = since { input type="hidden" name="since" value=(since); }
            button type="submit" { "Filter" }
            @if source.is_some() || status.is_some() || since.is_some() { a href="/runs" { "All runs" } }
        }
        @if has_chart { div .chart data-table="runs" role="img" aria-label="Chart of the table below" {} }
        (table(&page.items, &caption))
        (parts::pager(asked.address(), is_first, page.next.as_deref()))
    };
    let content = Content::new("Runs", body).charts(has_chart);
    // Only the newest runs change.
    Ok(if is_first { content.live(&["runs"]) } else { content })
}

/// Runs as a table.
pub(super) fn table(runs: &[RunSummary], caption: &str) -> Markup {
    html! {
        @if runs.is_empty() {
            p { "No runs." }
        } @else {
            div .scroll tabindex="0" role="region" aria-label=(caption) {
                table #runs {
                    caption { (caption) }
                    thead {
                        tr {
                            th scope="col" .n { "Run" }
                            th scope="col" { "Status" }
                            th scope="col" { "Source and scope" }
                            th scope="col" data-chart="time" { "Started" }
                            th scope="col" .n data-chart="line" { "Seen" }
                            th scope="col" .n data-chart="line" { "Added" }
                            th scope="col" .n { "Updated" }
                            th scope="col" .n data-chart="line" { "Removed" }
                            th scope="col" .n { "Rejected" }
                            th scope="col" .n { "Took" }
                        }
                    }
                    tbody {
                        @for run in runs { (row(run)) }
                    }
                }
            }
        }
    }
}

fn row(run: &RunSummary) -> Markup {
    let counts = &run.counts;
    let number = |number: u64| html! { td .n data-value=(number) { (parts::count(number)) } };
    html! {
        tr {
            td .n { (parts::run_link(run.run_id)) }
            td {
                (parts::state(&run.status))
                @if let Some(reason) = &run.reason_code { br; span .soft { (parts::plain(reason)) } }
            }
            td .w { (parts::subject(&run.source, &run.scope)) }
            td .t data-value=(run.started_at.get().as_second()) { (parts::time(run.started_at)) }
            (number(counts.num_seen))
            (number(counts.num_added))
            (number(counts.num_updated))
            (number(counts.num_removed))
            (number(counts.num_rejected))
            td .n { @match run.duration_ms { Some(millis) => (parts::millis(millis)), None => (parts::none()) } }
        }
    }
}
