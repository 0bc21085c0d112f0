//! What an AI tool may scrape: scopes that the configuration declares, and by force only a few times.
//!
//! A tool that makes up scopes, or forces one scrape after the other, must not open a source's breaker for all users,
//! or get them blocked by the site. Only runs on demand count: those that anyone forced, and those that AI tools
//! started. Schedules don't. Runs are in the database, so all processes count the same ones.

use std::time::Duration;

use forebay_domain::scope::Scope;
use forebay_engine::{clock, human, scrape::SourceDefinition};
use forebay_store::runs;
use forebay_views::failure::Failure;
use jiff::SignedDuration;

use crate::access::Access;

/// Runs on demand of a source in [`WINDOW`] after which none is forced, besides one for each of its scopes.
const MAX_RUNS: usize = 5;
const WINDOW: Duration = Duration::from_mins(10);
/// Maximum number of scopes named in a hint.
const SCOPES_NAMED: usize = 10;

/// The sources of an entity type.
pub(crate) fn sources_of<'a>(
    access: &'a Access,
    entity_type: &'a str,
) -> impl Iterator<Item = &'a SourceDefinition> {
    access.sources().values().filter(move |source| source.entity_type == entity_type)
}

/// The scopes that the sources of an entity type declare, as a list for a hint. `None`: none.
pub(crate) fn declared(access: &Access, entity_type: &str) -> Option<String> {
    let scopes: Vec<String> = sources_of(access, entity_type)
        .flat_map(|source| &source.scopes)
        .take(SCOPES_NAMED)
        .map(|scope| format!("`{scope}`"))
        .collect();
    (!scopes.is_empty()).then(|| scopes.join(", "))
}

/// The scopes that an AI tool may scrape for an entity type, if this is none of them.
pub(crate) fn undeclared(access: &Access, entity_type: &str, scope: &Scope) -> Option<String> {
    if sources_of(access, entity_type).any(|source| source.covers(scope)) {
        return None;
    }
    // Without declared scopes, the gate says what the scope must be.
    declared(access, entity_type)
}

/// Refuses a forced scrape of a source that was often scraped on demand just now. Error: `forced_too_often`.
pub(crate) async fn check(access: &Access, entity_type: &str) -> Result<(), Failure> {
    let client = access.database().client().await?;
    let now = clock::now();
    let after = now - SignedDuration::try_from(WINDOW).unwrap_or_default();
    for source in sources_of(access, entity_type) {
        let number = i64::try_from(MAX_RUNS + source.scopes.len()).unwrap_or(i64::MAX);
        let Some(first) = runs::nth_newest_on_demand(&**client, &source.name, number, after).await? else {
            continue;
        };
        let wait = (first.duration_since(after)).unsigned_abs();
        let message = format!(
            "{} was scraped on demand {number} times in the last {}",
            source.name,
            human::duration(WINDOW)
        );
        return Err(Failure::usage("forced_too_often", message).hint(format!(
            "omit `force` to get the stored records; it is possible again in {}",
            human::duration(wait)
        )));
    }
    Ok(())
}
