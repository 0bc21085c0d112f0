//! Writes the differing records of a batch, with the revisions and hand-offs of their changes.
//!
//! Everything happens in the caller's transaction.

use std::{collections::HashSet, sync::Arc};

use forebay_domain::{
    diff::diff,
    handoff::Change,
    identity::ReferenceId,
    reject::{Reject, RejectReason},
    run::Counts,
};
use forebay_store::{
    aliases, changes,
    content::{self, Course, MeasuredLesson, RefusedRow},
    handoffs::{self, Enqueue, Queueing, Subscriber},
    references::{self, ChangedReference, Current, Origin, Record, Removed},
    rejected::Rejected,
    user_rows,
};
use jiff::Timestamp;
use tokio_postgres::Transaction;

use super::rejects::{Attempted, Rejects};
use crate::error::{Error, Result};

/// Rows per statement when staged changes or removals are written.
pub(super) const ROWS_PER_STATEMENT: usize = 10_000;

/// Settings that all writes of a run share.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The columns that all its rows share.
    pub(super) origin: Origin,
    /// The pipelines that receive its changes.
    pub(super) subscribers: Vec<Subscriber>,
    /// The numeric field that shows which of two records is older.
    pub(super) sequence_field: Option<String>,
    /// The field with the contract version of a record.
    pub(super) contract_version_column: Option<String>,
    /// The course whose tables follow the references, if the source is one.
    pub(super) course: Option<Course>,
    /// Measures of its lessons.
    pub(super) measured: Vec<MeasuredLesson>,
    /// Whether re-keys have moved references of the source.
    pub(super) has_aliases: bool,
    /// Which of its rejected records are stored.
    pub(super) rejects: Arc<Rejects>,
}

impl Target {
    fn queueing(&self) -> Queueing<'_> {
        let Origin { run_id, source_id, .. } = self.origin;
        Queueing { subscribers: &self.subscribers, run_id: Some(run_id), source_id }
    }
}

/// The result of writing a batch.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// References added, updated, restored and removed, and records rejected as older than the stored ones.
    pub(super) counts: Counts,
    /// Those of the removed references whose records say that they are gone.
    pub(super) num_flagged: u64,
    pub(super) num_handoffs: u64,
    pub(super) rejected: Vec<Rejected>,
    /// Rejected records that are stored, but not committed.
    pub(super) attempted: Vec<Attempted>,
    /// Rows of content tables that the database refused. Their references are written.
    pub(super) refused_rows: Vec<RefusedRow>,
    /// Paths of lessons whose measures are written too.
    pub(super) measured: Vec<String>,
}

impl Written {
    /// Adds what another part wrote.
    pub(super) fn add(&mut self, other: Self) {
        // With all fields named, a new one cannot be forgotten here.
        let Self { counts, num_flagged, num_handoffs, rejected, attempted, refused_rows, measured } = other;
        self.counts += counts;
        self.num_flagged += num_flagged;
        self.num_handoffs += num_handoffs;
        self.rejected.extend(rejected);
        self.attempted.extend(attempted);
        self.refused_rows.extend(refused_rows);
        self.measured.extend(measured);
    }
}

/// If another writer changes references between the probe and the write, the batch is invalid and is retried from the
/// probe.
#[derive(Debug)]
pub(super) enum Attempt {
    Written(Written),
    Conflict,
}

/// Writes differing records: `added` do not exist yet, `known` do, and some of those may be removed. The transaction
/// must have called [`references::hold_plans`].
pub(super) async fn write(
    transaction: &Transaction<'_>,
    target: &Target,
    added: &[Record<'_>],
    known: &[Record<'_>],
) -> Result<Attempt> {
    let mut written = Written::default();
    if !added.is_empty() {
        written.counts.num_added = references::add(transaction, &target.origin, added).await?;
        if target.has_aliases {
            let ids: Vec<ReferenceId> = added.iter().map(|record| record.reference_id).collect();
            aliases::drop_taken(transaction, &ids).await?;
        }
        let handed_off = added.iter().map(|record| (record.reference_id, record.version_hash));
        written.num_handoffs += handoffs::enqueue_added(transaction, &target.queueing(), handed_off).await?;
    }
    if !known.is_empty() && !change(transaction, target, known, &mut written).await? {
        return Ok(Attempt::Conflict);
    }
    if let Some(course) = &target.course {
        let ids: Vec<ReferenceId> = added.iter().chain(known).map(|record| record.reference_id).collect();
        written.refused_rows = content::project(transaction, course, &ids).await?.refused;
        if !target.measured.is_empty() {
            written.measured = content::measure_written(transaction, course, &target.measured).await?;
        }
    }
    // In the same transaction: if the run dies later, the next one would find these records unchanged and never mark
    // them.
    if let Some(column) = &target.contract_version_column {
        let ids: Vec<ReferenceId> = added.iter().chain(known).map(|record| record.reference_id).collect();
        user_rows::mark(transaction, target.origin.run_id, &ids, column).await?;
    }
    Ok(Attempt::Written(written))
}

/// What the records of a batch do to existing references.
#[derive(Default)]
struct Changes<'a> {
    changed: Vec<ChangedReference<'a>>,
    handed_off: Vec<Enqueue>,
    /// Those that move to the scope of the run.
    moved: Vec<ReferenceId>,
    /// Those whose records say that they are gone.
    flagged: Vec<ReferenceId>,
    /// Those whose records have a key from before a re-key.
    other_keys: Vec<(ReferenceId, &'a str)>,
}

/// Updates, restores or moves references. False: another writer changed one of them first.
async fn change(
    transaction: &Transaction<'_>,
    target: &Target,
    known: &[Record<'_>],
    written: &mut Written,
) -> Result<bool> {
    let ids: Vec<ReferenceId> = known.iter().map(|record| record.reference_id).collect();
    let stored = references::current(transaction, &ids).await?;
    if stored.len() != known.len() {
        return Ok(false);
    }
    let is_choosy = target.subscribers.iter().any(|subscriber| !subscriber.changed_fields.is_empty());
    let mut changes = Changes::default();
    for current in &stored {
        let record = &known[current.index];
        if record.removes && current.removed_at.is_some() {
            continue;
        }
        let same_content = !record.removes && current.version_hash == record.version_hash;
        let has_other_key = !record.removes && current.record_key != record.record_key;
        if current.removed_at.is_none() && same_content {
            // If the content is equal, the probe reports a difference only if the reference belongs to another scope.
            if current.scope != target.origin.scope && !is_older(target.origin.observed_at, current) {
                changes.moved.push(record.reference_id);
            }
            if has_other_key && !is_older(target.origin.observed_at, current) {
                changes.other_keys.push((record.reference_id, record.record_key));
            }
            continue;
        }
        let sequence_field = target.sequence_field.as_deref();
        if let Some(rejected) = outdated(record, current, target.origin.observed_at, sequence_field) {
            written.rejected.push(rejected);
            continue;
        }
        if record.removes {
            changes.flagged.push(record.reference_id);
            continue;
        }
        if has_other_key {
            changes.other_keys.push((record.reference_id, record.record_key));
        }
        let (fields, version) = if same_content {
            (Vec::new(), current.version)
        } else {
            let fields =
                diff(current.payload.as_bytes(), record.payload).map_err(|r| Error::Payload(r.message))?;
            (fields, current.version + 1)
        };
        let kind = if current.removed_at.is_some() { Change::Restored } else { Change::Updated };
        match kind {
            Change::Restored => written.counts.num_restored += 1,
            _ => written.counts.num_updated += 1,
        }
        changes.handed_off.push(Enqueue {
            reference_id: record.reference_id,
            payload_hash: record.version_hash,
            version,
            change: kind,
            changed_fields: if is_choosy {
                fields.iter().map(|field| field.field.clone()).collect()
            } else {
                Vec::new()
            },
        });
        changes.changed.push(ChangedReference {
            record: *record,
            old_version: current.version,
            old_removed_at: current.removed_at,
            version,
            fields,
        });
    }
    written.counts.num_rejected += written.rejected.len() as u64;
    carry_out(transaction, target, changes, written).await
}

/// Writes what the records of a batch do to existing references. False: another writer changed one of them first.
async fn carry_out(
    transaction: &Transaction<'_>,
    target: &Target,
    changes: Changes<'_>,
    written: &mut Written,
) -> Result<bool> {
    let Changes { changed, mut handed_off, moved, flagged, other_keys } = changes;
    if !flagged.is_empty() {
        let removed = references::remove(transaction, &target.origin, &flagged, true).await?;
        if removed.len() != flagged.len() {
            return Ok(false);
        }
        written.num_flagged = removed.len() as u64;
        written.counts.num_removed += written.num_flagged;
        handed_off.extend(removed.into_iter().map(removal));
    }
    if !other_keys.is_empty() {
        let Origin { run_id, source_id, .. } = target.origin;
        aliases::change_keys(transaction, run_id, source_id, &other_keys).await?;
    }
    if !moved.is_empty() {
        references::move_to_scope(transaction, &moved, &target.origin.scope).await?;
    }
    if !changed.is_empty() {
        if references::update(transaction, &target.origin, &changed).await? != changed.len() as u64 {
            return Ok(false);
        }
        references::add_revisions(transaction, &target.origin, &changed).await?;
    }
    if !handed_off.is_empty() {
        written.num_handoffs +=
            handoffs::enqueue_changed(transaction, &target.queueing(), &handed_off).await?;
    }
    Ok(true)
}

/// Rejects a record that differs from the stored one and is older.
pub(super) fn outdated(
    record: &Record<'_>,
    current: &Current,
    observed_at: Timestamp,
    sequence_field: Option<&str>,
) -> Option<Rejected> {
    if is_older(observed_at, current) {
        return Some(older_than_stored(record, current));
    }
    if record.base_version.is_some_and(|base| base != current.version) {
        return Some(outdated_patch(record));
    }
    // A restored reference starts over: its sequence number from before the removal is ignored.
    let field = sequence_field.filter(|_| current.removed_at.is_none())?;
    behind(record, current, field)
}

fn is_older(observed_at: Timestamp, current: &Current) -> bool {
    observed_at < current.observed_at
}

/// Rejects a record whose sequence number is lower than the stored one.
fn behind(record: &Record<'_>, current: &Current, field: &str) -> Option<Rejected> {
    let number = |payload: &[u8]| {
        let payload: serde_json::Value = serde_json::from_slice(payload).ok()?;
        payload.get(field)?.as_f64()
    };
    let (incoming, stored) = (number(record.payload)?, number(current.payload.as_bytes())?);
    (incoming < stored).then(|| {
        let message = format!(
            "the key {:?} has {field} {incoming}, which is lower than the stored {stored}; an older record never \
             overwrites a newer one",
            record.record_key
        );
        older(record, message)
    })
}

fn older_than_stored(record: &Record<'_>, current: &Current) -> Rejected {
    let message = format!(
        "the key {:?} was observed at {}, after this run; an older record never overwrites a newer one",
        record.record_key, current.observed_at
    );
    older(record, message)
}

fn outdated_patch(record: &Record<'_>) -> Rejected {
    let message = format!(
        "another run changed the key {:?} after this partial record was laid over it; persist it again",
        record.record_key
    );
    Rejected::record(record, Reject::new(RejectReason::OutdatedPatch, message))
}

fn older(record: &Record<'_>, message: String) -> Rejected {
    Rejected::record(record, Reject::new(RejectReason::OlderThanStored, message))
}

/// Removes the references that the run has staged as missing, batch by batch, with history and hand-offs.
pub(super) async fn remove(transaction: &Transaction<'_>, target: &Target) -> Result<Written> {
    let limit = i64::try_from(ROWS_PER_STATEMENT).unwrap_or(i64::MAX);
    let mut written = Written::default();
    let mut after = ReferenceId([0; 16]);
    loop {
        let ids = changes::removals(transaction, target.origin.run_id, after, limit).await?;
        let Some(last) = ids.last() else { return Ok(written) };
        after = *last;
        let removed = references::remove(transaction, &target.origin, &ids, false).await?;
        written.counts.num_removed += removed.len() as u64;
        if let Some(course) = &target.course {
            let ids: Vec<ReferenceId> = removed.iter().map(|(id, ..)| *id).collect();
            written.refused_rows.extend(content::project(transaction, course, &ids).await?.refused);
        }
        let handed_off: Vec<Enqueue> = removed.into_iter().map(removal).collect();
        written.num_handoffs +=
            handoffs::enqueue_changed(transaction, &target.queueing(), &handed_off).await?;
    }
}

fn removal((reference_id, version, payload_hash): Removed) -> Enqueue {
    Enqueue { reference_id, payload_hash, version, change: Change::Removed, changed_fields: Vec::new() }
}

/// Splits records into new and existing ones. A reference that doesn't exist can't be removed.
pub(super) fn split<'a>(
    records: impl Iterator<Item = Record<'a>>,
    existing: &HashSet<ReferenceId>,
) -> (Vec<Record<'a>>, Vec<Record<'a>>) {
    let (mut added, known): (Vec<_>, Vec<_>) =
        records.partition(|record| !existing.contains(&record.reference_id));
    added.retain(|record| !record.removes);
    (added, known)
}
