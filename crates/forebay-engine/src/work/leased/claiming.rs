//! Claims hand-offs under a receipt.

use std::time::Instant;

use forebay_store::jobs::{self, Claimed, Receipt};
use jiff::SignedDuration;

use crate::{
    clock,
    error::{Error, Result},
    work::{
        conflict::{MAX_ATTEMPTS, back_off, is_conflict},
        event::Event,
        shared::Shared,
        skew::skew,
        trace,
    },
};

/// What was claimed.
pub(super) struct Claim {
    pub(super) receipt: Receipt,
    pub(super) events: Vec<Event>,
    /// When the claim began: its lease is counted from then.
    pub(super) began_at: Instant,
    /// Its hand-off may have crashed a worker, so nothing else should run beside it.
    pub(super) is_suspect: bool,
}

/// Claims up to `num_wanted` hand-offs. A claim that conflicts with another one is tried again. `None`: nothing is due.
pub(super) async fn claim(shared: &Shared<'_>, pipeline: &str, num_wanted: usize) -> Result<Option<Claim>> {
    let Shared { database, options, unanswered, .. } = shared;
    let (lease, receipt) = (options.lease, new_receipt());
    unanswered.give_back(database).await?;
    let limit = u32::try_from(num_wanted).unwrap_or(u32::MAX);
    let mut attempts = 0;
    let (claimed, before, began_at) = loop {
        attempts += 1;
        let client = database.client().await?;
        let (before, began_at) = (clock::now(), Instant::now());
        let claimed = jobs::claim(&**client, pipeline, limit, lease, &options.worker, Some(receipt)).await;
        match claimed.map_err(Error::from) {
            Err(error) if is_conflict(&error) && attempts < MAX_ATTEMPTS => {
                drop(client);
                back_off(attempts).await;
            }
            Err(error) if error.is_unreachable() => {
                unanswered.add(pipeline, receipt);
                return Err(error);
            }
            result => break (result?, before, began_at),
        }
    };
    let Some(first) = claimed.first() else { return Ok(None) };
    // A lease begins at the database's time.
    let skew = skew(first.lease_until - lease, before, clock::now());
    let is_suspect = first.was_lost;
    trace::claimed(claimed.len());
    let events = claimed.into_iter().map(|job| event(job, skew)).collect();
    Ok(Some(Claim { receipt, events, began_at, is_suspect }))
}

fn new_receipt() -> Receipt {
    let random = (u128::from(clock::random_seed()) << 64) | u128::from(clock::random_seed());
    Receipt(random.to_be_bytes())
}

fn event(job: Claimed, skew: SignedDuration) -> Event {
    Event {
        skew,
        span: trace::handoff(job.reference_id, job.attempt),
        reference_id: job.reference_id,
        source: job.source,
        entity_type: job.entity_type,
        record_key: job.record_key,
        change: job.change,
        payload_hash: job.payload_hash,
        generation: job.generation,
        attempt: job.attempt,
        version: job.version,
        changed_at: job.changed_at,
        payload: job.payload,
    }
}
