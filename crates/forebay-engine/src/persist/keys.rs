//! Finds the reference of each record after re-keys.
//!
//! A key belongs to the reference that is stored under it. A re-key leaves the old key behind: a record that has it
//! again gets an id of its own. The end of a complete run decides what it is. If the reference that used to have the
//! key is missing, the key moves back to it; otherwise it is another record. Other runs cannot tell, so they reject it.

use std::{
    collections::{HashMap, HashSet},
    mem,
};

use forebay_domain::{
    identity::ReferenceId,
    reject::{Reject, RejectReason},
};
use forebay_store::{
    aliases::{self, Owner},
    connect::Client,
    references::{self, Record},
    rejected::Rejected,
};

use crate::error::Result;

/// Where the computed ids of a window lead; ids that no re-key concerns are not listed.
#[derive(Debug, Default)]
pub(super) struct Keys {
    references: HashMap<ReferenceId, ReferenceId>,
    /// Computed ids of records to reject, with the current key of the reference that used to have theirs.
    reused: HashMap<ReferenceId, String>,
}

/// A computed id on its way through the references that used to have its key.
struct Search<'w> {
    computed: ReferenceId,
    id: ReferenceId,
    key: Option<&'w str>,
    former: Vec<ReferenceId>,
    /// The current key of the active one among them.
    active_as: Option<String>,
}

impl Keys {
    /// Looks up computed ids with their keys. `decides` says whether the run finds out at its end which references are
    /// missing.
    pub(super) async fn find<'w>(
        client: &Client,
        source: &str,
        ids: impl Iterator<Item = (ReferenceId, Option<&'w str>)> + Send,
        decides: bool,
    ) -> Result<Self> {
        let mut keys = Self::default();
        let mut searches: Vec<Search<'w>> = ids
            .map(|(id, key)| Search { computed: id, id, key, former: Vec::new(), active_as: None })
            .collect();
        while !searches.is_empty() {
            let ids: Vec<ReferenceId> = searches.iter().map(|search| search.id).collect();
            let names: Vec<Option<&str>> = searches.iter().map(|search| search.key).collect();
            let mut owners: HashMap<usize, Owner> = aliases::owners(&***client, &ids, &names)
                .await?
                .into_iter()
                .map(|owner| (owner.index, owner))
                .collect();
            for (index, mut search) in mem::take(&mut searches).into_iter().enumerate() {
                match owners.remove(&index) {
                    Some(Owner { reference_id, other_key: Some(other_key), is_active, .. })
                        if !search.former.contains(&reference_id) =>
                    {
                        search.former.push(reference_id);
                        search.active_as = search.active_as.or(is_active.then_some(other_key));
                        let key = search.key.unwrap_or_default();
                        search.id = ReferenceId::of_reused_key(source, key, search.former.len());
                        searches.push(search);
                    }
                    Some(Owner { reference_id, other_key: None, .. }) => {
                        keys.references.insert(search.computed, reference_id);
                    }
                    // No reference has this id, or an alias leads back to one of the former references.
                    _ => keys.free(search, decides),
                }
            }
        }
        if !decides {
            keys.keep_existing(client).await?;
        }
        Ok(keys)
    }

    fn free(&mut self, search: Search<'_>, decides: bool) {
        let Search { computed, id, former, active_as, .. } = search;
        if former.is_empty() {
            return;
        }
        self.references.insert(computed, id);
        if let Some(current) = active_as.filter(|_| !decides) {
            self.reused.insert(computed, current);
        }
    }

    /// A record that has got an id of its own is known.
    async fn keep_existing(&mut self, client: &Client) -> Result<()> {
        if self.reused.is_empty() {
            return Ok(());
        }
        let ids: Vec<ReferenceId> = self.reused.keys().map(|computed| self.resolve(*computed)).collect();
        let existing: HashSet<ReferenceId> =
            references::existing(&***client, &ids).await?.into_iter().collect();
        let references = &self.references;
        self.reused.retain(|computed, _| {
            references.get(computed).is_none_or(|reference| !existing.contains(reference))
        });
        Ok(())
    }

    /// The reference of a computed id.
    pub(super) fn resolve(&self, computed: ReferenceId) -> ReferenceId {
        self.references.get(&computed).copied().unwrap_or(computed)
    }

    /// The rejection of a record that this run cannot place.
    pub(super) fn reject(&self, record: &Record<'_>) -> Option<Rejected> {
        let current = self.reused.get(&record.reference_id)?;
        Some(reused(record, Some(current.as_str())))
    }
}

/// Rejects a record that has a key that another reference used to have.
pub(super) fn reused(record: &Record<'_>, current: Option<&str>) -> Rejected {
    let now = current.map_or_else(|| "another key".to_owned(), |current| format!("{current:?}"));
    let message = format!(
        "the key {:?} used to be that of a record that is stored as {now} since a re-key; only a complete run without \
         missing parts, whose removals are not turned off, can tell whether that record has its old key again or this \
         is another one",
        record.record_key
    );
    Rejected::record(record, Reject::new(RejectReason::KeyReused, message))
}
