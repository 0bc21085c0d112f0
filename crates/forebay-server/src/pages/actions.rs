//! `GET /actions`: who changed what, when, from where and why.

use axum::response::Response;
use forebay_store::actions::ActionFilter;
use forebay_views::{OperatorAction, failure::Failure, read};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    asked::Asked,
    frame::{Content, Section},
    parts,
};
use crate::endpoint::None;

/// Actions on a page.
const LIMIT: i64 = 50;

/// Which actions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    source: Option<String>,
    actor: Option<String>,
    after: Option<String>,
}

/// `GET /actions`
pub(super) async fn show(asked: Asked<None, Filter>) -> Response {
    let content = read(&asked).await;
    asked.answer(Section::Now, content)
}

async fn read(asked: &Asked<None, Filter>) -> Result<Content, Failure> {
    let Filter { source, actor, after } = &asked.query;
    let filter = ActionFilter {
        source: source.clone(),
        actor: actor.clone(),
        limit: LIMIT,
        ..ActionFilter::default()
    };
    let page = read::actions::page(&asked.app.client().await?, filter, after.as_deref()).await?;
    let body = html! {
        form .filters method="get" action="/actions" role="search" {
            label { "Source" input type="text" name="source" value=[source.as_deref()]; }
            label { "Who" input type="text" name="actor" value=[actor.as_deref()]; }
            button type="submit" { "Filter" }
        }
        (table(&page.items))
        (parts::pager(asked.address(), after.is_none(), page.next.as_deref()))
    };
    Ok(Content::new("Who did what", body))
}

/// Actions, newest first.
pub(super) fn table(actions: &[OperatorAction]) -> Markup {
    html! {
        @if actions.is_empty() {
            p { "Nothing was changed by hand." }
        } @else {
            div .scroll tabindex="0" role="region" aria-label="Actions of people" {
                table {
                    caption { "What people and their programs changed, newest first" }
                    thead {
                        tr {
                            th scope="col" { "Time" } th scope="col" { "Who" } th scope="col" { "Action" } th scope="col" { "Target" }
                            th scope="col" .n { "Touched" } th scope="col" { "Why" } th scope="col" { "From" }
                        }
                    }
                    tbody { @for action in actions { (row(action)) } }
                }
            }
        }
    }
}

fn row(action: &OperatorAction) -> Markup {
    html! {
        tr {
            td .t { (parts::time(action.acted_at)) }
            td { (parts::plain(&action.actor)) br; span .soft { (action.role) } }
            td { code { (action.action) } }
            td .w { (target(action)) }
            td .n { (parts::count(action.num_touched)) }
            td .w { (parts::text_or_none(action.reason.as_deref())) }
            td { (action.skin) @if let Some(from) = &action.from { br; span .soft { (parts::plain(from)) } } }
        }
    }
}

fn target(action: &OperatorAction) -> Markup {
    let OperatorAction { target_kind, target, source, .. } = action;
    html! {
        (target_kind.replace('_', " ")) " "
        @match (target_kind.as_str(), target.parse()) {
            ("run", Ok(run_id)) => (parts::run_link(run_id)),
            ("source", _) => (parts::source_link(target)),
            _ => (parts::plain(target)),
        }
        @if let Some(source) = source.as_ref().filter(|source| *source != target) { " of " (parts::source_link(source)) }
    }
}
