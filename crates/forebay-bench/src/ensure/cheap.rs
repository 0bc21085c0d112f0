//! The two cheap ways to an answer, measured: from memory and from the ledger.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use forebay_engine::ensure::{AnsweredFrom, EnsureOptions, Gate};
use forebay_store::connect::Database;

use super::{
    gate::{ask_once, gate, wanted},
    ledger,
};
use crate::{
    failure::Failure,
    scratch::{SCRATCH, expect, median},
};

/// Answers from memory in one sample, and samples; the median counts.
const NUM_FROM_MEMORY: u32 = 100_000;
const NUM_SAMPLES: usize = 5;
/// Answers from the ledger.
const NUM_FROM_LEDGER: u32 = 1_000;

/// How long one answer from memory takes.
pub(super) async fn from_memory(
    scratch: &Arc<Database>,
    url: &str,
    lease: Duration,
) -> Result<Duration, Failure> {
    let gate = gate(scratch, url, "memory", lease)?;
    ask_once(&gate).await?;
    let wanted = wanted();
    let mut samples = Vec::new();
    for _ in 0..NUM_SAMPLES {
        let mut num_from_memory = 0;
        let started = Instant::now();
        for _ in 0..NUM_FROM_MEMORY {
            let answer = gate.ensure(&wanted, EnsureOptions::default()).await;
            num_from_memory += u32::from(answer.answered_from == AnsweredFrom::Memory);
        }
        samples.push(started.elapsed());
        expect("the number of answers from memory", num_from_memory.into(), NUM_FROM_MEMORY.into())?;
    }
    Ok(median(samples) / NUM_FROM_MEMORY)
}

/// How long one answer from the ledger takes, and how many reads of the ledger it costs.
pub(super) async fn from_ledger(
    database: &Database,
    url: &str,
    lease: Duration,
) -> Result<(Duration, f64), Failure> {
    // Questions come one after the other, so this new pool opens a single connection, which counts all reads.
    let own = Arc::new(database.sibling(SCRATCH).await?);
    // A gate that has answered before would answer from memory.
    let gates: Vec<Gate> =
        (0..NUM_FROM_LEDGER).map(|_| gate(&own, url, "ledger", lease)).collect::<Result<_, _>>()?;
    ledger::close_other_connections(&**own.client().await?).await?;
    let before = ledger::scans(&**own.client().await?).await?;
    let mut num_from_ledger = 0;
    let started = Instant::now();
    for gate in &gates {
        let answer = gate.ensure(&wanted(), EnsureOptions::default()).await;
        num_from_ledger += u64::from(answer.answered_from == AnsweredFrom::Ledger);
    }
    let elapsed = started.elapsed();
    let after = ledger::scans(&**own.client().await?).await?;
    expect("the number of answers from the ledger", num_from_ledger, NUM_FROM_LEDGER.into())?;
    // One for the entry, and one to count the active records of its only source.
    let num_reads = after.num_ledger - before.num_ledger;
    expect("the number of index scans of the ledger", num_reads, NUM_FROM_LEDGER.into())?;
    expect("the number of counts", after.num_counts - before.num_counts, NUM_FROM_LEDGER.into())?;
    expect(
        "the number of scans of the sources",
        after.num_sources - before.num_sources,
        NUM_FROM_LEDGER.into(),
    )?;
    expect("the number of other scans", after.num_other - before.num_other, 0)?;
    Ok((elapsed / NUM_FROM_LEDGER, num_reads as f64 / f64::from(NUM_FROM_LEDGER)))
}
