//! The breaker of a source, and `POST /sources/{source}/breaker`: what an operator tells it.

use axum::{
    Form,
    extract::{Path as UrlPath, State},
    response::{IntoResponse, Redirect, Response},
};
use forebay_domain::breaker::BreakerCommand;
use forebay_engine::human;
use forebay_views::{Breaker, decide::breakers};
use maud::{Markup, html};
use serde::Deserialize;

use super::Path;
use crate::{
    app::App,
    pages::{
        asked::{Operator, refuse},
        parts,
    },
};

/// What to tell it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Command {
    Open,
    Close,
    Disable,
    Reset,
}

/// The form.
#[derive(Debug, Deserialize)]
pub(in crate::pages) struct Given {
    command: Command,
    #[serde(default)]
    reason: String,
}

impl From<Command> for BreakerCommand {
    fn from(command: Command) -> Self {
        match command {
            Command::Open => Self::ForceOpen,
            Command::Close => Self::Close,
            Command::Disable => Self::Disable,
            Command::Reset => Self::Reset,
        }
    }
}

/// Each command with what it does.
const COMMANDS: [(&str, &str); 4] = [
    ("open", "Refuse every call until another command"),
    ("close", "Let calls through, as usual"),
    ("reset", "Forget the calls so far, and let calls through"),
    ("disable", "Let every call through, and count none"),
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
                        @for (word, what) in COMMANDS { option value=(word) { (what) } }
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
    Form(given): Form<Given>,
) -> Response {
    let by = caller.actor().because(Some(&given.reason));
    match breakers::command(app.database(), app.sources(), &source, given.command.into(), &by).await {
        Ok(_) => Redirect::to(&format!("/sources/{}#breaker", parts::encoded(&source))).into_response(),
        Err(failure) => refuse(&failure),
    }
}
