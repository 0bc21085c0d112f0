//! `GET /search`: tries a query on the ingested documents, as a program would.

use axum::response::Response;
use forebay_engine::{human, retrieval::SearchOptions};
use forebay_store::{documents::SearchFilter, sources};
use forebay_views::{SearchHit, SearchResult, failure::Failure, read};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    address::Address,
    asked::Asked,
    frame::{Content, Section},
    parts,
};
use crate::endpoint::None;

/// A query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    q: Option<String>,
    source: Option<String>,
}

/// `GET /search`
pub(super) async fn show(asked: Asked<None, Query>) -> Response {
    let content = read(&asked).await;
    asked.answer(Section::Search, content)
}

async fn read(asked: &Asked<None, Query>) -> Result<Content, Failure> {
    let (app, Query { q, source }) = (&asked.app, &asked.query);
    let names = sources::names(&**app.client().await?).await?;
    let result = match q {
        Some(q) => {
            let options = SearchOptions {
                declarations: app.declarations().clone(),
                filter: SearchFilter { source: source.clone(), ..SearchFilter::default() },
                ..SearchOptions::default()
            };
            Some(read::search::search(app.database(), q.clone(), options).await?)
        }
        Option::None => Option::None,
    };
    let body = html! {
        form .filters method="get" action="/search" role="search" {
            label .wide { "Words, \"phrases\", OR, -word" input type="search" name="q" value=[q.as_deref()] required; }
            (parts::choice("source", "Source", names.iter().map(String::as_str), source.as_deref()))
            button .main type="submit" { "Search" }
        }
        @if let Some(result) = &result { (found(result)) }
    };
    Ok(Content::new("Search", body))
}

fn found(result: &SearchResult) -> Markup {
    html! {
        @if let Some(warning) = &result.warning { p .warn { "◐ " (parts::plain(warning)) } }
        p role="status" {
            (human::counted(result.hits.len() as u64, "document"))
            @if result.is_hybrid { ", by words and by meaning" } @else { ", by words" }
            @if result.num_waiting > 0 { "; " (human::counted(result.num_waiting, "hand-off")) " still wait to be indexed" }
        }
        @if result.num_pipelines == 0 { p { "No pipeline indexes documents yet." } }
        @for hit in &result.hits { (one(hit)) }
    }
}

fn one(hit: &SearchHit) -> Markup {
    let address = Address::new(format!("/references/{}", hit.reference_id), []);
    html! {
        article .change {
            h2 { a href=(address) { (parts::plain(&hit.title)) } }
            p .soft {
                "Rank " (hit.rank)
                @if let Some(score) = hit.score { ", score " (format!("{score:.3}")) }
                " · " (parts::plain(&format!("{}/{}", hit.source, hit.record_key))) " · " (parts::plain(&hit.pipeline))
                @if !hit.heading.is_empty() { " · " (parts::plain(&hit.heading)) }
            }
            p { (parts::plain(&hit.snippet)) }
        }
    }
}
