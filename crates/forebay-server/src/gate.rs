//! Lets callers through to what they may do.

use axum::http::request::Parts;
use forebay_domain::access::Permission;
pub(crate) use forebay_views::rights::Subject;
use forebay_views::{failure::Failure, rights};

use crate::{app::App, caller::Caller, problem::Problem};

/// Says who calls, and checks their role. Errors: `authentication_required`, `token_refused`, `too_many_failures`,
/// `permission_missing`.
pub(crate) async fn admit(app: &App, parts: &Parts, needs: Permission) -> Result<Caller, Problem> {
    let caller = app.access().recognise(app.database(), parts).await?;
    rights::check_role(&caller.principal, needs)?;
    Ok(caller)
}

/// Checks what the request is about, for a caller who may use some sources only. Error: `permission_missing`.
pub(crate) async fn check_subject(
    app: &App,
    caller: &Caller,
    needs: Permission,
    subject: Subject<'_>,
) -> Result<(), Failure> {
    rights::check_subject(app.database(), &caller.principal, needs, subject).await
}
