//! The breaker of a source, and `POST /sources/{source}/breaker`: what an operator tells it.

use axum::{
    extract::{Path as UrlPath, State},
    response::{IntoResponse, Redirect, Response},
};
use forebay_domain::breaker::BreakerCommand;
use forebay_engine::human;
use forebay_views::{Breaker, decide::breakers, failure::Failure};
use maud::{Markup, html};
use serde::Deserialize;

use super::Path;
use crate::{
    app::App,
    caller::Caller,
    pages::{
        asked::{Operator, Submitted, refuse},
        parts,
    },
};

/// The form.
#[derive(Debug, Deserialize)]
pub(in crate::pages) struct Given {
    command: String,
    #[serde(default)]
    reason: String,
}

/// Each command with what it does.
const COMMANDS: [(BreakerCommand, &str); 4] = [
    (BreakerCommand::ForceOpen, "Refuse every call until another command"),
    (BreakerCommand::Close, "Let calls through, as usual"),
    (BreakerCommand::Reset, "Forget the calls so far, and let calls through"),
    (BreakerCommand::Disable, "Let every call through, and count none"),
];

/// Its state, and the commands for whoever may give them.
pub(super) fn card(breaker: &Breaker, may_operate: bool) -> Markup {
    html! {
        h2 #breaker { "Breaker" }
        p {
            (parts::state(&breaker.state)) " · " code { (parts::plain(&breaker.reason_code)) }
            @if let Some(since) = breaker.since { " · since " (parts::time(since)) }
            @if let Some(at) = breaker.retry_at { " · next try at " (parts::time(at)) }
        }
        p .soft {
            (breaker.window.num_failures) " of the last " (breaker.window.num_calls) " calls failed ("
            (human::share(breaker.window.failure_rate)) ")."
        }
        @if may_operate {
            details {
                summary { "Change the breaker…" }
                form .choice method="post" action={ "/sources/" (parts::encoded(&breaker.source)) "/breaker" } {
                    label .wide { "What it does from now on" select name="command" required {
                        @for (command, what) in COMMANDS { option value=(command) { (what) } }
                    } }
                    (parts::reason())
                    button .main type="submit" { "Change the breaker" }
                }
            }
        }
    }
}

/// `POST /sources/{source}/breaker`
pub(in crate::pages) async fn carry_out(
    State(app): State<App>,
    Operator(caller): Operator,
    UrlPath(Path { source }): UrlPath<Path>,
    Submitted(given): Submitted<Given>,
) -> Response {
    match command(&app, &caller, &source, &given).await {
        Ok(()) => Redirect::to(&format!("/sources/{}#breaker", parts::encoded(&source))).into_response(),
        Err(failure) => refuse(&failure),
    }
}

async fn command(app: &App, caller: &Caller, source: &str, given: &Given) -> Result<(), Failure> {
    let command = BreakerCommand::parse(&given.command).ok_or_else(|| {
        Failure::usage("command_unknown", format!("a breaker has no command {:?}", given.command))
    })?;
    let by = caller.actor().because(Some(&given.reason));
    breakers::command(app.database(), app.sources(), source, command, &by).await?;
    Ok(())
}
