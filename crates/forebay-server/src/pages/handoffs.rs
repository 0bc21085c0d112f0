//! `GET /handoffs`: pipelines by state, failures by cause, and the list.

use std::time::Duration;

use axum::response::Response;
use forebay_domain::handoff::State;
use forebay_engine::{clock, human};
use forebay_store::{
    connect::Client,
    handoffs::{self, BoardCell, FailureCause, HandoffFilter, Rate},
    pauses::{self, Pause},
    sources,
};
use forebay_views::{Handoff, Page, failure::Failure, read};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    address::Address,
    asked::Asked,
    frame::{Content, Section},
    handoff_filter::Filter,
    parts, pause,
};
use crate::endpoint::None;

/// Hand-offs on a page.
const LIMIT: i64 = 50;
/// How far back successes and failures are counted.
const RATE_WINDOW: Duration = Duration::from_mins(15);
/// How long a page waits for the number of hand-offs in its list.
const COUNT_TIME: &str = "set local statement_timeout = '700ms'";
/// The same for rates. An index of blocks finds the latest outcomes, most of which are together.
const RATE_SETTINGS: &str = "set local statement_timeout = '700ms'; set local enable_seqscan = off";
/// The states of hand-offs that are open or failed.
const UNRESOLVED: [&str; 5] = ["failed", "held", "retrying", "active", "pending"];

/// A page about the failed hand-offs with a cause.
pub(super) fn of_cause(path: &str, cause: &FailureCause) -> Address {
    Address::new(
        path,
        [
            ("pipeline", cause.pipeline.as_str()),
            ("state", "failed"),
            ("reason_code", cause.reason_code.as_str()),
            ("failure_code", cause.failure_code.as_deref().unwrap_or_default()),
        ],
    )
}

/// `GET /handoffs`
pub(super) async fn show(asked: Asked<None, Filter>) -> Response {
    let content = read(&asked).await;
    asked.answer(Section::Handoffs, content)
}

async fn read(asked: &Asked<None, Filter>) -> Result<Content, Failure> {
    let filter = &asked.query;
    let mut client = asked.app.client().await?;
    let page = read::handoffs::page(&client, filter.for_store(LIMIT), filter.after.as_deref()).await?;
    let number = count(&mut client, &filter.for_store(parts::MOST_COUNTED)).await;
    let board = handoffs::board(&**client, parts::MOST_COUNTED).await?;
    let rates = rates(&mut client).await;
    let causes = handoffs::causes(&**client, parts::MOST_COUNTED).await?;
    let pauses = pauses::list(&**client, Option::None).await?;
    let names = sources::names(&**client).await?;
    drop(client);
    let mut pipelines: Vec<&str> = board.iter().map(|cell| cell.pipeline.as_str()).collect();
    pipelines.dedup();
    let is_first = filter.after.is_none();
    let body = html! {
        (pipelines_by_state(&board, rates.as_deref(), &pauses))
        @if asked.may_operate() && !pipelines.is_empty() { (pause::form(&pipelines, filter, asked.address())) }
        p { a href="/handoffs/deliveries" { "Requests of webhooks, with their responses" } }
        (by_cause(&causes, asked.may_operate()))
        h2 #list { "Hand-offs" }
        form .filters method="get" action="/handoffs#list" role="search" {
            (parts::choice("pipeline", "Pipeline", pipelines.iter().copied(), filter.pipeline.as_deref()))
            (parts::choice("state", "State", State::ALL.iter().map(|state| state.as_str()), filter.state.map(State::as_str)))
            (parts::choice("source", "Source", names.iter().map(String::as_str), filter.source.as_deref()))
            label { "Reason code" input type="text" name="reason_code" value=[filter.reason_code.as_deref()]; }
            label { "Failure code" input type="text" name="failure_code" value=[filter.failure_code.as_deref()]; }
            button type="submit" { "Filter" }
            a href="/handoffs" { "All" }
        }
        p {
            (number_of(number))
            @if asked.may_operate() && filter.state == Some(State::Failed) && !page.items.is_empty() {
                " · " a .button href=(filter.address("/handoffs/retry")) { "Retry all of these…" }
            }
        }
        (table(&page, "Hand-offs, newest first"))
        (parts::pager(asked.address(), is_first, page.next.as_deref()))
    };
    let content = Content::new("Hand-offs", body);
    Ok(if is_first { content.live(&["handoffs"]) } else { content })
}

/// The number of hand-offs in a list, unless counting takes too long.
pub(super) async fn count(client: &mut Client, filter: &HandoffFilter) -> Option<u64> {
    let transaction = client.transaction().await.ok()?;
    transaction.batch_execute(COUNT_TIME).await.ok()?;
    handoffs::count(&*transaction, filter).await.ok()
}

pub(super) fn number_of(number: Option<u64>) -> String {
    match number {
        Some(1) => "1 hand-off".to_owned(),
        Some(number) => format!("{} hand-offs", parts::capped(number)),
        None => "Too many hand-offs to count at once".to_owned(),
    }
}

fn pipelines_by_state(board: &[BoardCell], rates: Option<&[Rate]>, pauses: &[Pause]) -> Markup {
    let now = clock::now();
    let mut pipelines: Vec<(&str, bool)> =
        board.iter().map(|cell| (cell.pipeline.as_str(), cell.enabled)).collect();
    pipelines.dedup();
    let number = |pipeline: &str, state: &str| {
        let is_it = |cell: &&BoardCell| cell.pipeline == pipeline && cell.state.as_deref() == Some(state);
        board.iter().find(is_it).map_or(0, |cell| cell.num_handoffs)
    };
    let oldest = |pipeline: &str| {
        let open =
            board.iter().filter(|cell| cell.pipeline == pipeline && cell.state.as_deref() != Some("failed"));
        open.filter_map(|cell| cell.oldest_enqueued_at).min()
    };
    html! {
        h2 { "Pipelines" }
        @if pipelines.is_empty() {
            p { "No pipelines are declared. Add " code { "[pipelines.NAME]" } " to forebay.toml." }
        } @else {
            div .scroll tabindex="0" role="region" aria-label="Pipelines by state" {
                table {
                    caption { "Unresolved hand-offs by pipeline and state, and the results of the last " (human::duration(RATE_WINDOW)) }
                    thead {
                        tr {
                            th scope="col" { "Pipeline" }
                            @for state in UNRESOLVED { th scope="col" .n { (parts::state(state)) } }
                            th scope="col" .n { "Oldest open" }
                            th scope="col" .n { "Succeeded" }
                            th scope="col" .n { "Failed attempts" }
                        }
                    }
                    tbody {
                        @for (pipeline, enabled) in pipelines {
                            tr {
                                th scope="row" {
                                    (parts::plain(pipeline))
                                    @if !enabled { " " span .warn { "■ disabled" } }
                                    @for pause in pauses.iter().filter(|pause| pause.pipeline == pipeline) { (paused(pause)) }
                                }
                                @for state in UNRESOLVED { td .n { (cell(pipeline, state, number(pipeline, state))) } }
                                td .n { (age(oldest(pipeline), now)) }
                                @for number in of_late(rates, pipeline) { td .n { (number) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What became of the latest attempts, unless counting takes too long.
async fn rates(client: &mut Client) -> Option<Vec<Rate>> {
    let transaction = client.transaction().await.ok()?;
    transaction.batch_execute(RATE_SETTINGS).await.ok()?;
    handoffs::rates(&*transaction, RATE_WINDOW, parts::MOST_COUNTED).await.ok()
}

/// The successes and the failed attempts of a pipeline within [`RATE_WINDOW`]: how many, and how many a minute.
fn of_late(rates: Option<&[Rate]>, pipeline: &str) -> [Markup; 2] {
    let Some(rates) = rates else { return [parts::none(), parts::none()] };
    let rate = rates.iter().find(|rate| rate.pipeline == pipeline);
    let minutes = RATE_WINDOW.as_secs_f64() / 60.0;
    [rate.map_or(0, |rate| rate.num_succeeded), rate.map_or(0, |rate| rate.num_failed)].map(|number| {
        let is_capped = number >= parts::MOST_COUNTED.unsigned_abs();
        html! {
            (parts::capped(number))
            @if number > 0 { " (" @if is_capped { "over " } (format!("{:.1}", number as f64 / minutes)) "/min)" }
        }
    })
}

fn paused(pause: &Pause) -> Markup {
    html! {
        br;
        span .warn {
            "■ paused " (human::pause_end(pause.until))
            @if let Some(key) = &pause.key { ", key " (parts::plain(key)) }
        }
    }
}

fn cell(pipeline: &str, state: &str, number: u64) -> Markup {
    let address = Address::new("/handoffs", [("pipeline", pipeline), ("state", state)]);
    html! {
        @if number == 0 { span .soft { "0" } } @else { a href={ (address) "#list" } { (parts::capped(number)) } }
    }
}

fn age(since: Option<Timestamp>, now: Timestamp) -> Markup {
    match since {
        // The database's clock may be ahead.
        Some(at) => html! { (human::duration(now.duration_since(at).try_into().unwrap_or_default())) },
        None => parts::none(),
    }
}

fn by_cause(causes: &[FailureCause], may_retry: bool) -> Markup {
    html! {
        @if !causes.is_empty() {
            h2 #causes { "Failures by cause" }
            div .scroll tabindex="0" role="region" aria-label="Failures by cause" {
                table {
                    caption { "Failed hand-offs by cause, the most frequent first" }
                    thead {
                        tr {
                            th scope="col" { "Pipeline" } th scope="col" { "Cause" } th scope="col" .n { "Hand-offs" }
                            th scope="col" { "Last failed" } th scope="col" { "A message" }
                            @if may_retry { th scope="col" { "Next" } }
                        }
                    }
                    tbody { @for cause in causes { (cause_row(cause, may_retry)) } }
                }
            }
        }
    }
}

fn cause_row(cause: &FailureCause, may_retry: bool) -> Markup {
    html! {
        tr {
            td { (parts::plain(&cause.pipeline)) }
            td {
                code { (parts::plain(cause.failure_code.as_deref().unwrap_or(&cause.reason_code))) }
                @if cause.failure_code.is_some() { br; span .soft { (cause.reason_code) } }
            }
            td .n { a href={ (of_cause("/handoffs", cause)) "#list" } { (parts::capped(cause.num_handoffs)) } }
            td .t { (parts::time(cause.last_finished_at.into())) }
            td .w { (cause.message.as_deref().map(parts::plain).unwrap_or_default()) }
            @if may_retry { td { a .button href=(of_cause("/handoffs/retry", cause)) { "Retry…" } } }
        }
    }
}

/// Hand-offs as a table.
pub(super) fn table(page: &Page<Handoff>, caption: &str) -> Markup {
    html! {
        @if page.items.is_empty() {
            p { "No hand-offs." }
        } @else {
            div .scroll tabindex="0" role="region" aria-label=(caption) {
                table {
                    caption { (caption) }
                    thead {
                        tr {
                            th scope="col" { "State" } th scope="col" { "Pipeline" } th scope="col" { "Record" }
                            th scope="col" { "Change" } th scope="col" .n { "Version" } th scope="col" .n { "Failed tries" }
                            th scope="col" { "Queued" } th scope="col" { "Last error" }
                        }
                    }
                    tbody { @for handoff in &page.items { (row(handoff)) } }
                }
            }
        }
    }
}

fn row(handoff: &Handoff) -> Markup {
    html! {
        tr {
            td { (parts::state(&handoff.state)) br; span .soft { (handoff.reason_code) } }
            td { (parts::plain(&handoff.pipeline)) }
            td .w { (parts::reference(&handoff.reference_id, handoff.source.as_deref(), handoff.record_key.as_deref())) }
            td { (handoff.change) }
            td .n { (handoff.version) }
            td .n { (handoff.num_attempts) }
            td .t { (parts::time(handoff.enqueued_at)) }
            td .w {
                @if let Some(code) = &handoff.failure_code { code { (parts::plain(code)) } " " }
                @if let Some(message) = &handoff.failure_message {
                    (human::shortened(&parts::plain(message), parts::VALUE_SHOWN))
                }
            }
        }
    }
}
