//! `GET /handoffs/deliveries`: the requests of webhooks, with status and latency.

use axum::response::Response;
use forebay_store::deliveries::DeliveryFilter;
use forebay_views::{Delivery, failure::Failure, read};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    asked::Asked,
    frame::{Content, Section},
    parts,
};
use crate::endpoint::None;

/// Requests on a page.
const LIMIT: i64 = 50;

/// Which requests.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    pipeline: Option<String>,
    reference: Option<String>,
    /// Present: only what failed.
    failed: Option<String>,
    after: Option<String>,
}

/// `GET /handoffs/deliveries`
pub(super) async fn show(asked: Asked<None, Filter>) -> Response {
    let content = read(&asked).await;
    asked.answer(Section::Handoffs, content)
}

async fn read(asked: &Asked<None, Filter>) -> Result<Content, Failure> {
    let Filter { pipeline, reference, failed, after } = &asked.query;
    let filter = DeliveryFilter {
        pipeline: pipeline.clone(),
        only_failed: failed.is_some(),
        limit: LIMIT,
        ..DeliveryFilter::default()
    };
    let client = asked.app.client().await?;
    let page = read::deliveries::page(&client, filter, reference.as_deref(), after.as_deref()).await?;
    drop(client);
    let body = html! {
        form .filters method="get" action="/handoffs/deliveries" role="search" {
            label { "Pipeline" input type="text" name="pipeline" value=[pipeline.as_deref()]; }
            label { "Reference" input type="text" name="reference" value=[reference.as_deref()]; }
            (parts::choice("failed", "Show", ["failed"], failed.as_deref()))
            button type="submit" { "Filter" }
        }
        @if page.items.is_empty() {
            p { "No requests were sent. They are kept for seven days, unless the worker has another retention." }
        } @else {
            div .scroll tabindex="0" role="region" aria-label="Requests of webhooks" {
                table {
                    caption { "Requests of webhooks and their responses, newest first" }
                    thead {
                        tr {
                            th scope="col" { "Sent" } th scope="col" { "Pipeline" } th scope="col" { "Reference" }
                            th scope="col" .n { "Attempt" } th scope="col" .n { "Status" } th scope="col" .n { "Took" }
                            th scope="col" { "Failure" } th scope="col" { "Response" }
                        }
                    }
                    tbody { @for delivery in &page.items { (row(delivery)) } }
                }
            }
        }
        (parts::pager(asked.address(), after.is_none(), page.next.as_deref()))
    };
    Ok(Content::new("Deliveries", body))
}

fn row(delivery: &Delivery) -> Markup {
    html! {
        tr {
            td .t { (parts::time(delivery.sent_at)) }
            td { (parts::plain(&delivery.pipeline)) }
            td .w { (parts::reference(&delivery.reference_id, delivery.source.as_deref(), delivery.record_key.as_deref())) }
            td .n { (delivery.attempt) }
            td .n { @match delivery.http_status { Some(status) => (status), None => (parts::none()) } }
            td .n { (parts::millis(delivery.duration_ms)) }
            td { @match &delivery.failure_code { Some(code) => code .bad { (parts::plain(code)) }, None => (parts::state("succeeded")) } }
            td .w { (parts::plain(&delivery.response)) }
        }
    }
}
