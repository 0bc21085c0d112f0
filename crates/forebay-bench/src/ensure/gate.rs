//! The gate that all processes of this benchmark ask through, and what they ask for.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use forebay_domain::{freshness::FreshnessPolicy, scope::Scope};
use forebay_engine::ensure::{EnsureOptions, Ensured, Gate, Wanted};
use forebay_store::connect::Database;

use crate::{failure::Failure, scrape::source};

/// What every caller asks for.
pub(super) fn wanted() -> Wanted {
    Wanted { entity_type: source::ENTITY_TYPE.to_owned(), scope: Scope::default() }
}

/// A new gate. It scrapes the site at this URL, and names itself `caller` there.
pub(super) fn gate(
    database: &Arc<Database>,
    url: &str,
    caller: &str,
    lease: Duration,
) -> Result<Gate, Failure> {
    let policy = FreshnessPolicy::shipped(source::ENTITY_TYPE);
    let policies = BTreeMap::from([(source::ENTITY_TYPE.to_owned(), policy)]);
    Ok(Gate::with_lease(source::scraper(Arc::clone(database), url, caller)?, policies, lease))
}

/// Asks once. Anything but fresh data is an error.
pub(super) async fn ask_once(gate: &Gate) -> Result<Arc<Ensured>, Failure> {
    let answer = gate.ensure(&wanted(), EnsureOptions::default()).await;
    if answer.success && answer.is_fresh {
        return Ok(answer);
    }
    let why = answer.error.as_ref().map_or("no error was reported", |error| error.message.as_str());
    Err(Failure::bench(format!("there is no fresh data: {why}")))
}
