//! The timeline of a source: its runs, the transitions of its breaker and the changes by people, newest first.

use std::cmp::Reverse;

use forebay_engine::human;
use forebay_views::{
    Breaker, BreakerTransition, OperatorAction, Page, RunSummary, Time, read::breakers::NUM_TRANSITIONS,
};
use maud::{Markup, html};

use crate::pages::parts;

/// Something that happened.
enum Event<'a> {
    Run(&'a RunSummary),
    Transition(&'a BreakerTransition),
    Action(&'a OperatorAction),
}

impl Event<'_> {
    fn at(&self) -> Time {
        match self {
            Self::Run(run) => run.started_at,
            Self::Transition(transition) => transition.changed_at,
            Self::Action(action) => action.acted_at,
        }
    }
}

/// The latest events of each kind as one table. What is older than the end of a list that has more is left out, so it
/// has no holes.
pub(super) fn timeline(runs: &Page<RunSummary>, breaker: &Breaker, actions: &Page<OperatorAction>) -> Markup {
    let transitions = &breaker.transitions;
    let since = [
        runs.items.last().filter(|_| runs.next.is_some()).map(|run| run.started_at),
        actions.items.last().filter(|_| actions.next.is_some()).map(|action| action.acted_at),
        transitions
            .last()
            .filter(|_| transitions.len() >= NUM_TRANSITIONS as usize)
            .map(|last| last.changed_at),
    ];
    let since = since.into_iter().flatten().max();
    let mut events: Vec<Event<'_>> = runs.items.iter().map(Event::Run).collect();
    events.extend(transitions.iter().map(Event::Transition));
    events.extend(actions.items.iter().map(Event::Action));
    events.retain(|event| since.is_none_or(|since| event.at() >= since));
    events.sort_by_key(|event| Reverse(event.at()));
    html! {
        @if events.is_empty() {
            p { "Nothing happened yet." }
        } @else {
            div .scroll tabindex="0" role="region" aria-label="Timeline" {
                table {
                    caption {
                        "Its latest runs, transitions of its breaker and changes by people, newest first"
                        @if let Some(since) = since { ", since " (parts::time(since)) }
                    }
                    thead { tr { th scope="col" { "Time" } th scope="col" { "What" } th scope="col" { "Outcome" } th scope="col" { "Details" } } }
                    tbody { @for event in &events { tr { td .t { (parts::time(event.at())) } (cells(event)) } } }
                }
            }
        }
    }
}

fn cells(event: &Event<'_>) -> Markup {
    match event {
        Event::Run(run) => of_run(run),
        Event::Transition(transition) => html! {
            td { "breaker" @if let Some(run_id) = transition.run_id { " by run " (parts::run_link(run_id)) } }
            td { (parts::state(&transition.from_state)) " → " (parts::state(&transition.to_state)) }
            td { code { (parts::plain(&transition.reason_code)) } }
        },
        Event::Action(action) => html! {
            td { (parts::plain(&action.actor)) " " span .soft { (action.skin) } }
            td { code { (action.action) } }
            td .w { (parts::text_or_none(action.reason.as_deref())) }
        },
    }
}

fn of_run(run: &RunSummary) -> Markup {
    let counts = &run.counts;
    html! {
        td {
            "run " (parts::run_link(run.run_id))
            @if !run.scope.is_empty() { br; span .soft { (parts::plain(&run.scope)) } }
        }
        td {
            (parts::state(&run.status))
            @if let Some(reason) = &run.reason_code { br; span .soft { (parts::plain(reason)) } }
        }
        td .w {
            (parts::count(counts.num_seen)) " seen: " (parts::count(counts.num_added)) " added, "
            (parts::count(counts.num_updated)) " updated, " (parts::count(counts.num_removed)) " removed"
            @if counts.num_rejected > 0 { ", " (parts::count(counts.num_rejected)) " rejected" }
            @if run.num_requests > 0 { br; span .soft { (requests(run)) } }
        }
    }
}

/// `120 requests, 30 not modified`.
fn requests(run: &RunSummary) -> String {
    let (number, unchanged) =
        (human::counted(run.num_requests, "request"), parts::count(run.num_not_modified));
    format!("{number}, {unchanged} not modified")
}
