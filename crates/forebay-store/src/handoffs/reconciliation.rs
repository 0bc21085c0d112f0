//! Reconciliation: checks that every reference a pipeline should have is ingested, in progress, or stopped for a
//! recorded reason, and hands off the missing ones again.
//!
//! The check reads references, hand-offs and history, so it finds every kind of loss, including manual changes. For a
//! new pipeline everything is missing, for a changed one everything is outdated: the same repair serves all cases.

use std::collections::BTreeMap;

use forebay_domain::{
    handoff::{Change, ReasonCode},
    identity::{ReferenceId, VersionHash},
};
use tokio_postgres::{
    GenericClient, Transaction,
    types::{ToSql, Type},
};

use super::enqueue::{Enqueue, Queueing, Subscriber, enqueue, notify};
use crate::{
    error::Result,
    row::ReadRow,
    types::{SqlHash, SqlId, sql_ids},
};

/// Checks references of one pipeline.
pub const VERIFY: &str = include_str!("verify.sql");
/// Tells references with a plain state from those to check.
pub const SIEVE: &str = include_str!("sieve.sql");
/// Reads the source and key of references.
pub const NAMES: &str = include_str!("names.sql");

/// The priority of repairs: after changes, so repairs don't delay them.
pub const REPAIR_PRIORITY: i16 = 10;

forebay_domain::words! {
    /// The state of a reference in a pipeline.
    pub enum Standing {
        /// Its current content was ingested.
        Succeeded = "succeeded",
        /// A job is queued or claimed.
        InWork = "in_work",
        /// Failed for good.
        Failed = "failed",
        /// Waits for an operator to release it.
        Held = "held",
        /// Cancelled by an operator.
        Cancelled = "cancelled",
        /// The pipeline does not take it, or not this change.
        Filtered = "filtered",
        /// Its run handed nothing off (`--no-handoff`).
        Withheld = "withheld",
        /// It should be handed off but isn't.
        Missing = "missing",
        /// Ingested with earlier settings of the pipeline.
        Outdated = "outdated",
    }
}

/// A checked reference.
#[derive(Clone, Copy, Debug)]
pub struct Verified {
    /// The reference.
    pub reference_id: ReferenceId,
    /// Its state in the pipeline.
    pub standing: Standing,
    version: i32,
    version_hash: VersionHash,
    source_id: i32,
    /// Whether it is removed.
    pub is_removed: bool,
    was_given: bool,
}

impl Standing {
    /// Whether a repair hands it off again.
    pub const fn wants_repair(self) -> bool {
        matches!(self, Self::Missing | Self::Outdated)
    }

    const fn reason(self) -> ReasonCode {
        match self {
            Self::Outdated => ReasonCode::Reconfigured,
            _ => ReasonCode::Reconciled,
        }
    }
}

/// A range of references, sorted out.
#[derive(Clone, Debug, Default)]
pub struct Sieved {
    /// Number of those that were ingested as they are now.
    pub num_succeeded: u64,
    /// Number of those that wait or are in work as they are now.
    pub num_in_work: u64,
    /// The active ones among those that were ingested; empty unless asked for.
    pub ingested: Vec<ReferenceId>,
    /// Those that [`verify`] must check.
    pub doubtful: Vec<ReferenceId>,
}

/// The id of the last of the next `limit` references after one, in id order; `None`: there are none.
pub async fn range_end(
    client: &impl GenericClient,
    after: ReferenceId,
    limit: u32,
) -> Result<Option<ReferenceId>> {
    let statement = "select reference_id from ( \
             select reference_id from forebay.\"references\" where reference_id > $1 order by reference_id limit $2 \
         ) as r order by reference_id desc limit 1";
    let parameters: [(&(dyn ToSql + Sync), Type); 2] =
        [(&SqlId(after), Type::UUID), (&i64::from(limit), Type::INT8)];
    let row = client.query_typed_opt(statement, &parameters).await?;
    row.map(|row| Ok(row.read::<SqlId>("reference_id")?.0)).transpose()
}

/// Sorts out the references after one id, up to another one. Locks nothing.
pub async fn sieve(
    client: &impl GenericClient,
    pipeline_id: i32,
    (after, until): (ReferenceId, ReferenceId),
    wants_ingested: bool,
) -> Result<Sieved> {
    let parameters: [(&(dyn ToSql + Sync), Type); 4] = [
        (&pipeline_id, Type::INT4),
        (&SqlId(after), Type::UUID),
        (&SqlId(until), Type::UUID),
        (&wants_ingested, Type::BOOL),
    ];
    let row = client.query_typed_one(SIEVE, &parameters).await?;
    let ids = |column: &'static str| -> Result<Vec<ReferenceId>> {
        let mut ids: Vec<_> = row.read::<Vec<SqlId>>(column)?.into_iter().map(|SqlId(id)| id).collect();
        ids.sort_unstable();
        Ok(ids)
    };
    Ok(Sieved {
        num_succeeded: row.count("num_succeeded")?,
        num_in_work: row.count("num_in_work")?,
        ingested: ids("ingested")?,
        doubtful: ids("doubtful")?,
    })
}

/// Checks references in a pipeline; missing references are left out. Locks nothing.
pub async fn verify(
    client: &impl GenericClient,
    pipeline_id: i32,
    ids: &[ReferenceId],
) -> Result<Vec<Verified>> {
    let rows =
        client.query_typed(VERIFY, &[(&pipeline_id, Type::INT4), (&sql_ids(ids), Type::UUID_ARRAY)]).await?;
    rows.iter()
        .map(|row| {
            let index = usize::try_from(row.read::<i32>("index")?).unwrap_or_default();
            Ok(Verified {
                reference_id: ids[index],
                standing: row.word("standing")?,
                version: row.read("version")?,
                version_hash: row.read::<SqlHash>("version_hash")?.0,
                source_id: row.read("source_id")?,
                is_removed: row.read("is_removed")?,
                was_given: row.read("was_given")?,
            })
        })
        .collect()
}

/// The source and the key of each reference, in the order of `ids`; `None`: it was deleted.
pub async fn names(
    client: &impl GenericClient,
    ids: &[ReferenceId],
) -> Result<Vec<Option<(String, String)>>> {
    let rows = client.query_typed(NAMES, &[(&sql_ids(ids), Type::UUID_ARRAY)]).await?;
    rows.iter()
        .map(|row| {
            let source: Option<String> = row.read("source")?;
            Ok(source.zip(row.read("record_key")?))
        })
        .collect()
}

/// Hands off those of `ids` that are still missing or outdated after locking them, or, with `whatever_they_are`, all
/// that the pipeline takes. Returns the number of hand-offs.
pub async fn repair(
    transaction: &Transaction<'_>,
    subscriber: &Subscriber,
    ids: &[ReferenceId],
    force: bool,
) -> Result<u64> {
    // A locked reference keeps the version that is handed off until this commits.
    let lock = "select from forebay.\"references\" where reference_id = any($1) order by reference_id for no key update";
    transaction.execute_typed(lock, &[(&sql_ids(ids), Type::UUID_ARRAY)]).await?;
    let mut groups: BTreeMap<(i32, ReasonCode), Vec<Enqueue>> = BTreeMap::new();
    for found in verify(transaction, subscriber.pipeline_id, ids).await? {
        let is_wanted = found.standing.wants_repair()
            || (force && !matches!(found.standing, Standing::Filtered | Standing::InWork));
        if is_wanted {
            let group = groups.entry((found.source_id, found.standing.reason())).or_default();
            group.push(found.again());
        }
    }
    let mut num_handoffs = 0;
    for ((source_id, reason), changes) in &groups {
        let queueing =
            Queueing { subscribers: std::slice::from_ref(subscriber), run_id: None, source_id: *source_id };
        let changes: Vec<&Enqueue> = changes.iter().collect();
        num_handoffs +=
            enqueue(transaction, &queueing, &[subscriber], &changes, Some(*reason), REPAIR_PRIORITY).await?;
    }
    if num_handoffs > 0 {
        notify(transaction, [subscriber.pipeline_id]).await?;
    }
    Ok(num_handoffs)
}

impl Verified {
    /// The change that updates the pipeline to the stored version.
    fn again(&self) -> Enqueue {
        let change = match (self.is_removed, self.was_given) {
            (true, _) => Change::Removed,
            (false, false) => Change::Added,
            (false, true) => Change::Updated,
        };
        Enqueue {
            reference_id: self.reference_id,
            payload_hash: self.version_hash,
            version: self.version,
            change,
            changed_fields: Vec::new(),
        }
    }
}
