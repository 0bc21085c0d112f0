//! `/runs/{run}/decide/{decision}`: what a decision about a run will do, counted before it is confirmed; then does it.

use axum::{
    Form,
    extract::{Path as UrlPath, State},
    response::{IntoResponse, Redirect, Response},
};
use forebay_domain::access::Permission;
use forebay_engine::{
    freshness::enter_decided,
    human,
    persist::{self, HeldDecision},
};
use forebay_views::{
    HeldTotals, RunEffects,
    failure::Failure,
    names::{self, RunName},
};
use maud::html;
use serde::Deserialize;

use super::{
    address::Address,
    asked::{Asked, Operator, refuse},
    frame::{Content, Section},
    parts,
};
use crate::{app::App, caller::Caller};

forebay_domain::words! {
    /// A decision about a run.
    pub(super) enum Decision {
        /// Apply what a held run withholds.
        Release = "release",
        /// Drop what it withholds.
        Reject = "reject",
        /// Move keys, and apply the rest.
        Rekey = "rekey",
        /// Undo an applied run.
        Revert = "revert",
    }
}

impl Decision {
    /// The words of its button.
    pub(super) const fn offer(self) -> &'static str {
        match self {
            Self::Release => "Apply the changes",
            Self::Reject => "Discard the changes",
            Self::Rekey => "Move the keys and apply the rest",
            Self::Revert => "Undo the run",
        }
    }

    /// What was done.
    pub(super) const fn done(self) -> &'static str {
        match self {
            Self::Release => "Released: the withheld changes are applied.",
            Self::Reject => "Rejected: the withheld changes are discarded, and stored data is unchanged.",
            Self::Rekey => "Re-keyed: the records kept their ids and history under their new keys.",
            Self::Revert => "Undone: this new run gave each record the state that it had before.",
        }
    }

    const fn explanation(self) -> &'static str {
        match self {
            Self::Release => {
                "The withheld changes are applied in one transaction, and their hand-offs follow."
            }
            Self::Reject => "The withheld changes are dropped. Stored data stays as it is.",
            Self::Rekey => {
                "Records with the same content under a new key keep their ids and history. The rest is applied."
            }
            Self::Revert => {
                "A new run gives each record the state that it had before: history is added, never rewritten. Records \
                 that later runs have changed stay as they are."
            }
        }
    }

    const fn about_held(self) -> Option<HeldDecision> {
        match self {
            Self::Release => Some(HeldDecision::Release),
            Self::Reject => Some(HeldDecision::Reject),
            Self::Rekey => Some(HeldDecision::Rekey),
            Self::Revert => None,
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

/// What a decision would do.
struct Planned {
    run_id: i64,
    subject: String,
    effects: RunEffects,
    num_rekeyed: Option<u64>,
    num_kept: Option<u64>,
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
    asked.caller.check_role(Permission::Operate)?;
    let decision = asked.path.decision;
    let planned = plan(&asked.app, asked.path.run, decision).await?;
    let run_id = planned.run_id;
    let back = if decision.about_held().is_some() {
        format!("/runs/{run_id}/held")
    } else {
        format!("/runs/{run_id}")
    };
    let effects = &planned.effects;
    let body = html! {
        @if asked.query.changed.is_some() {
            div .notice.bad role="alert" { p { "The effects have changed since you looked. Nothing was done; these are the new counts." } }
        }
        p { "Run " (parts::run_link(run_id)) " of " (planned.subject) }
        p { (decision.explanation()) }
        div .card.warn {
            h2 { @if decision == Decision::Reject { "It discards changes that would" } @else { "It will" } }
            p { strong { (in_words(&effects.totals)) } ", of " (human::counted(effects.num_active, "active record")) "." }
            @if effects.totals.num_removed > 0 {
                p { "Removals are " (human::share(effects.removed_share)) " of the active records." }
            }
            @if let Some(number) = planned.num_rekeyed { p { (human::counted(number, "record")) " move to other keys." } }
            @if let Some(number) = planned.num_kept { p { (human::counted(number, "record")) " that later runs changed stay as they are." } }
        }
        form .choice method="post" action=(address(run_id, decision)) {
            input type="hidden" name="expected" value=(planned.fingerprint());
            (parts::reason())
            button .main type="submit" { (decision.offer()) }
            a .button href=(back) { "Back" }
        }
    };
    Ok(Content::new(format!("{}?", decision.offer()), body))
}

/// `POST /runs/{run}/decide/{decision}`
pub(super) async fn carry_out(
    State(app): State<App>,
    Operator(caller): Operator,
    UrlPath(Path { run, decision }): UrlPath<Path>,
    Form(confirmed): Form<Confirmed>,
) -> Response {
    // A task of its own: a decision that has begun ends as it must, even if the browser goes away.
    let deciding = tokio::spawn(async move { do_it(&app, &caller, run, decision, &confirmed).await });
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
    let planned = plan(app, run, decision).await?;
    let (database, run_id) = (app.database(), planned.run_id);
    if planned.fingerprint() != confirmed.expected {
        return Ok(address(run_id, decision).with("changed", "yes"));
    }
    let by = caller.actor().because(Some(&confirmed.reason));
    let decided = match decision {
        Decision::Release => persist::release(database, run_id, &by).await?,
        Decision::Reject => persist::reject(database, run_id, &by).await?,
        Decision::Rekey => persist::rekey(database, run_id, &by).await?.run,
        Decision::Revert => persist::revert(database, run_id, &by).await?.run,
    };
    let is_applied = matches!(decision, Decision::Release | Decision::Rekey);
    if is_applied && let Err(error) = enter_decided(database, app.sources(), run_id).await {
        // The decision is carried out; only the age of the data is not known.
        tracing::warn!(run_id, %error, "the ledger of freshness could not record this run");
    }
    Ok(Address::new(format!("/runs/{}", decided.run_id), [("decided", decision.as_str())]))
}

async fn plan(app: &App, run: RunName, decision: Decision) -> Result<Planned, Failure> {
    let database = app.database();
    let run_id = names::run(&app.client().await?, run).await?;
    let planned = |run: &forebay_store::runs::RunRow, effects, num_rekeyed, num_kept| Planned {
        run_id,
        subject: parts::subject(&run.source, &run.scope),
        effects,
        num_rekeyed,
        num_kept,
    };
    Ok(if let Some(held) = decision.about_held() {
        let preview = persist::preview(database, run_id, held).await?;
        planned(&preview.run, RunEffects::from(&preview), preview.num_rekeyed, None)
    } else {
        let (run, totals, num_active) = persist::preview_revert(database, run_id).await?;
        let effects = RunEffects::of_revert(&totals, num_active);
        let num_rekeyed = (totals.num_rekeyed > 0).then_some(totals.num_rekeyed);
        planned(&run, effects, num_rekeyed, Some(totals.num_kept))
    })
}

impl Planned {
    /// What the operator agrees to: if it differs when the form arrives, the question is asked again.
    fn fingerprint(&self) -> String {
        let HeldTotals { num_added, num_updated, num_restored, num_removed } = self.effects.totals;
        let num_rekeyed = self.num_rekeyed.unwrap_or_default();
        format!("{num_added}-{num_updated}-{num_restored}-{num_removed}-{num_rekeyed}")
    }
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
