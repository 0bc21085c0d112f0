//! `GET /runs/{run}`: one run, with its coverage, drift, rejected input and problems.

pub(super) mod log;

use std::collections::BTreeMap;

use axum::response::Response;
use forebay_domain::run::RunStatus;
use forebay_engine::human;
use forebay_store::actions::{ActionFilter, TargetKind};
use forebay_views::{
    FieldDrift, HeldTotals, LogLine, RejectedRecord, Run, RunDetail, RunHost,
    decide::runs::Decision,
    failure::Failure,
    names::{self, RunName},
    read,
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    actions,
    asked::Asked,
    decide,
    frame::{Content, Section},
    parts,
};

/// The latest decisions about a run on its page.
const NUM_ACTIONS: i64 = 50;

/// Which run.
#[derive(Debug, Deserialize)]
pub(super) struct Path {
    pub(super) run: RunName,
}

/// What was just decided about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shown {
    decided: Option<Decision>,
}

/// `GET /runs/{run}`
pub(super) async fn show(asked: Asked<Path, Shown>) -> Response {
    let content = read(&asked).await;
    asked.answer(Section::Runs, content)
}

async fn read(asked: &Asked<Path, Shown>) -> Result<Content, Failure> {
    let client = asked.app.client().await?;
    let run_id = names::run(&client, asked.path.run).await?;
    let detail = read::runs::detail(&client, run_id).await?;
    let usual = read::runs::usual_coverage(&client, run_id).await?;
    let of_run = ActionFilter {
        target: Some((TargetKind::Run, run_id.to_string())),
        limit: NUM_ACTIONS,
        ..ActionFilter::default()
    };
    let actions = read::actions::page(&client, of_run, None).await?;
    let summary = &detail.run.summary;
    let title = format!("Run {run_id} of {}", parts::subject(&summary.source, &summary.scope));
    let is_running = summary.status == RunStatus::Running.as_str();
    let body = html! {
        @if let Some(decision) = asked.query.decided { (decided(decision)) }
        (body(&detail, &usual, asked.may_operate()))
        @if !actions.items.is_empty() { h2 { "What people decided" } (actions::table(&actions.items)) }
    };
    let content = Content::new(title, body);
    Ok(if is_running { content.live(&["runs"]) } else { content })
}

fn body(detail: &RunDetail, usual: &BTreeMap<String, f64>, may_operate: bool) -> Markup {
    let run = &detail.run;
    let run_id = run.summary.run_id;
    html! {
        (headline(detail))
        @if let Some(held) = &detail.held { (held_card(run_id, held)) }
        (facts(run))
        (counts(run))
        @if !run.drift.is_empty() { (drift(&run.drift)) }
        (coverage(run, usual))
        @if run.summary.counts.num_rejected > 0 { (rejected(run, &detail.rejected)) }
        h2 { "Log" }
        (lines(&detail.log, "Warnings and errors, oldest first"))
        p { a href={ "/runs/" (run_id) "/log" } { "The whole log" } }
        @if may_operate && may_be_reverted(run) {
            h2 { "Undo" }
            p { a .button href={ "/runs/" (run_id) "/decide/revert" } { "Undo this run…" } }
        }
        @if let Some(guards) = &run.guards {
            h2 { "Guards in force" }
            details {
                summary { "Thresholds" }
                pre tabindex="0" { (guards.text()) }
            }
        }
    }
}

/// Says that a decision was carried out, and leads on.
fn decided(decision: Decision) -> Markup {
    html! {
        div .notice role="status" {
            p { (decide::done(decision)) " " a href="/runs?status=held" { "Other held runs" } " · " a href="/" { "What else needs a person" } }
        }
    }
}

/// How the run ended, and why.
fn headline(detail: &RunDetail) -> Markup {
    let run = &detail.run;
    html! {
        p {
            (parts::state(&run.summary.status))
            @if let Some(reason) = &run.summary.reason_code { " · " code { (parts::plain(reason)) } }
            @if let Some(millis) = run.summary.duration_ms { " · took " (parts::millis(millis)) }
        }
        @if detail.process_died {
            p .bad { "Its process died; a worker or the next run of its scope closes it." }
        }
        @if let Some(by) = run.reverted_by { p { "Undone by run " (parts::run_link(by)) "." } }
        @for line in run.message.iter().flat_map(|message| message.lines()) { p { (parts::plain(line)) } }
    }
}

/// Whether it makes sense to offer that. The engine decides whether it is possible.
fn may_be_reverted(run: &Run) -> bool {
    let is_applied =
        matches!(RunStatus::parse(&run.summary.status), Some(RunStatus::Complete | RunStatus::Partial));
    let counts = &run.summary.counts;
    let num_changed = counts.num_added + counts.num_updated + counts.num_removed + counts.num_restored;
    is_applied && run.reverted_by.is_none() && num_changed > 0
}

/// What a held run withholds, and the way to a decision.
fn held_card(run_id: i64, held: &HeldTotals) -> Markup {
    html! {
        div .card.warn {
            h2 { "It withholds changes until someone decides" }
            p { "Applying them now " "would " (decide::in_words(held)) ". The rest of the run is applied." }
            div .next { a .button.main href={ "/runs/" (run_id) "/held" } { "Look at the changes and decide" } }
        }
    }
}

fn facts(run: &Run) -> Markup {
    let summary = &run.summary;
    html! {
        dl {
            dt { "Source" } dd { (parts::source_link(&summary.source)) }
            dt { "Input" } dd { (parts::plain(&run.input)) }
            dt { "Engine" } dd { (parts::plain(&run.engine)) }
            dt { "Observed" } dd { (parts::time(summary.observed_at)) }
            dt { "Started" } dd { (parts::time(summary.started_at)) }
            dt { "Ended" } dd { (parts::time_or_none(summary.ended_at)) }
            dt { "Covers its whole scope" } dd { @if run.is_complete { "yes" } @else { "no, so it removes nothing" } }
            dt { "Guards" } dd { @if run.guards.is_some() { "on" } @else { "off" } }
            dt { "Hands off its changes" } dd { @if run.with_handoffs { "yes" } @else { "no" } }
            @if summary.num_requests > 0 {
                dt { "Requests" }
                dd {
                    (parts::count(summary.num_requests)) ", " (parts::count(summary.num_not_modified)) " not modified, "
                    (human::bytes(run.num_bytes_received)) " received"
                    @for host in &run.hosts { br; span .soft { (of_host(host)) } }
                }
            }
        }
    }
}

/// `example.com: 120 requests, 30 not modified, 2.0/s`.
pub(super) fn of_host(host: &RunHost) -> String {
    let pace = host.pace().map_or_else(String::new, |pace| format!(", {pace:.1}/s"));
    format!(
        "{}: {}, {} not modified{pace}",
        parts::plain(&host.host),
        human::counted(host.num_requests, "request"),
        parts::count(host.num_not_modified)
    )
}

fn counts(run: &Run) -> Markup {
    let counts = &run.summary.counts;
    let all = [
        ("Seen", counts.num_seen),
        ("Added", counts.num_added),
        ("Updated", counts.num_updated),
        ("Unchanged", counts.num_unchanged),
        ("Removed", counts.num_removed),
        ("Restored", counts.num_restored),
        ("Duplicate", counts.num_duplicate),
        ("Rejected", counts.num_rejected),
        ("Withheld", run.num_withheld),
        ("Moved to other keys", run.num_rekeyed),
        ("Handed off", run.summary.num_handoffs),
    ];
    html! {
        h2 { "Counts" }
        div .scroll tabindex="0" role="region" aria-label="Counts of the run" {
            table {
                caption { "Records of this run" }
                thead { tr { @for (name, _) in all { th scope="col" .n { (name) } } } }
                tbody { tr { @for (_, number) in all { td .n { (parts::count(number)) } } } }
            }
        }
    }
}

fn drift(drifts: &[FieldDrift]) -> Markup {
    html! {
        h2 { "Drift" }
        div .scroll tabindex="0" role="region" aria-label="Drift" {
            table {
                caption { "Fields whose shape differs from that of the last good runs, or from their declaration" }
                thead { tr { th scope="col" { "Field" } th scope="col" { "Change" } th scope="col" { "Was" } th scope="col" { "Is" } } }
                tbody {
                    @for drift in drifts {
                        tr {
                            td .w { (parts::plain(&drift.field_name)) }
                            td { (drift.change.replace('_', " ")) }
                            td { (drift.old_types.join(", ")) }
                            td { (drift.new_types.join(", ")) }
                        }
                    }
                }
            }
        }
    }
}

fn coverage(run: &Run, usual: &BTreeMap<String, f64>) -> Markup {
    let fields: BTreeMap<&String, (Option<f64>, Option<f64>)> = run
        .field_coverage
        .keys()
        .chain(usual.keys())
        .map(|field| (field, (run.field_coverage.get(field).copied(), usual.get(field).copied())))
        .collect();
    html! {
        h2 { "Coverage" }
        @if fields.is_empty() {
            p { "The run had no valid records." }
        } @else {
            div .scroll tabindex="0" role="region" aria-label="Coverage" {
                table {
                    caption { "Share of the valid records with a value, and the usual share: the median of the last good runs of this scope" }
                    thead { tr { th scope="col" { "Field" } th scope="col" { "This run" } th scope="col" { "Usual" } th scope="col" .n { "Difference" } } }
                    tbody {
                        @for (field, (now, usual)) in fields {
                            tr {
                                td .w { (parts::plain(field)) }
                                td .nowrap { (parts::share(now.unwrap_or_default())) }
                                td .nowrap { @match usual { Some(usual) => (parts::share(usual)), None => (parts::none()) } }
                                td .n { (difference(now.unwrap_or_default(), usual)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The difference in percentage points, marked if it is a loss.
fn difference(now: f64, usual: Option<f64>) -> Markup {
    let points = usual.map(|usual| (now - usual) * 100.0);
    match points {
        Some(points) if points <= -0.05 => html! { span .bad { "▼ " (format!("{:.1}", -points)) " points" } },
        Some(points) if points >= 0.05 => html! { "▲ " (format!("{points:.1}")) " points" },
        _ => parts::none(),
    }
}

fn rejected(run: &Run, rejected: &[RejectedRecord]) -> Markup {
    let number = run.summary.counts.num_rejected;
    let caption = if (rejected.len() as u64) < number {
        format!("The first {} of {}", rejected.len(), human::counted(number, "rejected record"))
    } else {
        human::counted(number, "rejected record")
    };
    html! {
        h2 #rejected { "Rejected records" }
        div .scroll tabindex="0" role="region" aria-label="Rejected records" {
            table {
                caption { (caption) }
                thead {
                    tr {
                        th scope="col" .n { "Line" } th scope="col" { "Reason" } th scope="col" { "Message" }
                        th scope="col" { "Text" } th scope="col" .n { "Size" }
                    }
                }
                tbody {
                    @for record in rejected {
                        tr {
                            td .n { @match record.line { Some(line) => (line), None => (parts::none()) } }
                            td { code { (record.reason_code) } }
                            td .w { (parts::plain(&record.message)) }
                            td .w {
                                @match &record.raw_text {
                                    Some(text) => code { (human::shortened(&parts::plain(text), parts::VALUE_SHOWN)) },
                                    None => "binary data",
                                }
                            }
                            td .n { (human::bytes(record.num_bytes)) }
                        }
                    }
                }
            }
        }
    }
}

/// Log lines as a table.
fn lines(lines: &[LogLine], caption: &str) -> Markup {
    html! {
        @if lines.is_empty() {
            p { "No lines. Only scrapes store logs, and old lines are deleted." }
        } @else {
            div .scroll tabindex="0" role="region" aria-label=(caption) {
                table {
                    caption { (caption) }
                    thead { tr { th scope="col" { "Time" } th scope="col" { "Level" } th scope="col" { "Message" } th scope="col" { "Details" } } }
                    tbody {
                        @for line in lines {
                            tr {
                                td .t { (parts::time(line.logged_at)) }
                                td { (parts::state(&line.level)) }
                                td .w { (parts::plain(&line.message)) }
                                td .w { code { (human::shortened(&parts::plain(line.metadata.text()), parts::VALUE_SHOWN)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
