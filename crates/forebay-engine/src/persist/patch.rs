//! Lays the partial records of a window over what is stored, or over what earlier windows of the run have staged.
//!
//! The result replaces the content of the records, so everything after this treats them like whole records. Each keeps
//! the version that it builds on: if another run has changed the reference when the record is written, the record is
//! rejected instead of undoing that change.

use std::{collections::HashMap, sync::Arc};

use forebay_domain::{coverage::Coverage, identity::ReferenceId, patch, prepare::Preparer};
use forebay_store::{
    changes::{self, StagedRecord},
    references::{self, Current},
};
use tokio_postgres::Client;

use super::{
    batch::{Batch, Entry},
    context::RunContext,
};
use crate::error::Result;

/// Stored payloads are read in this number: they may be much longer than the partial records.
const AT_ONCE: usize = 1_000;

/// Replaces the content of all partial records of a window. Returns the coverage of the results.
pub(super) async fn lay_over(
    context: &RunContext<'_>,
    client: &Client,
    batch: &mut Batch,
) -> Result<Coverage> {
    let mut preparer = Preparer::new(Arc::clone(&context.record_policy));
    let mut settled: Vec<Entry> = batch.entries.iter().chain(&batch.revisited).copied().collect();
    let num_new = batch.entries.len();
    for start in (0..settled.len()).step_by(AT_ONCE) {
        let end = settled.len().min(start + AT_ONCE);
        let ids: Vec<ReferenceId> = settled[start..end].iter().map(|entry| entry.reference_id).collect();
        let bases = Bases {
            stored: references::current(client, &ids)
                .await?
                .into_iter()
                .map(|current| (ids[current.index], current))
                .collect(),
            // What earlier windows have left of keys that this window has again.
            staged: if end > num_new {
                let staged = changes::find(client, context.target.origin.run_id, &ids).await?;
                staged.into_iter().map(|record| (record.reference_id, record)).collect()
            } else {
                HashMap::new()
            },
        };
        for (place, entry) in settled[start..end].iter_mut().enumerate() {
            if !entry.removes {
                lay(batch, entry, &bases, start + place >= num_new, &mut preparer);
            }
        }
    }
    batch.revisited = settled.split_off(num_new);
    batch.entries = settled;
    Ok(preparer.take_coverage())
}

/// What the partial records of some keys are laid over.
struct Bases {
    stored: HashMap<ReferenceId, Current>,
    staged: HashMap<ReferenceId, StagedRecord>,
}

impl Bases {
    /// The payload under a record, and the version that it builds on.
    ///
    /// A reference that vanished from a complete run continues from its last payload: it was missing there, and no
    /// record said that it is gone. After a record that said so, the next one starts from nothing.
    fn of(&self, entry: &Entry, revisited: bool) -> (Option<&str>, i32) {
        let stored = self.stored.get(&entry.reference_id);
        let version = stored.map_or(0, |stored| stored.version);
        if entry.starts_over {
            return (None, version);
        }
        if let Some(staged) = self.staged.get(&entry.reference_id).filter(|_| revisited) {
            let payload = Some(staged.payload.as_str()).filter(|_| !staged.removes);
            return (payload, staged.base_version.unwrap_or(version));
        }
        // An earlier window that restored the reference would have staged it, so it had a record that says that it is
        // gone.
        let continues = |stored: &&Current| stored.removed_at.is_none() || !(stored.is_flagged || revisited);
        (stored.filter(continues).map(|stored| stored.payload.as_str()), version)
    }
}

/// Replaces the content of one record. It stays as it is if the result cannot be prepared, for example because it is
/// nested too deeply.
fn lay(batch: &mut Batch, entry: &mut Entry, bases: &Bases, revisited: bool, preparer: &mut Preparer) {
    let (base, version) = bases.of(entry, revisited);
    let before = batch.before.remove(&entry.reference_id).unwrap_or_default();
    let mut merged: Option<Vec<u8>> = None;
    for part in before.iter().chain([&*entry]) {
        let under = merged.as_deref().or(base.map(str::as_bytes));
        if let Ok(laid) = patch::lay_over(under, batch.record(part).payload) {
            merged = Some(laid);
        }
    }
    let mut payload = Vec::new();
    if let Some(merged) = merged
        && let Ok((version_hash, range)) = preparer.prepare_merged(&merged, &mut payload)
    {
        batch.set_content(entry, version_hash, &payload[range]);
    }
    entry.base_version = Some(version);
}
