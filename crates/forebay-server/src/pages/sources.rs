//! `GET /sources`: every source with its breaker, its schedule and its latest runs.

pub(super) mod breaker;
pub(super) mod one;
pub(super) mod test;
mod timeline;

use std::{collections::BTreeMap, fmt::Write as _};

use axum::response::Response;
use forebay_store::runs::{self, RunFilter, RunRow};
use forebay_views::{Breaker, Source, failure::Failure, read};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    asked::Asked,
    frame::{Content, Section},
    parts,
};
use crate::app::App;

/// The latest runs that small charts are drawn from, over all sources.
const NUM_RUNS: i64 = 300;
/// Runs of one source in its small chart.
const MOST_POINTS: usize = 30;

/// The size of a small chart, in pixels.
const WIDTH: f64 = 90.0;
const HEIGHT: f64 = 20.0;

/// Which source.
#[derive(Debug, Deserialize)]
pub(super) struct Path {
    source: String,
}

/// `GET /sources`
pub(super) async fn show(asked: Asked) -> Response {
    let content = read(&asked.app).await;
    asked.answer(Section::Sources, content)
}

async fn read(app: &App) -> Result<Content, Failure> {
    let client = app.client().await?;
    let sources = read::sources::page(&client, Some(parts::MOST_COUNTED)).await?;
    let breakers = read::breakers::page(&client, app.sources()).await?;
    let latest = runs::list(&**client, &RunFilter { limit: NUM_RUNS, ..RunFilter::default() }).await?;
    drop(client);
    let mut by_source: BTreeMap<&str, Vec<&RunRow>> = BTreeMap::new();
    for run in latest.iter().rev() {
        by_source.entry(&run.source).or_default().push(run);
    }
    let body = html! {
        @if sources.items.is_empty() {
            p { "No sources. Add records with " code { "forebay persist" } "." }
        } @else {
            div .scroll tabindex="0" role="region" aria-label="Sources" {
                table {
                    caption { "Sources, with the records that each of its latest runs saw and how long they took" }
                    thead {
                        tr {
                            th scope="col" { "Source" } th scope="col" { "Breaker" } th scope="col" .n { "Active" }
                            th scope="col" .n { "Removed" } th scope="col" { "Seen" } th scope="col" { "Duration" }
                            th scope="col" { "Last run" } th scope="col" { "Next due" }
                        }
                    }
                    tbody {
                        @for source in &sources.items {
                            @let breaker = breakers.items.iter().find(|breaker| breaker.source == source.source);
                            @let runs = by_source.get(&*source.source).map_or(&[][..], Vec::as_slice);
                            (row(source, breaker, runs))
                        }
                    }
                }
            }
        }
    };
    Ok(Content::new("Sources", body).live(&["sources", "runs"]))
}

fn row(source: &Source, breaker: Option<&Breaker>, runs: &[&RunRow]) -> Markup {
    let runs = &runs[runs.len().saturating_sub(MOST_POINTS)..];
    let seen: Vec<f64> = runs.iter().map(|run| run.counts.num_seen as f64).collect();
    let took: Vec<f64> = runs.iter().filter_map(|run| run.duration_ms).map(|millis| millis as f64).collect();
    let last_seen = runs.last().map(|run| parts::count(run.counts.num_seen));
    let last_took =
        runs.iter().rev().find_map(|run| run.duration_ms).map(|took| parts::millis(took.unsigned_abs()));
    html! {
        tr {
            th scope="row" {
                (parts::source_link(&source.source))
                br; span .soft { (parts::plain(&source.entity_type)) @if let Some(kind) = &source.kind { ", " (parts::plain(kind)) } }
                @if source.state == "disabled" { br; span .warn { "■ disabled" } }
            }
            td {
                @match breaker {
                    Some(breaker) => { (parts::state(&breaker.state)) @if breaker.state != "closed" { br; span .soft { (parts::plain(&breaker.reason_code)) } } },
                    None => (parts::none()),
                }
            }
            td .n { (parts::capped(source.num_active)) }
            td .n { (parts::capped(source.num_removed)) }
            td { (spark(&seen, "Records seen")) (last_seen.unwrap_or_default()) }
            td { (spark(&took, "Duration")) (last_took.unwrap_or_default()) }
            td .t { (parts::time_or_none(source.last_run_at)) }
            td .t { (parts::time_or_none(source.next_due_at)) }
        }
    }
}

/// A small chart of a series, oldest first. The latest figure is beside it, and the runs of the source have all.
fn spark(points: &[f64], label: &str) -> Markup {
    let most = points.iter().copied().fold(0.0, f64::max);
    if points.len() < 2 || most <= 0.0 {
        return html! {};
    }
    let step = WIDTH / (points.len() - 1) as f64;
    let mut path = String::new();
    for (index, point) in points.iter().enumerate() {
        let (x, y) = (index as f64 * step, HEIGHT - 1.0 - point / most * (HEIGHT - 2.0));
        let _ = write!(path, "{}{x:.1} {y:.1}", if index == 0 { "M" } else { "L" });
    }
    let text = format!("{label} of the last {} runs, at most {most}", points.len());
    html! { svg .spark width="90" height="20" viewBox="0 0 90 20" role="img" aria-label=(text) { path d=(path) {} } }
}
