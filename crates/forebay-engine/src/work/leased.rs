//! Leased work: claim hand-offs under a receipt, let the handler have its effect, report.
//!
//! A worker has slots. A free slot takes the next hand-off, a result is reported as it comes, and both go on while
//! other slots wait for slow receivers. In between, the worker holds nothing in the database but leases, which it
//! extends. A worker that dies reports nothing: its leases expire and other workers claim its hand-offs. So delivery is
//! at least once. The receipt makes the database refuse a late report.
//!
//! While the database cannot be reached, results stay in hand ([`ledger`]). They are reported before anything is
//! claimed again, because a claim frees the hand-offs of expired leases.

mod claiming;
mod heartbeat;
mod ledger;
mod pace;
mod reporter;
mod slots;
mod task;

use std::{
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};

use forebay_store::pipelines::{self, Pipeline};
use tokio::sync::{mpsc, watch};
use tracing::{Instrument, Span};

use self::{
    claiming::{Claim, claim},
    heartbeat::{Beat, Leases, Stop, beat},
    ledger::{InHand, Ledger},
    pace::{Limits, Pace},
    reporter::{Reported, report},
    slots::{Answer, Ended, Slots},
    task::Task,
};
use super::{
    batch::Batch,
    event::Outcome,
    handlers::LeasedHandler,
    shared::{Shared, Sight, Stage},
};
use crate::error::{Error, Result};

/// How many rounds of deliveries may be claimed ahead where deliveries are quick.
const ROUNDS_AHEAD: usize = 8;
/// How long a pipeline rests if its receiver asks to slow down without saying for how long.
const REST: Duration = Duration::from_secs(5);
/// How often a worker asks for cancelled attempts if no supervisor looks for them.
const LOOK: Duration = Duration::from_secs(1);
/// How often a report that the database refuses with an error is attempted.
const MAX_REFUSALS: u32 = 12;

/// Why a worker claims nothing any more.
enum Ending {
    /// The supervisor stops.
    Stopped,
    /// The receiver asked to slow down, without saying for how long if this is a time to rest.
    Throttled(Option<Duration>),
    /// The handler or the database has an error.
    Failed(Error),
}

/// A worker for one pipeline.
struct Worker<'a> {
    shared: &'a Shared<'a>,
    pipeline: &'a Pipeline,
    handler: &'a LeasedHandler,
    slots: Slots<'a>,
    pace: Pace,
    leases: Leases,
    ledger: Ledger,
    ending: Option<Ending>,
    /// Nothing is claimed until all results are reported: one of them pauses a key.
    settles_first: bool,
    /// Whether it has results or leases that the database may not know to be alive.
    is_overdue: bool,
}

/// Works for a pipeline until nothing that it may claim is due. Returns how long to leave the pipeline alone.
pub(super) async fn serve(
    shared: &Shared<'_>,
    pipeline: &Pipeline,
    handler: &LeasedHandler,
) -> Result<Option<Duration>> {
    let (sender, answers) = mpsc::unbounded_channel();
    let most = usize::try_from(shared.options.batch).unwrap_or(usize::MAX);
    let group = handler.group().min(most);
    let limits = Limits {
        slots: handler.slots(),
        group,
        // A command gets what is there when it starts; the next one may find more.
        most_ahead: if group == 1 { handler.slots() * ROUNDS_AHEAD } else { 0 },
        largest_claim: most,
    };
    let worker = Worker {
        shared,
        pipeline,
        handler,
        slots: Slots::new(handler, limits, sender),
        pace: Pace::new(limits),
        leases: Leases::new(shared.options.lease, if shared.is_draining { LOOK } else { Duration::MAX }),
        ledger: Ledger::default(),
        ending: None,
        settles_first: false,
        is_overdue: false,
    };
    worker.run(answers).await
}

impl Worker<'_> {
    async fn run(mut self, mut answers: mpsc::UnboundedReceiver<Answer>) -> Result<Option<Duration>> {
        let (database, pipeline) = (self.shared.database, self.pipeline);
        let (lease, id) = (self.shared.options.lease, pipeline.pipeline_id);
        let (mut stage, mut sight) = (self.shared.stage.clone(), self.shared.sight.subscribe());
        let (mut claiming, mut reporting, mut beating) = (Task::none(), Task::none(), Task::none());
        let mut idle_since = None;
        loop {
            self.obey(*stage.borrow_and_update());
            let now = Instant::now();
            let waited = self.slots.fill(|receipt| self.leases.is_held(receipt, now));
            self.pace.waited(waited);
            if reporting.is_none()
                && let Some(results) = self.ledger.take_due(now, self.is_urgent())
            {
                reporting.begin(report(database, pipeline, results));
            }
            if beating.is_none()
                && let Some(receipts) = self.leases.due(now)
            {
                beating.begin(beat(database, &pipeline.spec.name, receipts, lease));
            }
            let is_idle = self.slots.are_idle() && self.slots.num_ready() == 0 && self.ledger.is_empty();
            if is_idle && claiming.is_none() {
                if let Some(ending) = self.ending.take() {
                    return match ending {
                        Ending::Stopped => Ok(None),
                        Ending::Throttled(rest) => Ok(rest),
                        Ending::Failed(error) => Err(error),
                    };
                }
                if self.pace.is_dry() {
                    let since = *idle_since.get_or_insert(now);
                    if !self.shared.is_worth_waiting(pipeline, since).await? {
                        return Ok(None);
                    }
                }
                self.pace.wake();
            }
            let num_wanted = self.wanted(now);
            if claiming.is_none() && num_wanted > 0 {
                // `trace::claimed` records the number of hand-offs.
                let name = pipeline.spec.name.as_str();
                let span =
                    tracing::info_span!("claim", pipeline = name, num_handoffs = tracing::field::Empty);
                let work = claim(self.shared, name, num_wanted);
                claiming.begin(async move { (work.instrument(span.clone()).await, span, num_wanted) });
            }
            let next = [self.ledger.due_at(), self.leases.beat_at(), self.pace.next_at()];
            let next = next.into_iter().flatten().filter(|at| *at > now).min();
            tokio::select! {
                biased;
                Some(answer) = answers.recv() => self.answered(answer),
                ended = self.slots.next() => {
                    // What it said comes first.
                    while let Ok(answer) = answers.try_recv() {
                        self.answered(answer);
                    }
                    self.ended(ended);
                }
                (claimed, span, num_wanted) = claiming.done() => {
                    if matches!(&claimed, Ok(Some(_))) {
                        idle_since = None;
                    }
                    self.claimed(claimed, &span, num_wanted);
                }
                reported = reporting.done() => self.reported(reported),
                beat = beating.done() => self.extended(beat),
                changed = stage.changed() => if changed.is_err() { return Ok(None) },
                (is_due, is_cancelled) = looked(&mut sight, id) => {
                    if is_due {
                        self.pace.wake();
                    }
                    if is_cancelled {
                        self.leases.hurry();
                    }
                }
                () = sleep_until(next) => {}
            }
        }
    }

    /// Follows the stage of the supervisor: stops claiming, or stops altogether.
    fn obey(&mut self, stage: Stage) {
        if stage >= Stage::Stopping || !self.shared.is_served(self.pipeline) {
            self.ending.get_or_insert(Ending::Stopped);
        }
        if stage == Stage::CutOff {
            self.slots.abort_all();
        }
        if self.ending.is_some() || self.settles_first {
            for (reference_id, receipt) in self.slots.take_ready() {
                self.ledger.add(InHand { reference_id, receipt, outcome: None });
            }
        }
    }

    /// Whether results are worth a report of their own: nothing else comes soon, or they make room under limits.
    fn is_urgent(&self) -> bool {
        let is_limited = self.pipeline.spec.limits != pipelines::Limits::default();
        self.slots.are_idle() || self.ending.is_some() || self.settles_first || is_limited
    }

    fn wanted(&mut self, now: Instant) -> usize {
        let is_over = self.ending.is_some() || self.settles_first || self.slots.has_suspect();
        if is_over || self.ledger.is_failing() || self.leases.is_failing() {
            return 0;
        }
        let wanted = self.pace.wanted(now, self.slots.num_free(), self.slots.num_ready());
        if wanted > 0 && self.shared.num_overdue.load(Relaxed) > 0 {
            // Another worker of this process is about to report what this claim would free.
            self.pace.put_off();
            return 0;
        }
        wanted.min(self.ledger.room())
    }

    fn answered(&mut self, answer: Answer) {
        let Some((reference_id, receipt, outcome)) = self.slots.answered(answer) else { return };
        if let Outcome::Failed { retry_after, .. } = &outcome
            && self.handler.should_pause(&outcome)
        {
            let is_timed = retry_after.is_some_and(|wait| !wait.is_zero());
            if is_timed && self.pipeline.spec.limits.key.is_some() {
                // The database pauses one key once it knows.
                self.settles_first = true;
            } else {
                self.ending.get_or_insert(Ending::Throttled((!is_timed).then_some(REST)));
            }
        }
        self.ledger.add(InHand { reference_id, receipt, outcome: Some(outcome) });
    }

    fn ended(&mut self, ended: Ended) {
        let Some(delivery) = self.slots.ended(&ended) else { return };
        if delivery.is_lost {
            // Nothing can be reported about them.
            let num_claimed = delivery.unanswered.len() as u64;
            self.shared.add(self.pipeline, &Batch { num_claimed, ..Batch::default() });
        } else {
            let receipt = delivery.receipt;
            if !delivery.unanswered.is_empty() && ended.result.is_ok() {
                tracing::info!(
                    num_handoffs = delivery.unanswered.len(),
                    "released, because this worker stops or an operator has cancelled the attempt"
                );
            }
            for reference_id in delivery.unanswered {
                self.ledger.add(InHand { reference_id, receipt, outcome: None });
            }
        }
        if let Err(error) = ended.result {
            // The handler itself cannot work, so no hand-off failed.
            self.fail(error);
        }
    }

    fn claimed(&mut self, claimed: Result<Option<Claim>>, span: &Span, num_wanted: usize) {
        let were_idle = self.slots.num_free() > 0 && self.slots.num_ready() == 0;
        match claimed {
            Ok(None) => self.pace.claimed(0, num_wanted, were_idle),
            Ok(Some(claim)) => {
                let number = claim.events.len();
                self.pace.claimed(number, num_wanted, were_idle);
                self.leases.add(claim.receipt, claim.began_at, number, span.clone());
                self.slots.add(claim);
            }
            // What runs continues, and its results stay in hand.
            Err(error) if error.is_unreachable() && !self.is_at_rest() => self.pace.put_off(),
            Err(error) => self.fail(error),
        }
    }

    fn is_at_rest(&self) -> bool {
        self.slots.are_idle() && self.ledger.is_empty()
    }

    fn reported(&mut self, mut reported: Reported) {
        for (receipt, answered) in reported.batches.drain() {
            let in_claim = self.leases.span(receipt);
            self.leases.ended(receipt, answered.num_ended);
            if answered.batch.num_claimed > 0 {
                in_claim.in_scope(|| answered.batch.trace());
                self.shared.add(self.pipeline, &answered.batch);
            }
        }
        let is_limited = self.pipeline.spec.limits != pipelines::Limits::default();
        if is_limited {
            self.pace.wake();
        }
        let failing_for = self.ledger.reported(reported.left, reported.error.is_some());
        if self.ledger.is_empty() {
            self.settles_first = false;
        }
        self.note_overdue();
        let is_over = self.shared.is_draining && failing_for > self.shared.options.grace;
        match reported.error {
            Some(error) if is_over => self.give_up(Some(error)),
            Some(error) if !error.may_pass() && self.ledger.num_failures() >= MAX_REFUSALS => {
                self.give_up(Some(error));
            }
            _ => {}
        }
    }

    /// The leases will expire and the hand-offs are delivered again: at least once.
    fn give_up(&mut self, error: Option<Error>) {
        self.ledger.give_up();
        self.note_overdue();
        match error {
            Some(error) => self.fail(error),
            None => drop(self.ending.get_or_insert(Ending::Stopped)),
        }
    }

    fn extended(&mut self, beat: Beat) {
        for (receipt, stop) in self.leases.answered(beat) {
            match stop {
                Stop::Lost => {
                    // Otherwise a report that is under way has just ended the claim.
                    if self.slots.lose(receipt) || self.ledger.has(receipt) {
                        tracing::warn!("lost the lease of a claim; its hand-offs will be delivered again");
                    }
                }
                Stop::Cancelled(ids) => {
                    for reference_id in self.slots.cancel(receipt, &ids) {
                        self.ledger.add(InHand { reference_id, receipt, outcome: None });
                    }
                }
            }
        }
        self.note_overdue();
    }

    /// Keeps the other workers of this process from freeing the hand-offs of this one.
    fn note_overdue(&mut self) {
        let is_overdue = self.ledger.is_failing() || self.leases.is_failing();
        if is_overdue && !self.is_overdue {
            self.shared.num_overdue.fetch_add(1, Relaxed);
        } else if !is_overdue && self.is_overdue {
            self.shared.num_overdue.fetch_sub(1, Relaxed);
        }
        self.is_overdue = is_overdue;
    }

    fn fail(&mut self, error: Error) {
        if !matches!(self.ending, Some(Ending::Failed(_))) {
            self.ending = Some(Ending::Failed(error));
        }
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        if self.is_overdue {
            self.shared.num_overdue.fetch_sub(1, Relaxed);
        }
    }
}

/// Waits until the supervisor has looked. Returns whether hand-offs of the pipeline are due, and whether attempts are
/// cancelled.
async fn looked(sight: &mut watch::Receiver<Sight>, pipeline_id: i32) -> (bool, bool) {
    while sight.changed().await.is_ok() {
        let found = {
            let seen = sight.borrow_and_update();
            (seen.due.contains(&pipeline_id), seen.cancelled.contains(&pipeline_id))
        };
        if found != (false, false) {
            return found;
        }
    }
    std::future::pending().await
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
