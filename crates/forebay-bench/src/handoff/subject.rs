//! What is measured: who, with which hand-offs, and what a sample is.

use std::time::Duration;

use forebay_domain::identity::{ReferenceId, VersionHash};

/// The name of Forebay's source and pipeline.
pub(super) const NAME: &str = "bench";
/// Hand-offs enqueued in one transaction, as many as persisting does at a time.
const ENQUEUED_AT_ONCE: u64 = 10_000;
/// Hand-offs taken at a time. Every subject that has such a setting gets the same.
pub(super) const TAKEN_AT_ONCE: u32 = 500;

/// A hand-off: what to ingest, and with which content.
pub(super) type Handoff = (ReferenceId, VersionHash);

/// Something that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Forebay(Mode),
    /// Forebay while another session holds a snapshot.
    ForebayHeldOpen(Mode),
    GraphileWorker,
    Pgmq,
}

/// The two ways in which Forebay's workers work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// In this database: row locks hold jobs, and a batch is one transaction.
    Transactional,
    /// Elsewhere: workers claim jobs under a lease, commit, and complete them by their receipts.
    Leased,
}

/// Every subject, in the order of a round.
pub(super) const SUBJECTS: [Subject; 6] = [
    Subject::Forebay(Mode::Transactional),
    Subject::GraphileWorker,
    Subject::Forebay(Mode::Leased),
    Subject::Pgmq,
    Subject::ForebayHeldOpen(Mode::Transactional),
    Subject::ForebayHeldOpen(Mode::Leased),
];

/// How long all hand-offs took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) enqueue: Duration,
    pub(super) drain: Duration,
}

/// Hand-offs of as many references, in batches sorted by id as persisting sorts them.
pub(super) fn make_up(num_handoffs: u64) -> Vec<Vec<Handoff>> {
    let mut batches = Vec::new();
    for begin in (0..num_handoffs).step_by(usize::try_from(ENQUEUED_AT_ONCE).unwrap_or(usize::MAX)) {
        let end = num_handoffs.min(begin + ENQUEUED_AT_ONCE);
        let mut batch: Vec<Handoff> = (begin..end).map(handoff).collect();
        batch.sort_unstable_by_key(|handoff| handoff.0);
        batches.push(batch);
    }
    batches
}

/// The hand-off of one number.
pub(super) fn handoff(number: u64) -> Handoff {
    let key = number.to_string();
    (ReferenceId::compute(NAME, &key), VersionHash::of(key.as_bytes()))
}

pub(super) fn count(batches: &[Vec<Handoff>]) -> u64 {
    batches.iter().map(|batch| batch.len() as u64).sum()
}
