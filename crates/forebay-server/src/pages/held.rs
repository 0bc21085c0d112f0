//! `GET /runs/{run}/held`: what a held run withholds and why, by field and by record, with the decisions.

use axum::response::Response;
use forebay_domain::{guards::HoldReason, run::RunStatus};
use forebay_engine::human;
use forebay_views::{
    ChangeDiff, FieldChange, FieldDiff, Json, Run, RunDiff, decide::runs::Decision, failure::Failure, names,
    read,
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    asked::Asked,
    decide,
    frame::{Content, Section},
    parts,
    run::Path,
};

/// Changes on a page.
const LIMIT: u32 = 25;
/// Fields of an added or removed record that are shown before one asks for all.
const FIELDS_SHOWN: usize = 4;

/// Which changes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    after: Option<String>,
}

/// `GET /runs/{run}/held`
pub(super) async fn show(asked: Asked<Path, Filter>) -> Response {
    let content = read(&asked).await;
    asked.answer(Section::Runs, content)
}

async fn read(asked: &Asked<Path, Filter>) -> Result<Content, Failure> {
    let client = asked.app.client().await?;
    let run_id = names::run(&client, asked.path.run).await?;
    let run = read::runs::run(&client, run_id).await?;
    drop(client);
    let subject = parts::subject(&run.summary.source, &run.summary.scope);
    let title = format!("What run {run_id} of {subject} withholds");
    if run.summary.status != RunStatus::Held.as_str() {
        return Ok(Content::new(title, decided(&run)));
    }
    let after = asked.query.after.as_deref();
    let diff = read::run_diff::diff(asked.app.database(), run_id, after, LIMIT).await?;
    let body = html! {
        (verdict(&run, &diff))
        @if asked.may_operate() { (decisions(&run)) } @else { (no_decisions()) }
        (fields(&diff.fields))
        h2 #changes { "Record by record, removals first" }
        p .soft { "From what was last accepted to what the run brought. Keys: " kbd { "j" } " next, " kbd { "k" } " previous." }
        @for (index, change) in diff.changes.items.iter().enumerate() { (record(index, change)) }
        @if diff.changes.items.is_empty() { p { "No changes." } }
        (parts::pager(asked.address(), after.is_none(), diff.changes.next.as_deref()))
    };
    Ok(Content::new(title, body))
}

/// Somebody else was faster.
fn decided(run: &Run) -> Markup {
    html! {
        div .notice role="status" {
            p { "The run is no longer held: it is " (parts::state(&run.summary.status)) "." }
            p { a href={ "/runs/" (run.summary.run_id) } { "Open the run" } " · " a href="/runs?status=held" { "Other held runs" } }
        }
    }
}

/// The verdict of the guards with its values and limits.
fn verdict(run: &Run, diff: &RunDiff) -> Markup {
    let effects = &diff.effects;
    html! {
        p {
            (parts::state(&run.summary.status))
            @if let Some(reason) = &run.summary.reason_code { " · " code { (parts::plain(reason)) } }
            @if let Some(ended) = run.summary.ended_at { " · since " (parts::time(ended)) }
            " · " a href={ "/runs/" (run.summary.run_id) } { "The run, with its coverage and log" }
        }
        @for line in run.message.iter().flat_map(|message| message.lines()) { p { (parts::plain(line)) } }
        dl {
            dt { "Active records before" } dd { (parts::count(effects.num_active)) }
            dt { "Would be removed" } dd { (parts::count(effects.totals.num_removed)) " (" (human::share(effects.removed_share)) ")" }
            dt { "Would be updated" } dd { (parts::count(effects.totals.num_updated)) " (" (human::share(effects.updated_share)) ")" }
            dt { "Would be added" } dd { (parts::count(effects.totals.num_added)) }
            dt { "Would be restored" } dd { (parts::count(effects.totals.num_restored)) }
        }
        @if let Some(guards) = &run.guards {
            details { summary { "The limits of the guards" } pre tabindex="0" { (guards.text()) } }
        }
    }
}

fn decisions(run: &Run) -> Markup {
    let is_rekey = run.summary.reason_code.as_deref() == Some(HoldReason::RekeySuspected.as_str());
    let offered: &[Decision] = if is_rekey {
        &[Decision::Rekey, Decision::Release, Decision::Reject]
    } else {
        &[Decision::Release, Decision::Reject]
    };
    html! {
        h2 { "Decide" }
        p { "Nothing happens before you confirm on the next page." }
        div .next {
            @for (index, decision) in offered.iter().enumerate() {
                a class=(if index == 0 { "button main" } else { "button" })
                    href=(decide::address(run.summary.run_id, *decision)) { (decide::offer(*decision)) "…" }
            }
        }
    }
}

/// For those who only look.
fn no_decisions() -> Markup {
    html! { p .soft { "Applying or discarding the changes needs the role operator." } }
}

fn fields(fields: &[FieldDiff]) -> Markup {
    html! {
        @if !fields.is_empty() {
            h2 { "Field by field" }
            div .scroll tabindex="0" role="region" aria-label="Fields that updates would change" {
                table {
                    caption { "Fields that updates would change, the most frequent first" }
                    thead {
                        tr {
                            th scope="col" { "Field" } th scope="col" .n { "Updates" } th scope="col" { "Share of updates" }
                            th scope="col" .n { "Lose it" } th scope="col" .n { "Gain it" }
                        }
                    }
                    tbody {
                        @for field in fields {
                            tr {
                                td .w { (parts::plain(&field.field_name)) }
                                td .n { (parts::count(field.num_changed)) }
                                td .nowrap { (parts::share(field.share)) }
                                td .n { (parts::count(field.num_lost)) }
                                td .n { (parts::count(field.num_gained)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn record(index: usize, change: &ChangeDiff) -> Markup {
    let id = format!("change-{index}");
    let (first, rest) = if change.change.change == "updated" {
        (&*change.fields, &[][..])
    } else {
        change.fields.split_at(change.fields.len().min(FIELDS_SHOWN))
    };
    html! {
        section .change id=(id) tabindex="-1" {
            h3 {
                (change.change.change) ": "
                @if change.change.version.is_some() {
                    a href={ "/references/" (change.change.reference_id) } { (parts::plain(&change.change.record_key)) }
                } @else {
                    (parts::plain(&change.change.record_key))
                }
            }
            dl { @for change in first { (field(change)) } }
            @if !rest.is_empty() {
                details {
                    summary { (rest.len()) " more " @if rest.len() == 1 { "field" } @else { "fields" } }
                    dl { @for change in rest { (field(change)) } }
                }
            }
        }
    }
}

/// A changed field: the value before, and the value after.
pub(super) fn field(change: &FieldChange) -> Markup {
    html! {
        dt { (parts::plain(&change.field_name)) }
        dd {
            @if let Some(old) = &change.old { del .old { (value(old)) } }
            @if let Some(new) = &change.new { ins .new { (value(new)) } }
        }
    }
}

/// A value; a long one is cut, and its size is shown.
fn value(json: &Json) -> Markup {
    let text = json.text();
    let is_long = text.chars().count() > parts::VALUE_SHOWN;
    html! {
        (human::shortened(&parts::plain(text), parts::VALUE_SHOWN))
        @if is_long { " " span .soft { "(" (human::bytes(text.len() as u64)) ")" } }
        @if let Some(url) = link(text) { " " a href=(url) rel="noreferrer noopener" { "open" } }
    }
}

/// The page of a site that a value names.
fn link(text: &str) -> Option<String> {
    let url: String = serde_json::from_str(text).ok()?;
    let parsed = url::Url::parse(&url).ok()?;
    (matches!(parsed.scheme(), "http" | "https") && parsed.username().is_empty()).then(|| parsed.to_string())
}
