//! `GET /references/{reference}`: one record: what it is, what it was, and where it was handed off.
//!
//! The slider chooses a version (`at`, counted from 1, the oldest); `from` and `to` choose two to compare. The timeline
//! is read page by page, each with the hand-offs of its time.

use std::cmp::Reverse;

use axum::response::Response;
use forebay_engine::human;
use forebay_views::{Json, Page, PipelineHandoffs, Reference, Time, Version, failure::Failure, read};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    address::Address,
    asked::Asked,
    frame::{Content, Section},
    handoffs, held, parts,
};

/// Changed fields on a page of the timeline.
const MOST_FIELDS: u32 = 200;
/// The longest value in the timeline, in characters of its JSON text.
const MOST_OF_VALUE: u32 = 2_000;
/// The longest payload that is shown whole, in characters.
const MOST_SHOWN: usize = 20_000;

/// Which record.
#[derive(Debug, Deserialize)]
pub(super) struct Path {
    reference: String,
}

/// Which of its versions, and where its timeline begins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    at: Option<i32>,
    from: Option<i32>,
    to: Option<i32>,
    after: Option<String>,
}

/// `GET /references/{reference}`
pub(super) async fn show(asked: Asked<Path, Chosen>) -> Response {
    let content = read(&asked).await;
    asked.answer(Section::Sources, content)
}

async fn read(asked: &Asked<Path, Chosen>) -> Result<Content, Failure> {
    let name = &asked.path.reference;
    let Chosen { at, from, to, after } = &asked.query;
    let client = asked.app.client().await?;
    let reference = read::references::reference(&client, name).await?;
    let history =
        read::versions::page(&client, name, None, after.as_deref(), MOST_FIELDS, MOST_OF_VALUE).await?;
    let until = after.as_deref().map(read::versions::until).transpose()?;
    let handed_off = read::handoffs::of_reference(&client, name, None).await?;
    let mut then = Vec::new();
    for chosen in [at, from, to] {
        then.push(match chosen {
            Some(version) => read::references::of_version(&client, name, *version).await?,
            None => None,
        });
    }
    drop(client);
    let summary = &reference.summary;
    let title = parts::plain(&format!("{}/{}", summary.source, summary.record_key));
    let (address, last) =
        (Address::new(format!("/references/{}", summary.reference_id), []), summary.version);
    let body = html! {
        (facts(&reference))
        @if last > 1 { (slider(&address, at.unwrap_or(last), last, &history.versions.items)) }
        @match at {
            Some(at) => { h2 { "Version " (at) " of " (last) } (version(then[0].as_ref())) },
            None => { h2 { "Now" } (document(&reference.payload)) },
        }
        p { a href={ "/v1/references/" (summary.reference_id) } { "The whole record as JSON" } }
        @if last > 1 { (comparison(&address, (*from, *to), last, &then[1..])) }
        h2 #timeline { "Timeline" }
        (timeline(asked.address(), until, &history.versions, &handed_off.pipelines))
        h2 { "Hand-offs" }
        @if handed_off.pipelines.is_empty() { p { "It was handed off to no pipeline." } }
        @for pipeline in handed_off.pipelines { (handed(pipeline)) }
        h2 { "Lineage" }
        (document(&reference.lineage))
    };
    Ok(Content::new(title, body))
}

fn facts(reference: &Reference) -> Markup {
    let summary = &reference.summary;
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

/// A slider over the versions, oldest first. `shown`: those with a label.
fn slider(address: &Address, at: i32, last: i32, shown: &[Version]) -> Markup {
    let label =
        |version: &Version| format!("{}:{}", version.version, human::timestamp(version.changed_at.get()));
    let updated = || shown.iter().filter(|version| matches!(&*version.change, "added" | "updated"));
    let labels: Vec<String> = updated().map(label).collect();
    let current = updated().find(|version| version.version == at);
    html! {
        form .filters method="get" action=(address) {
            label .wide {
                "Show one of its versions (1 is the oldest)"
                input #slider type="range" name="at" min="1" max=(last) value=(at) data-output="then" data-labels=(labels.join("|"));
            }
            output #then for="slider" { (at) @if let Some(version) = current { ": " (parts::time(version.changed_at)) } }
            button type="submit" { "Show" }
        }
    }
}

/// Two versions side by side.
fn comparison(
    address: &Address,
    (from, to): (Option<i32>, Option<i32>),
    last: i32,
    then: &[Option<Json>],
) -> Markup {
    let choice = |name: &str, label: &str, value: i32| {
        html! { label { (label) input type="number" name=(name) min="1" max=(last) value=(value) required; } }
    };
    html! {
        h2 #compare { "Compare two" }
        form .filters method="get" action={ (address) "#compare" } {
            (choice("from", "Version", from.unwrap_or(last - 1)))
            (choice("to", "and version", to.unwrap_or(last)))
            button type="submit" { "Compare" }
        }
        @if let (Some(from), Some(to)) = (from, to) {
            div .sides {
                section { h3 { "Version " (from) } (version(then[0].as_ref())) }
                section { h3 { "Version " (to) } (version(then[1].as_ref())) }
            }
        }
    }
}

fn version(payload: Option<&Json>) -> Markup {
    html! {
        @if let Some(payload) = payload {
            (document(payload))
        } @else {
            p { "It has no such version, or it was removed at the same time." }
        }
    }
}

/// A document with a line for each field; a long one is cut.
fn document(document: &Json) -> Markup {
    let pretty = document.pretty();
    let lines: Vec<String> = human::shortened(&pretty, MOST_SHOWN).lines().map(parts::plain).collect();
    let num_chars = pretty.chars().count();
    html! {
        pre tabindex="0" { (lines.join("\n")) }
        @if num_chars > MOST_SHOWN { p .soft { "Cut: it has " (parts::count(num_chars as u64)) " characters." } }
    }
}

/// Something that happened to the record.
enum Event<'a> {
    Change(&'a Version),
    /// A hand-off that was queued or ended, or an attempt at one that failed.
    HandOff {
        at: Time,
        text: Markup,
    },
}

impl Event<'_> {
    fn at(&self) -> Time {
        match self {
            Self::Change(version) => version.changed_at,
            Self::HandOff { at, .. } => *at,
        }
    }
}

/// The changes field by field, and what became of them in the pipelines, newest first. `until`: where it continues.
fn timeline(
    address: &Address,
    until: Option<Timestamp>,
    versions: &Page<Version>,
    pipelines: &[PipelineHandoffs],
) -> Markup {
    // Each page has the hand-offs of the time that its changes cover.
    let since = versions.items.last().filter(|_| versions.next.is_some()).map(|version| version.changed_at);
    let mut events: Vec<Event<'_>> = pipelines
        .iter()
        .flat_map(handed_off)
        .filter(|(at, _)| {
            until.is_none_or(|until| at.get() < until) && since.is_none_or(|since| *at >= since)
        })
        .map(|(at, text)| Event::HandOff { at, text })
        .collect();
    events.extend(versions.items.iter().map(Event::Change));
    // Stable: what a change caused at the same moment comes after it, and so above it.
    events.sort_by_key(|event| Reverse(event.at()));
    html! {
        @for event in &events {
            @match event {
                Event::Change(version) => section .change tabindex="-1" {
                    h3 {
                        (version.change) ", version " (version.version) " · " (parts::time(version.changed_at))
                        " · run " (parts::run_link(version.run_id))
                    }
                    @if !version.fields.is_empty() { dl { @for change in &version.fields { (held::field(change)) } } }
                },
                Event::HandOff { at, text } => div .event { (parts::time(*at)) " · " (text) },
            }
        }
        (parts::pager(address, until.is_none(), versions.next.as_deref()))
    }
}

/// What happened to the record in a pipeline.
fn handed_off(pipeline: &PipelineHandoffs) -> Vec<(Time, Markup)> {
    let name = parts::plain(&pipeline.pipeline);
    let ends = pipeline.handoffs.iter().map(|handoff| {
        let at = handoff.finished_at.unwrap_or(handoff.enqueued_at);
        let text = html! {
            (name) ": " (parts::state(&handoff.state)) ", version " (handoff.version)
            @if handoff.finished_at.is_none() { ", queued" }
        };
        (at, text)
    });
    let failures = pipeline.attempts.iter().map(|attempt| {
        let text = html! {
            (name) ": attempt " (attempt.attempt) " failed, " (attempt.failure_class) ", "
            code { (parts::plain(&attempt.failure_code)) } " " (parts::long(&attempt.message))
        };
        (attempt.failed_at, text)
    });
    ends.chain(failures).collect()
}

fn handed(pipeline: PipelineHandoffs) -> Markup {
    let PipelineHandoffs { pipeline: name, handoffs, .. } = pipeline;
    let name = parts::plain(&name);
    html! {
        h3 { (name) }
        (handoffs::table(&handoffs.into(), &format!("Its hand-offs to {name}, newest first")))
    }
}
