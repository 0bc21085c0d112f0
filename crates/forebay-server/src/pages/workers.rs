//! `GET /workers`: who is at work.

use axum::response::Response;
use forebay_views::{Worker, failure::Failure, read};
use maud::{Markup, html};

use super::{
    asked::Asked,
    frame::{Content, Section},
    parts,
};
use crate::app::App;

/// `GET /workers`
pub(super) async fn show(asked: Asked) -> Response {
    let content = read(&asked.app).await;
    asked.answer(Section::Workers, content)
}

async fn read(app: &App) -> Result<Content, Failure> {
    let workers = read::workers::page(&app.client().await?, Option::None).await?;
    let body = html! {
        @if workers.items.is_empty() {
            p { "No workers. Start one with " code { "forebay work" } "." }
        } @else {
            div .scroll tabindex="0" role="region" aria-label="Workers" {
                table {
                    caption { "Workers and their claims. Handlers that work inside the database claim nothing." }
                    thead {
                        tr {
                            th scope="col" { "Worker" } th scope="col" { "State" } th scope="col" { "Pipelines" }
                            th scope="col" .n { "Claims" } th scope="col" .n { "Hand-offs" } th scope="col" { "Last seen" }
                            th scope="col" { "Lease until" } th scope="col" { "Started" } th scope="col" { "Version" }
                            th scope="col" .n { "Clock" }
                        }
                    }
                    tbody { @for worker in &workers.items { (row(worker)) } }
                }
            }
        }
    };
    Ok(Content::new("Workers", body).live(&["workers"]))
}

fn row(worker: &Worker) -> Markup {
    html! {
        tr {
            th scope="row" {
                @match &worker.worker { Some(name) => (parts::plain(name)), None => span .soft { "(no name)" } }
                @if let Some(host) = &worker.host {
                    br; span .soft { (parts::plain(host)) @if let Some(pid) = worker.pid { ", process " (pid) } }
                }
            }
            td { (parts::state(&worker.state)) }
            td .w { (parts::plain(&worker.pipelines.join(", "))) }
            td .n { (parts::count(worker.num_claims)) }
            td .n { (parts::count(worker.num_handoffs)) }
            td .t { (parts::time(worker.last_seen_at)) }
            td .t { (parts::time_or_none(worker.lease_until)) }
            td .t { (parts::time(worker.started_at)) }
            td { (parts::text_or_none(worker.version.as_deref())) }
            td .n { @match worker.clock_skew_ms { Some(skew) => { (skew) " ms" }, None => (parts::none()) } }
        }
    }
}
