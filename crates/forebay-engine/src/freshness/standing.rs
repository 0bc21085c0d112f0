//! How fresh one scope of an entity type is.

use forebay_domain::{
    freshness::{Freshness, Judgement},
    scope::Scope,
};
use forebay_store::freshness::{LedgerEntry, SyncStatus};
use jiff::Timestamp;

use super::{answering::Answering, policies::Policies};
use crate::scrape::definition::Sources;

/// How fresh one scope of an entity type is, how its last sync ended, and which sources keep it fresh.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopeFreshness {
    /// The entity type.
    pub entity_type: String,
    /// The scope as text, in the form that the ledger stores; empty: the whole entity type.
    pub scope: String,
    /// Its age, judged by the policy of the entity type.
    pub judgement: Judgement,
    /// The entry of the ledger; `None`: never tried.
    pub entry: Option<LedgerEntry>,
    /// The names of the sources that `ensure` scrapes for it.
    pub sources: Vec<String>,
    /// The names of their fallbacks, in order.
    pub fallbacks: Vec<String>,
}

impl ScopeFreshness {
    /// A scope that has an entry in the ledger.
    pub(super) fn of_entry(
        entry: LedgerEntry,
        policies: &Policies,
        sources: &Sources,
        now: Timestamp,
    ) -> Self {
        // Only an entry written by another program can be unreadable. Its age can be judged, but no source answers it.
        let scope = entry.scope.parse::<Scope>().ok();
        let answering = scope.as_ref().map(|scope| Answering::of(sources, &entry.entity_type, scope));
        let judgement = policies.judge(&entry.entity_type, &scope.unwrap_or_default(), entry.last_sync, now);
        let (sources, fallbacks) = answering.as_ref().map(names).unwrap_or_default();
        let (entity_type, scope) = (entry.entity_type.clone(), entry.scope.clone());
        Self { entity_type, scope, judgement, entry: Some(entry), sources, fallbacks }
    }

    /// A scope that was never tried.
    pub(super) fn without_attempt(
        entity_type: &str,
        scope: &Scope,
        policies: &Policies,
        sources: &Sources,
        now: Timestamp,
    ) -> Self {
        let (sources, fallbacks) = names(&Answering::of(sources, entity_type, scope));
        Self {
            entity_type: entity_type.to_owned(),
            scope: scope.to_string(),
            judgement: policies.judge(entity_type, scope, None, now),
            entry: None,
            sources,
            fallbacks,
        }
    }

    /// Whether an operator should know: the data is not fresh, its last syncs failed, or a process died during one.
    pub fn needs_attention(&self) -> bool {
        let has_failed = self.entry.as_ref().is_some_and(|entry| entry.num_failures > 0);
        self.judgement.freshness != Freshness::Fresh || has_failed || self.is_abandoned()
    }

    /// Whether a process died while it synced this scope. The next caller takes over.
    pub fn is_abandoned(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| entry.status == SyncStatus::InProgress && !entry.is_held)
    }

    /// Whether a live process is syncing this scope now.
    pub fn is_in_progress(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| entry.status == SyncStatus::InProgress && entry.is_held)
    }
}

fn names(answering: &Answering<'_>) -> (Vec<String>, Vec<String>) {
    let names = |sources: &[&crate::scrape::definition::SourceDefinition]| {
        sources.iter().map(|source| source.name.clone()).collect()
    };
    (names(&answering.sources), names(&answering.fallbacks))
}
