//! One reference in one pipeline, as seen by the database, its workers and the target, and the steps of the store's
//! statements.
//!
//! The states of hand-offs come only from the rules: every change goes through [`next`] or [`end_attempt`]. This file
//! adds what the statements do around the rules: the job, the receipt, the lease and the follow-up. Keep it in step
//! with the SQL: `handoffs/enqueue.sql`, `forebay.claim_jobs`, `forebay_private.end_held`, `end_failed` and
//! `rescue_jobs`.
//!
//! The clock counts down and receipts are renumbered after each step, so equivalent states are equal. That keeps their
//! number finite without limiting ticks, claims and crashes.

use forebay_domain::handoff::{Event, State, end_attempt, next};

use super::model::{Config, Flaw};

/// Maximum number of contents of a reference.
pub(super) const MAX_HASHES: usize = 3;

/// A hand-off: the row of one content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) state: State,
    pub(super) generation: u8,
}

/// The job of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Job {
    pub(super) hash: u8,
    pub(super) generation: u8,
    pub(super) receipt: Option<u8>,
    /// Ticks until the lease ends.
    pub(super) lease: u8,
    /// Ticks until it is due.
    pub(super) wait: u8,
    /// The follow-up: content and generation.
    pub(super) next: Option<(u8, u8)>,
}

/// The progress of a worker with its claim. It may pause anywhere, for any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Phase {
    Claimed,
    /// The target has the content, but nothing is reported.
    Effected,
    /// A report was accepted, but its answer may have been lost, so it may be sent again.
    Reported,
}

/// A worker that has claimed the job. Workers without a claim are equivalent and not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Attempt {
    pub(super) phase: Phase,
    pub(super) receipt: u8,
    /// The content and generation to ingest, if effects are counted.
    pub(super) life: Option<(u8, u8)>,
    /// Whether the content it read is still the reference's.
    pub(super) has_current: bool,
    /// Known to the checker, not to the database: the worker has lost its claim.
    pub(super) is_lost: bool,
}

/// Events that must never happen; no steps follow them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fault {
    /// A report was accepted from a worker that had lost its claim.
    StaleAccepted,
    /// A second report under one receipt was accepted.
    AcceptedTwice,
    /// The job was claimed by another worker before it was released, lost or reported.
    ClaimTaken,
    /// A worker claimed a hand-off that does not wait.
    ClaimedUnasked,
}

/// An unfinished transaction that hands off: its statement has read the hand-offs, but not yet the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Persisting {
    pub(super) hash: u8,
    /// The other waiting (or active) hand-offs that it has read and locked.
    pub(super) locked: [bool; MAX_HASHES],
}

/// The complete state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct World {
    pub(super) rows: [Option<Row>; MAX_HASHES],
    /// The reference's current content.
    pub(super) latest: Option<u8>,
    pub(super) job: Option<Job>,
    pub(super) workers: Vec<Attempt>,
    /// Whether the target has the reference's content, read after the last hand-off.
    pub(super) target_is_current: bool,
    /// The contents and generations that had an effect, if effects are counted.
    pub(super) effects: Vec<(u8, u8)>,
    pub(super) had_effect_twice: bool,
    pub(super) persisting: Option<Persisting>,
    pub(super) num_persisted: u8,
    pub(super) num_operated: u8,
    pub(super) fault: Option<Fault>,
}

impl World {
    pub(super) fn row(&self, hash: u8) -> Option<Row> {
        self.rows[usize::from(hash)]
    }

    pub(super) fn latest_row(&self) -> Option<Row> {
        self.latest.and_then(|hash| self.row(hash))
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (u8, Row)> {
        (0..).zip(self.rows).filter_map(|(hash, row)| row.map(|row| (hash, row)))
    }

    /// Applies an event to a hand-off by the rules. Returns whether they accept it.
    pub(super) fn apply(&mut self, hash: u8, event: Event) -> bool {
        let Some(row) = self.row(hash) else { return false };
        let Ok(transition) = next(row.state, event) else { return false };
        let generation = row.generation + u8::from(transition.raises_generation);
        self.rows[usize::from(hash)] = Some(Row { state: transition.to, generation });
        if transition.raises_generation {
            self.outdate();
        }
        true
    }

    /// From now on, only content that is read again is current.
    fn outdate(&mut self) {
        self.target_is_current = false;
        for worker in &mut self.workers {
            worker.has_current = false;
        }
    }

    pub(super) fn supersede_others(&mut self, hash: u8) {
        for (other, _) in self.clone().rows().filter(|(other, _)| *other != hash) {
            self.apply(other, Event::NewerVersion);
        }
    }

    /// Begins to hand off: new content, earlier content, or the same content removed or restored. Hand-offs that may be
    /// superseded are locked, as are active ones, because their attempt may end before the job is reached.
    pub(super) fn begin_enqueue(&mut self, config: &Config, hash: u8) {
        let mut locked = [false; MAX_HASHES];
        for (other, row) in self.rows().filter(|(other, _)| *other != hash) {
            let is_active = row.state == State::Active && config.flaw != Some(Flaw::ActiveNotLocked);
            locked[usize::from(other)] = row.state.is_waiting() || is_active;
        }
        self.persisting = Some(Persisting { hash, locked });
    }

    /// Finishes the hand-off that was begun, and commits.
    pub(super) fn end_enqueue(&mut self, config: &Config) {
        let Some(Persisting { hash, locked }) = self.persisting.take() else { return };
        for (other, _) in (0..).zip(locked).filter(|(_, is_locked)| *is_locked) {
            self.apply(other, Event::NewerVersion);
        }
        self.latest = Some(hash);
        if self.row(hash).is_none() {
            self.rows[usize::from(hash)] = Some(Row { state: State::Pending, generation: 1 });
            self.outdate();
        } else {
            self.apply(hash, Event::EarlierHash);
        }
        self.queue_job(config, hash);
    }

    /// Whether the hand-off of the job is locked; workers don't wait for locks.
    pub(super) fn is_busy(&self) -> bool {
        let locked = self.persisting.map(|persisting| persisting.locked);
        self.job.zip(locked).is_some_and(|(job, locked)| locked[usize::from(job.hash)])
    }

    /// One job per reference: an unclaimed job gets the new content, a claimed one gets it as its follow-up.
    pub(super) fn queue_job(&mut self, config: &Config, hash: u8) {
        let Some(row) = self.row(hash) else { return };
        let fresh = Job { hash, generation: row.generation, receipt: None, lease: 0, wait: 0, next: None };
        self.job = Some(match self.job {
            Some(job) if job.receipt.is_some() && config.flaw == Some(Flaw::EnqueueTurnsClaimed) => {
                Job { hash, generation: row.generation, ..job }
            }
            Some(job) if job.receipt.is_some() => Job { next: Some((hash, row.generation)), ..job },
            _ => fresh,
        });
    }

    pub(super) fn can_claim(&self, config: &Config) -> bool {
        !self.is_busy()
            && self.job.is_some_and(|job| {
                job.wait == 0 && (job.receipt.is_none() || config.flaw == Some(Flaw::ClaimIgnoresReceipt))
            })
    }

    /// A worker claims the job under a new receipt.
    pub(super) fn claim(&mut self, config: &Config) {
        let Some(job) = self.job else { return };
        if job.receipt.is_some() {
            self.fault = Some(Fault::ClaimTaken);
        } else if !self.apply(job.hash, Event::Claimed) {
            self.fault = Some(Fault::ClaimedUnasked);
        }
        let receipt = self.workers.iter().map(|worker| worker.receipt + 1).max().unwrap_or(0);
        self.job = Some(Job { receipt: Some(receipt), lease: config.lease, ..job });
        self.workers.push(Attempt {
            phase: Phase::Claimed,
            receipt,
            life: config.counts_effects.then_some((job.hash, job.generation)),
            has_current: true,
            is_lost: false,
        });
    }

    /// Whether a report of this worker would be accepted now.
    pub(super) fn accepts(&self, config: &Config, attempt: Attempt) -> bool {
        let takes_any = config.flaw == Some(Flaw::NoReceiptCheck);
        self.job.is_some_and(|job| takes_any || job.receipt == Some(attempt.receipt))
    }

    /// Ends the attempt that claimed the job.
    pub(super) fn end(&mut self, config: &Config, event: Event) {
        let Some(job) = self.job.take() else { return };
        let Ok(ended) = end_attempt(event, job.next.is_some()) else { return };
        // A reopened hand-off has a higher generation and stays open for its follow-up.
        if let Some(row) = self.row(job.hash)
            && (row.generation == job.generation || config.flaw == Some(Flaw::NoGenerationCheck))
        {
            self.rows[usize::from(job.hash)] = Some(Row { state: ended.to, ..row });
        }
        self.job = match job.next {
            Some(_) if config.flaw == Some(Flaw::FollowUpDropped) => None,
            Some((hash, generation)) => {
                let job = Job { hash, generation, receipt: None, lease: 0, wait: 0, next: None };
                // An operator may have held or cancelled the follow-up; then it is not taken up.
                let waits = self.row(hash) == Some(Row { state: State::Pending, generation });
                (waits || config.flaw == Some(Flaw::FollowUpUnchecked)).then_some(job)
            }
            None if ended.to.is_waiting() => {
                let wait = u8::from(ended.to == State::Retrying);
                Some(Job { receipt: None, lease: 0, wait, ..job })
            }
            None => None,
        };
    }

    /// Frees the job of an expired claim.
    pub(super) fn rescue(&mut self, config: &Config, event: Event) {
        let Some(receipt) = self.job.and_then(|job| job.receipt) else { return };
        for worker in self.workers.iter_mut().filter(|worker| worker.receipt == receipt) {
            worker.is_lost = true;
        }
        self.end(config, event);
        if config.flaw == Some(Flaw::RescueKeepsReceipt)
            && let Some(job) = &mut self.job
        {
            job.receipt = Some(receipt);
        }
    }

    /// The representative of all equivalent worlds: workers in order, receipts renumbered from the job's.
    pub(super) fn canonical(mut self) -> Self {
        let current = self.job.and_then(|job| job.receipt);
        self.workers
            .sort_by_key(|worker| (current != Some(worker.receipt), Attempt { receipt: 0, ..*worker }));
        let mut free = u8::from(current.is_some());
        for worker in &mut self.workers {
            if current == Some(worker.receipt) {
                worker.receipt = 0;
            } else {
                worker.receipt = free;
                free += 1;
            }
        }
        if let Some(job) = &mut self.job {
            job.receipt = current.map(|_| 0);
        }
        self.effects.sort_unstable();
        self
    }
}
