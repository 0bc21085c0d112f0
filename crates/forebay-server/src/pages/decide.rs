//! `/runs/{run}/decide/{decision}`: what a decision about a run will do, counted before it is confirmed; then does it.

use axum::{
    extract::{Path as UrlPath, State},
    response::{IntoResponse, Redirect, Response},
};
use forebay_domain::access::Permission;
use forebay_engine::human;
use forebay_views::{
    HeldTotals,
    decide::runs::{Decided, Decision, Plan, plan},
    failure::Failure,
    names::{self, RunName},
    rights,
};
use maud::html;
use serde::Deserialize;

use super::{
    address::Address,
    asked::{Asked, Operator, Submitted, refuse},
    frame::{Content, Section},
    parts,
};
use crate::{app::App, caller::Caller};

/// The words of its button.
pub(super) const fn offer(decision: Decision) -> &'static str {
    match decision {
        Decision::Release => "Apply the changes",
        Decision::Reject => "Discard the changes",
        Decision::Rekey => "Move the keys and apply the rest",
        Decision::Revert => "Undo the run",
    }
}

/// What was done.
pub(super) const fn done(decision: Decision) -> &'static str {
    match decision {
        Decision::Release => "Released: the withheld changes are applied.",
        Decision::Reject => "Rejected: the withheld changes are discarded, and stored data is unchanged.",
        Decision::Rekey => "Re-keyed: the records kept their ids and history under their new keys.",
        Decision::Revert => "Undone: this new run gave each record the state that it had before.",
    }
}

const fn explanation(decision: Decision) -> &'static str {
    match decision {
        Decision::Release => {
            "The withheld changes are applied in one transaction, and their hand-offs follow."
        }
        Decision::Reject => "The withheld changes are dropped. Stored data stays as it is.",
        Decision::Rekey => {
            "Records with the same content under a new key keep their ids and history. The rest is applied."
        }
        Decision::Revert => {
            "A new run gives each record the state that it had before: history is added, never rewritten. Records that \
             later runs have changed stay as they are."
        }
    }
}

/// What it is about.
#[derive(Debug, Deserialize)]
pub(super) struct Path {
    run: RunName,
    decision: Decision,
}

/// How one came here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shown {
    /// Present: the effects changed since they were counted.
    changed: Option<String>,
}

/// A confirmation.
#[derive(Debug, Deserialize)]
pub(super) struct Confirmed {
    /// The effects that the operator saw.
    expected: String,
    /// Why.
    #[serde(default)]
    reason: String,
}

/// The page that asks.
pub(super) fn address(run_id: i64, decision: Decision) -> Address {
    Address::new(format!("/runs/{run_id}/decide/{decision}"), [])
}

/// `GET /runs/{run}/decide/{decision}`
pub(super) async fn ask(asked: Asked<Path, Shown>) -> Response {
    let content = question(&asked).await;
    asked.answer(Section::Runs, content)
}

async fn question(asked: &Asked<Path, Shown>) -> Result<Content, Failure> {
    rights::check_role(&asked.caller.principal, Permission::Operate)?;
    let decision = asked.path.decision;
    let run_id = names::run(&asked.app.client().await?, asked.path.run).await?;
    let plan = plan(asked.app.database(), run_id, decision).await?;
    let num_rekeyed = plan.num_rekeyed.filter(|number| *number > 0);
    let back = if decision.about_held().is_some() {
        format!("/runs/{run_id}/held")
    } else {
        format!("/runs/{run_id}")
    };
    let effects = &plan.effects;
    let body = html! {
        @if asked.query.changed.is_some() {
            div .notice.bad role="alert" { p { "The effects have changed since you looked. Nothing was done; these are the new counts." } }
        }
        p { "Run " (parts::run_link(run_id)) " of " (parts::subject(&plan.run.source, &plan.run.scope)) }
        p { (explanation(decision)) }
        div .card.warn {
            h2 { @if decision == Decision::Reject { "It discards changes that would" } @else { "It will" } }
            p { strong { (in_words(&effects.totals)) } ", of " (human::counted(effects.num_active, "active record")) "." }
            @if effects.totals.num_removed > 0 {
                p { "Removals are " (human::share(effects.removed_share)) " of the active records." }
            }
            @if let Some(number) = num_rekeyed { p { (human::counted(number, "record")) " move to other keys." } }
            @if let Some(number) = plan.num_kept { p { (human::counted(number, "record")) " that later runs changed stay as they are." } }
        }
        form .choice method="post" action=(address(run_id, decision)) {
            input type="hidden" name="expected" value=(fingerprint(&plan));
            (parts::reason())
            button .main type="submit" { (offer(decision)) }
            a .button href=(back) { "Back" }
        }
    };
    Ok(Content::new(format!("{}?", offer(decision)), body))
}

/// `POST /runs/{run}/decide/{decision}`
pub(super) async fn carry_out(
    State(app): State<App>,
    Operator(caller): Operator,
    UrlPath(Path { run, decision }): UrlPath<Path>,
    Submitted(confirmed): Submitted<Confirmed>,
) -> Response {
    // A task of its own: a decision that has begun ends as it must, even if the browser goes away.
    let deciding =
        app.clone().tasks().spawn(async move { do_it(&app, &caller, run, decision, &confirmed).await });
    let done = deciding.await.unwrap_or_else(|error| {
        Err(Failure::new("internal_error", "the decision ended abruptly").because(&error))
    });
    match done {
        Ok(address) => Redirect::to(&address.to_string()).into_response(),
        Err(failure) => refuse(&failure),
    }
}

async fn do_it(
    app: &App,
    caller: &Caller,
    run: RunName,
    decision: Decision,
    confirmed: &Confirmed,
) -> Result<Address, Failure> {
    let run_id = names::run(&app.client().await?, run).await?;
    let plan = plan(app.database(), run_id, decision).await?;
    if fingerprint(&plan) != confirmed.expected {
        return Ok(address(run_id, decision).with("changed", "yes"));
    }
    let by = caller.actor().because(Some(&confirmed.reason));
    let Decided { view, not_in_ledger } = plan.carry_out(app.database(), app.sources(), &by).await?;
    if let Some(error) = not_in_ledger {
        tracing::warn!(run_id, %error, "the ledger of freshness could not record this run");
    }
    Ok(Address::new(format!("/runs/{}", view.run.summary.run_id), [("decided", decision.as_str())]))
}

/// What the operator agrees to: if it differs when the form arrives, the question is asked again.
fn fingerprint(plan: &Plan) -> String {
    let HeldTotals { num_added, num_updated, num_restored, num_removed } = plan.effects.totals;
    let num_rekeyed = plan.num_rekeyed.unwrap_or_default();
    format!("{num_added}-{num_updated}-{num_restored}-{num_removed}-{num_rekeyed}")
}

/// `remove 35 records, update 2 records`.
pub(super) fn in_words(totals: &HeldTotals) -> String {
    let HeldTotals { num_added, num_updated, num_restored, num_removed } = *totals;
    let parts =
        [("remove", num_removed), ("update", num_updated), ("add", num_added), ("restore", num_restored)];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(verb, number)| format!("{verb} {}", human::counted(number, "record")))
        .collect();
    if parts.is_empty() { "change nothing".to_owned() } else { parts.join(", ") }
}
