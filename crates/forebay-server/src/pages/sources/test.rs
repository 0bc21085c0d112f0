//! `POST /sources/{source}/test`: fetches the first records of a source now, and shows them. Nothing is stored.

use axum::response::Response;
use forebay_domain::{access::Permission, scope::Scope};
use forebay_engine::{human, scrape::SourceDefinition};
use forebay_views::{SampleRecord, SourceTest, failure::Failure, rights};
use maud::{Markup, html};
use serde::Deserialize;

use super::Path;
use crate::{
    endpoint::None as Nothing,
    pages::{
        asked::{Asked, Submitted},
        frame::{Content, Section},
        parts,
    },
    sample::sample,
};

/// Records on the page.
const MOST: u32 = 20;
/// The longest record that is shown whole, in characters.
const MOST_SHOWN: usize = 2_000;

/// The form.
#[derive(Debug, Deserialize)]
pub(in crate::pages) struct Given {
    /// A declared scope, as its text; empty: the first one.
    #[serde(default)]
    scope: String,
}

/// The button, with the scopes of the source. `allowed`: whether the server scrapes on request.
pub(super) fn form(source: &SourceDefinition, allowed: bool) -> Markup {
    let scopes: Vec<String> = source.scopes.iter().map(ToString::to_string).collect();
    html! {
        h2 { "Test" }
        @if allowed {
            form .filters method="post" action={ "/sources/" (parts::encoded(&source.name)) "/test" } {
                @if scopes.len() > 1 {
                    label { "Scope" select name="scope" { @for scope in &scopes { option value=(scope) { (parts::plain(scope)) } } } }
                }
                button type="submit" { "Test now" }
            }
            p .soft { "Fetches its first records. Nothing is stored." }
        } @else {
            p .soft { "This server doesn't scrape on request: start it with " code { "forebay serve --allow-scrape" } "." }
        }
    }
}

/// `POST /sources/{source}/test`
pub(in crate::pages) async fn show(
    asked: Asked<Path, Nothing>,
    Submitted(given): Submitted<Given>,
) -> Response {
    let content = read(&asked, &given).await;
    asked.answer(Section::Sources, content)
}

async fn read(asked: &Asked<Path, Nothing>, given: &Given) -> Result<Content, Failure> {
    rights::check_role(&asked.caller.principal, Permission::Scrape)?;
    let name = &asked.path.source;
    let definition = asked.app.sources().get(name);
    let declared = |source: &SourceDefinition| -> Option<Scope> {
        source.scopes.iter().find(|scope| scope.to_string() == given.scope).cloned()
    };
    let scope = definition.and_then(declared);
    if scope.is_none() && !given.scope.is_empty() {
        let message = format!("{name} declares no scope {:?}", given.scope);
        return Err(Failure::usage("no_such_scope", message).hint("choose one on the page of the source"));
    }
    let found = sample(&asked.app, name, scope, MOST).await?;
    let body = html! {
        p {
            (human::counted(found.records.len() as u64, "record"))
            @if !found.pages.is_empty() { " from " (human::counted(found.pages.len() as u64, "page")) }
            @if !found.scope.is_empty() { " of " (parts::plain(&found.scope)) } ". Nothing was stored. "
            a href={ "/sources/" (parts::encoded(name)) } { "Back to the source" }
        }
        @if let Some(error) = &found.read_error { div .notice.bad role="alert" { p { (parts::plain(&error.message)) } } }
        @for warning in &found.warnings { p .warn { (parts::plain(warning)) } }
        (records(&found.records))
        (rejected(&found))
    };
    Ok(Content::new(format!("Test of {}", parts::plain(name)), body))
}

fn records(records: &[SampleRecord]) -> Markup {
    html! {
        @if !records.is_empty() {
            div .scroll tabindex="0" role="region" aria-label="Records" {
                table {
                    caption { "The first records, as they would be stored" }
                    thead { tr { th scope="col" { "Key" } th scope="col" { "Record" } } }
                    tbody {
                        @for record in records {
                            tr {
                                th scope="row" .w { (parts::plain(&record.record_key)) @if record.is_marked { br; span .warn { "■ says that it is gone" } } }
                                td .w { code { (human::shortened(&parts::plain(record.payload.text()), MOST_SHOWN)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn rejected(found: &SourceTest) -> Markup {
    html! {
        @if found.num_rejected > 0 {
            h2 { "Rejected: " (parts::count(found.num_rejected)) }
            ul { @for record in &found.rejected { li { (parts::plain(&record.message)) } } }
        }
        @if !found.unmatched.is_empty() {
            h2 { "Settings that found nothing" }
            ul { @for each in &found.unmatched { li { code { (parts::plain(&each.setting)) } } } }
        }
    }
}
