//! Lets callers through to what they may do.
//!
//! A principal with a list of sources may call operations that are about one of them: they name it, or a run or
//! reference of it. Everything else concerns all sources or none, and is refused.

use axum::http::request::Parts;
use forebay_domain::access::Permission;
use forebay_store::runs;
use forebay_views::{
    failure::Failure,
    names::{self, RunName},
};

use crate::{app::App, caller::Caller, problem::Problem};

/// What a request is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'a> {
    /// All sources, or nothing that belongs to a source.
    Everything,
    /// A source, by its name.
    Source(&'a str),
    /// A run, and so its source.
    Run(RunName),
    /// A reference by its name, and so its source.
    Reference(&'a str),
}

impl<'a> Subject<'a> {
    /// What a filter by source selects.
    pub(crate) fn filtered(source: Option<&'a str>) -> Self {
        source.map_or(Self::Everything, Self::Source)
    }
}

/// Says who calls, and checks their role. Errors: `authentication_required`, `token_refused`, `too_many_failures`,
/// `permission_missing`.
pub(crate) async fn admit(app: &App, parts: &Parts, needs: Permission) -> Result<Caller, Problem> {
    let caller = app.access().recognise(app.database(), parts).await?;
    caller.check_role(needs)?;
    Ok(caller)
}

/// Checks what the request is about, for a caller who may use some sources only. Error: `permission_missing`.
pub(crate) async fn check_subject(
    app: &App,
    caller: &Caller,
    needs: Permission,
    subject: Subject<'_>,
) -> Result<(), Failure> {
    if caller.principal.sources.is_none() {
        return Ok(());
    }
    caller.check(needs, source_of(app, subject).await?.as_deref())
}

/// The source of a subject. What doesn't exist has none: callers of other sources don't learn what does.
async fn source_of(app: &App, subject: Subject<'_>) -> Result<Option<String>, Failure> {
    let found = match subject {
        // The latest run may be another one when it is used.
        Subject::Everything | Subject::Run(RunName::Latest) => return Ok(None),
        Subject::Source(name) => return Ok(Some(name.to_owned())),
        Subject::Run(name) => {
            let client = app.client().await?;
            match names::run(&client, name).await {
                Ok(run_id) => return Ok(runs::find(&**client, run_id).await?.map(|run| run.source)),
                Err(failure) => Err(failure),
            }
        }
        Subject::Reference(name) => names::reference(&app.client().await?, name).await,
    };
    match found {
        Ok(reference) => Ok(Some(reference.source)),
        Err(failure) if failure.code().starts_with("no_such_") || failure.code() == "reference_name" => {
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}
