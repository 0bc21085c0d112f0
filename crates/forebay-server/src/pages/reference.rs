//! `GET /references/{reference}`: one record: what it is, what it was, and where it was handed off.
//!
//! The slider chooses a version (`at`, counted from 1, the oldest); `from` and `to` choose two to compare.

use axum::response::Response;
use forebay_engine::human;
use forebay_views::{History, Json, PipelineHandoffs, Version, failure::Failure, read};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    address::Address,
    asked::Asked,
    frame::{Content, Section},
    handoffs, held, parts,
};

/// Versions in the timeline of a page.
const MOST_VERSIONS: usize = 100;
/// The longest payload that is shown whole, in bytes.
const MOST_SHOWN: usize = 20_000;

/// Which record.
#[derive(Debug, Deserialize)]
pub(super) struct Path {
    reference: String,
}

/// Which of its versions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    at: Option<usize>,
    from: Option<usize>,
    to: Option<usize>,
}

/// `GET /references/{reference}`
pub(super) async fn show(asked: Asked<Path, Chosen>) -> Response {
    let content = read(&asked).await;
    asked.answer(Section::Sources, content)
}

async fn read(asked: &Asked<Path, Chosen>) -> Result<Content, Failure> {
    let name = &asked.path.reference;
    let client = asked.app.client().await?;
    let mut history = read::references::history(&client, name).await?;
    history.versions.sort_by_key(|version| version.changed_at);
    let handed_off = read::handoffs::of_reference(&client, name, Option::None).await?;
    let Chosen { at, from, to } = asked.query;
    let number = history.versions.len();
    let mut then = Vec::new();
    for chosen in [at, from, to] {
        let version = chosen.and_then(|chosen| history.versions.get(chosen.wrapping_sub(1)));
        let payload = match version {
            // A removed record has no payload then.
            Some(version) if version.change == "removed" => Option::None,
            Some(version) => {
                Some(read::references::at(&client, name, version.changed_at.get()).await?.payload)
            }
            None => Option::None,
        };
        then.push(payload);
    }
    drop(client);
    let summary = &history.reference.summary;
    let title = parts::plain(&format!("{}/{}", summary.source, summary.record_key));
    let body = html! {
        (facts(&history))
        @if number > 1 { (slider(&history, at.unwrap_or(number))) }
        @match (at, &then[0]) {
            (Some(at), Some(payload)) => { h2 { "At change " (at) " of " (number) } (document(payload)) },
            (Some(at), None) => { h2 { "At change " (at) " of " (number) } p { "The source did not have it." } },
            (None, _) => { h2 { "Now" } (document(&history.reference.payload)) },
        }
        p { a href={ "/v1/references/" (summary.reference_id) } { "The whole record as JSON" } }
        @if number > 1 { (comparison(&history, from, to, &then[1..])) }
        h2 { "Timeline" }
        (timeline(&history.versions))
        h2 { "Hand-offs" }
        @if handed_off.pipelines.is_empty() { p { "It was handed off to no pipeline." } }
        @for pipeline in handed_off.pipelines { (handed(pipeline)) }
        h2 { "Lineage" }
        pre tabindex="0" { (history.reference.lineage.text()) }
    };
    Ok(Content::new(title, body))
}

fn facts(history: &History) -> Markup {
    let (reference, summary) = (&history.reference, &history.reference.summary);
    html! {
        dl {
            dt { "Source" } dd { (parts::source_link(&summary.source)) }
            dt { "Entity type" } dd { (parts::plain(&summary.entity_type)) }
            dt { "Scope" } dd { (parts::text_or_none(Some(&*summary.scope).filter(|scope| !scope.is_empty()))) }
            dt { "State" } dd {
                @if let Some(at) = summary.removed_at { span .bad { "✕ removed" } " at " (parts::time(at)) }
                @else { (parts::state(if summary.state == "active" { "present" } else { &summary.state })) }
            }
            dt { "Version" } dd { (summary.version) ", since " (parts::time(summary.changed_at)) }
            dt { "First seen" } dd { (parts::time(reference.first_seen_at)) " by run " (parts::run_link(reference.first_seen_run_id)) }
            dt { "Last changed by" } dd { "run " (parts::run_link(reference.scrape_run_id)) }
            dt { "Id" } dd { code { (summary.reference_id) } }
        }
    }
}

/// A slider over the changes, oldest first.
fn slider(history: &History, at: usize) -> Markup {
    let number = history.versions.len();
    let labels: Vec<String> = history
        .versions
        .iter()
        .map(|version| format!("{}: {}", human::timestamp(version.changed_at.get()), version.change))
        .collect();
    let shown = labels.get(at.wrapping_sub(1)).cloned().unwrap_or_default();
    html! {
        form .filters method="get" action=(address(history)) {
            label .wide {
                "Show it as it was after a change (1 is the oldest)"
                input #slider type="range" name="at" min="1" max=(number) value=(at) data-output="then" data-labels=(labels.join("|"));
            }
            output #then for="slider" { (shown) }
            button type="submit" { "Show" }
        }
    }
}

/// Two versions side by side.
fn comparison(history: &History, from: Option<usize>, to: Option<usize>, then: &[Option<Json>]) -> Markup {
    let numbers: Vec<String> = (1..=history.versions.len()).map(|number| number.to_string()).collect();
    let chosen = |number: Option<usize>| number.map(|number| number.to_string());
    let side = |number: Option<usize>, payload: Option<&Json>| {
        html! {
            section {
                @if let Some(number) = number { h3 { "After change " (number) } }
                @match payload { Some(payload) => (document(payload)), None => p { "The source did not have it." } }
            }
        }
    };
    html! {
        h2 #compare { "Compare two" }
        form .filters method="get" action={ (address(history)) "#compare" } {
            (parts::choice("from", "After change", numbers.iter().map(String::as_str), chosen(from).as_deref()))
            (parts::choice("to", "and after change", numbers.iter().map(String::as_str), chosen(to).as_deref()))
            button type="submit" { "Compare" }
        }
        @if from.is_some() && to.is_some() {
            div .sides { (side(from, then[0].as_ref())) (side(to, then[1].as_ref())) }
        }
    }
}

fn address(history: &History) -> Address {
    Address::new(format!("/references/{}", history.reference.summary.reference_id), [])
}

/// A payload with a line for each field; a long one is cut.
fn document(payload: &Json) -> Markup {
    let pretty = serde_json::from_str::<serde_json::Value>(payload.text())
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| payload.text().to_owned());
    let lines: Vec<String> = human::shortened(&pretty, MOST_SHOWN).lines().map(parts::plain).collect();
    html! {
        pre tabindex="0" { (lines.join("\n")) }
        @if pretty.len() > MOST_SHOWN { p .soft { "Cut: it has " (human::bytes(pretty.len() as u64)) "." } }
    }
}

/// The changes, newest first, field by field.
fn timeline(versions: &[Version]) -> Markup {
    html! {
        @for (index, version) in versions.iter().enumerate().rev().take(MOST_VERSIONS) {
            section .change tabindex="-1" {
                h3 {
                    (index + 1) ". " (version.change) ", version " (version.version) " · " (parts::time(version.changed_at))
                    " · run " (parts::run_link(version.run_id))
                }
                @if !version.fields.is_empty() { dl { @for change in &version.fields { (held::field(change)) } } }
            }
        }
        @if versions.len() > MOST_VERSIONS { p { "And " (versions.len() - MOST_VERSIONS) " older changes." } }
    }
}

fn handed(pipeline: PipelineHandoffs) -> Markup {
    let PipelineHandoffs { pipeline: name, handoffs, attempts, .. } = pipeline;
    let name = parts::plain(&name);
    html! {
        h3 { (name) }
        (handoffs::table(&handoffs.into(), &format!("Its hand-offs to {name}, newest first")))
        @if !attempts.is_empty() {
            div .scroll tabindex="0" role="region" aria-label={ "Failed attempts of " (name) } {
                table {
                    caption { "Failed attempts, newest first" }
                    thead { tr { th scope="col" { "Time" } th scope="col" .n { "Attempt" } th scope="col" { "Class" } th scope="col" { "Code" } th scope="col" { "Message" } } }
                    tbody {
                        @for attempt in &attempts {
                            tr {
                                td .t { (parts::time(attempt.failed_at)) }
                                td .n { (attempt.attempt) }
                                td { (attempt.failure_class) }
                                td { code { (parts::plain(&attempt.failure_code)) } }
                                td .w { (parts::plain(&attempt.message)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
