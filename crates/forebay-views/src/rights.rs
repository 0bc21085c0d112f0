//! Who may do what, as errors that say what is missing.
//!
//! A principal with a list of sources may do what is about one of them: they name it, or a run or reference of it.
//! Everything else concerns all sources or none, and is refused.

use forebay_domain::access::{Permission, Principal};
use forebay_store::{connect::Database, runs};

use crate::{
    failure::Failure,
    names::{self, RunName},
};

/// What a request is about.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
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
    pub fn filtered(source: Option<&'a str>) -> Self {
        source.map_or(Self::Everything, Self::Source)
    }
}

/// Checks that the role of a principal permits something. Error: `permission_missing`.
pub fn check_role(principal: &Principal, permission: Permission) -> Result<(), Failure> {
    let role = principal.role;
    if role.permissions().contains(&permission) {
        return Ok(());
    }
    let message = format!("the role {role} does not include the permission {permission}");
    Err(Failure::usage("permission_missing", message)
        .hint("use a token of another role; `forebay tokens create` makes one"))
}

/// Checks that a principal may do something with a source; `None`: with all sources, or something that has none. Error:
/// `permission_missing`.
pub fn check(principal: &Principal, permission: Permission, source: Option<&str>) -> Result<(), Failure> {
    check_role(principal, permission)?;
    if principal.may(permission, source) {
        return Ok(());
    }
    let sources = principal.sources.as_deref().unwrap_or_default().join(", ");
    let message =
        format!("the token is good for these sources only, and for requests about one of them: {sources}");
    Err(Failure::usage("permission_missing", message)
        .hint("name one of them as `source`, or use a token for all sources"))
}

/// A failure as a principal may see it: hints must not say to a principal of some sources what exists in others.
pub fn shown(principal: &Principal, failure: Failure) -> Failure {
    if principal.sources.is_some() { failure.without_names() } else { failure }
}

/// Checks that a principal may do something with a subject. Error: `permission_missing`.
pub async fn check_subject(
    database: &Database,
    principal: &Principal,
    permission: Permission,
    subject: Subject<'_>,
) -> Result<(), Failure> {
    if principal.sources.is_none() {
        return check_role(principal, permission);
    }
    check(principal, permission, source_of(database, subject).await?.as_deref())
}

/// The source of a subject. What doesn't exist has none: callers of other sources don't learn what does.
async fn source_of(database: &Database, subject: Subject<'_>) -> Result<Option<String>, Failure> {
    let found = match subject {
        // The latest run may be another one when it is used.
        Subject::Everything | Subject::Run(RunName::Latest) => return Ok(None),
        Subject::Source(name) => return Ok(Some(name.to_owned())),
        Subject::Run(name) => {
            let client = database.client().await?;
            match names::run(&client, name).await {
                Ok(run_id) => return Ok(runs::find(&**client, run_id).await?.map(|run| run.source)),
                Err(failure) => Err(failure),
            }
        }
        Subject::Reference(name) => names::reference(&database.client().await?, name).await,
    };
    match found {
        Ok(reference) => Ok(Some(reference.source)),
        Err(failure) if failure.code().starts_with("no_such_") || failure.code() == "reference_name" => {
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}
