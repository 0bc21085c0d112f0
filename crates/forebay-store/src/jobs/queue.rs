//! Takes jobs in turn: a worker's position in the queue of one pipeline.
//!
//! The queue is an index over priority, source, time and id. Finished jobs leave dead entries at its front until they
//! are vacuumed, which an old snapshot anywhere on the server prevents. Reading past all of them for every batch
//! would make a drain quadratic. So a worker remembers how far it has read each part of the queue and restarts at the
//! front only occasionally, for retries and for jobs that another worker released.

use forebay_domain::identity::ReferenceId;
use jiff::Timestamp;
use tokio_postgres::{GenericClient, Transaction, types::Type};

use super::taken::Taken;
use crate::{
    error::Result,
    row::{ReadRow, columns},
    types::{SqlHash, SqlId},
};

/// Finds the priorities and sources in a queue.
pub const GROUPS: &str = include_str!("groups.sql");
/// Takes jobs by row lock.
pub const TAKE: &str = include_str!("take.sql");

/// The columns that [`TAKE`] returns.
const TAKEN_COLUMNS: [&str; 7] =
    ["part", "not_before", "reference_id", "payload_hash", "generation", "change", "attempt"];

/// Batches after which a worker restarts at the front of the queue.
const BATCHES_IN_A_ROW: u32 = 32;

/// The position in the queue of one pipeline.
#[derive(Debug)]
pub struct Queue {
    pipeline_id: i32,
    parts: Vec<Part>,
    num_batches: u32,
}

/// One priority of one source, and how far it has been read.
#[derive(Clone, Copy, Debug)]
struct Part {
    priority: i16,
    source_id: i32,
    after: (Timestamp, ReferenceId),
}

impl Queue {
    /// The front of the queue.
    pub fn new(pipeline_id: i32) -> Self {
        Self { pipeline_id, parts: Vec::new(), num_batches: 0 }
    }

    /// Restarts at the front, to find what a rolled-back transaction had taken.
    pub fn rewind(&mut self) {
        self.parts.clear();
    }

    /// Takes up to `limit` due jobs, sorted by id: strictly by priority; within a priority the same share from each
    /// source; within a source the oldest first. The result is empty only if no unlocked job is due.
    ///
    /// The end of the transaction releases jobs that were not ended in it. Call [`super::hold_plans`] first.
    pub async fn take(&mut self, transaction: &Transaction<'_>, limit: u32) -> Result<Vec<Taken>> {
        let mut taken = Vec::new();
        let mut is_fresh = false;
        if self.parts.is_empty() || self.num_batches >= BATCHES_IN_A_ROW {
            self.find_parts(transaction).await?;
            is_fresh = true;
        }
        self.num_batches += 1;
        loop {
            let missing = limit.saturating_sub(u32::try_from(taken.len()).unwrap_or(u32::MAX));
            if missing == 0 {
                break;
            }
            let Some(priority) = self.parts.iter().map(|part| part.priority).min() else {
                if !taken.is_empty() || is_fresh {
                    break;
                }
                // At the end of the queue: jobs may have come back to the front.
                self.find_parts(transaction).await?;
                is_fresh = true;
                if self.parts.is_empty() {
                    break;
                }
                continue;
            };
            self.take_level(transaction, priority, missing, &mut taken).await?;
        }
        taken.sort_unstable_by_key(|job: &Taken| job.reference_id);
        Ok(taken)
    }

    /// Takes jobs from the parts of one priority, and drops the parts that are read completely.
    async fn take_level(
        &mut self,
        transaction: &Transaction<'_>,
        priority: i16,
        wanted: u32,
        taken: &mut Vec<Taken>,
    ) -> Result<()> {
        let (mut level, others): (Vec<Part>, Vec<Part>) =
            self.parts.iter().partition(|part| part.priority == priority);
        // More sources than wanted jobs: take from the first ones now and from the others next time.
        let most = usize::try_from(wanted).unwrap_or(usize::MAX);
        let waiting = if level.len() > most { level.split_off(most) } else { Vec::new() };
        let share = wanted / u32::try_from(level.len()).unwrap_or(u32::MAX).max(1);
        let priorities: Vec<i16> = level.iter().map(|part| part.priority).collect();
        let sources: Vec<i32> = level.iter().map(|part| part.source_id).collect();
        let times: Vec<Timestamp> = level.iter().map(|part| part.after.0).collect();
        let ids: Vec<SqlId> = level.iter().map(|part| SqlId(part.after.1)).collect();
        let rows = transaction
            .query_typed(
                TAKE,
                &[
                    (&self.pipeline_id, Type::INT4),
                    (&priorities, Type::INT2_ARRAY),
                    (&sources, Type::INT4_ARRAY),
                    (&times, Type::TIMESTAMPTZ_ARRAY),
                    (&ids, Type::UUID_ARRAY),
                    (&i64::from(share), Type::INT8),
                ],
            )
            .await?;
        let mut counts = vec![0_u32; level.len()];
        let [part, not_before, id, hash, generation, change, attempt] = columns(&rows, TAKEN_COLUMNS)?;
        for row in &rows {
            let index = usize::try_from(row.read::<i32>(part)?).unwrap_or_default();
            let reference_id = row.read::<SqlId>(id)?.0;
            counts[index] += 1;
            level[index].after = level[index].after.max((row.read(not_before)?, reference_id));
            taken.push(Taken {
                reference_id,
                payload_hash: row.read::<SqlHash>(hash)?.0,
                generation: row.read(generation)?,
                change: row.word(change)?,
                attempt: row.read(attempt)?,
            });
        }
        let more = level.into_iter().zip(counts).filter(|(_, count)| *count == share).map(|(part, _)| part);
        self.parts = waiting.into_iter().chain(more).chain(others).collect();
        Ok(())
    }

    async fn find_parts(&mut self, client: &impl GenericClient) -> Result<()> {
        let rows = client.query_typed(GROUPS, &[(&self.pipeline_id, Type::INT4)]).await?;
        self.num_batches = 0;
        self.parts = rows
            .iter()
            .map(|row| {
                Ok(Part {
                    priority: row.read("priority")?,
                    source_id: row.read("source_id")?,
                    after: (Timestamp::UNIX_EPOCH, ReferenceId([0; 16])),
                })
            })
            .collect::<Result<_>>()?;
        Ok(())
    }
}
