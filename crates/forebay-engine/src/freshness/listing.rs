//! Reads how fresh one scope is, or all known scopes.

use forebay_domain::scope::Scope;
use forebay_store::{
    connect::{Client, Database},
    freshness::{self as ledger, LedgerEntry, LedgerFilter},
    references,
};
use jiff::Timestamp;

use super::{answering::Answering, policies::Policies, standing::ScopeFreshness};
use crate::{error::Result, scrape::definition::Sources};

/// Number of ledger entries read in one statement.
const PORTION: u32 = 1_000;

/// Which scopes to list.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    /// Only this entity type. Default: all.
    pub entity_type: Option<String>,
    /// Only scopes that need attention, including declared scopes that were never synced. Default: every scope in the
    /// ledger.
    pub only_stale: bool,
    /// Only scopes after this entity type and scope, in the order of the list. Default: from the first.
    pub after: Option<(String, String)>,
    /// Leave out how many records there are now, which takes time for large scopes: `num_records` is then that of the
    /// last sync.
    pub without_counts: bool,
}

/// How fresh one scope is.
pub async fn find(
    database: &Database,
    sources: &Sources,
    policies: &Policies,
    entity_type: &str,
    scope: &Scope,
    now: Timestamp,
) -> Result<ScopeFreshness> {
    let client = database.client().await?;
    let mut entry = ledger::find(&**client, entity_type, scope).await?;
    count_active(&client, entry.as_mut_slice()).await?;
    Ok(match entry {
        Some(entry) => ScopeFreshness::of_entry(entry, policies, sources, now),
        None => ScopeFreshness::without_attempt(entity_type, scope, policies, sources, now),
    })
}

/// How fresh each scope is, at most `limit` of them, ordered by entity type and scope.
pub async fn list(
    database: &Database,
    sources: &Sources,
    policies: &Policies,
    options: &ListOptions,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<ScopeFreshness>> {
    let client = database.client().await?;
    let mut listed = in_ledger(&client, sources, policies, options, limit, now).await?;
    if options.only_stale {
        let never_attempted = never_attempted(&client, sources, policies, options, limit, now).await?;
        listed.extend(never_attempted);
        listed.sort_by(|a, b| (&a.entity_type, &a.scope).cmp(&(&b.entity_type, &b.scope)));
        listed.truncate(limit);
    }
    Ok(listed)
}

async fn in_ledger(
    client: &Client,
    sources: &Sources,
    policies: &Policies,
    options: &ListOptions,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<ScopeFreshness>> {
    let mut filter = LedgerFilter {
        entity_type: options.entity_type.clone(),
        stale: options.only_stale.then(|| policies.stale_before(now)),
        after: options.after.clone(),
    };
    let mut listed = Vec::new();
    loop {
        let mut entries = ledger::list(&***client, &filter, PORTION).await?;
        if !options.without_counts {
            count_active(client, &mut entries).await?;
        }
        let is_last = entries.len() < PORTION as usize;
        filter.after = entries.last().map(|entry| (entry.entity_type.clone(), entry.scope.clone()));
        let judged = entries.into_iter().map(|entry| ScopeFreshness::of_entry(entry, policies, sources, now));
        // The database leaves out only scopes that are certainly fresh.
        listed.extend(judged.filter(|scope| !options.only_stale || scope.needs_attention()));
        if is_last || listed.len() >= limit {
            listed.truncate(limit);
            return Ok(listed);
        }
    }
}

/// Counts what is active now in each scope that was synced: runs may have added and removed records since, and other
/// scopes may have taken some over.
async fn count_active(client: &Client, entries: &mut [LedgerEntry]) -> Result<()> {
    let mut synced: Vec<&mut LedgerEntry> =
        entries.iter_mut().filter(|entry| entry.last_sync.is_some()).collect();
    if synced.is_empty() {
        return Ok(());
    }
    let wanted: Vec<(&str, &str)> =
        synced.iter().map(|entry| (entry.entity_type.as_str(), entry.scope.as_str())).collect();
    let counts = references::count_in_scopes(&***client, &wanted).await?;
    for (entry, num_active) in synced.iter_mut().zip(counts) {
        entry.num_records = Some(num_active);
    }
    Ok(())
}

/// The scopes that sources declare and the ledger has no entry for.
async fn never_attempted(
    client: &Client,
    sources: &Sources,
    policies: &Policies,
    options: &ListOptions,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<ScopeFreshness>> {
    let mut never_attempted = Vec::new();
    for (place, scope) in Answering::declared(sources) {
        let is_wanted = options.entity_type.as_ref().is_none_or(|wanted| *wanted == place.0)
            && options.after.as_ref().is_none_or(|after| *after < place);
        if is_wanted && ledger::find(&***client, &place.0, &scope).await?.is_none() {
            never_attempted.push(ScopeFreshness::without_attempt(&place.0, &scope, policies, sources, now));
        }
        if never_attempted.len() >= limit {
            break;
        }
    }
    Ok(never_attempted)
}
