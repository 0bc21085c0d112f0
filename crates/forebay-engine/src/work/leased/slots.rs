//! Slots: a bounded number of deliveries at the same time. A free slot takes the next hand-off at once.
//!
//! Sources take turns by slot, so the slow records of one source leave slots to the others.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use forebay_domain::identity::ReferenceId;
use forebay_store::jobs::Receipt;
use futures_util::{
    StreamExt,
    future::{AbortHandle, Abortable, BoxFuture},
    stream::FuturesUnordered,
};
use tokio::sync::mpsc;

use super::{claiming::Claim, pace::Limits};
use crate::{
    error::Result,
    work::{
        event::{Dropped, Event, Outcome},
        handlers::LeasedHandler,
    },
};

/// The outcome of one hand-off, as it comes.
pub(super) struct Answer {
    delivery: u64,
    reference_id: ReferenceId,
    outcome: Outcome,
}

/// The end of a delivery.
pub(super) struct Ended {
    delivery: u64,
    /// Error: the handler cannot work at all.
    pub(super) result: Result<()>,
}

/// A delivery that has ended, or was ended early.
pub(super) struct Delivery {
    pub(super) receipt: Receipt,
    /// The hand-offs without an outcome.
    pub(super) unanswered: HashSet<ReferenceId>,
    /// The claim was lost, so nothing of it is reported.
    pub(super) is_lost: bool,
    abort: AbortHandle,
    dropped: Arc<Dropped>,
}

impl Delivery {
    /// Ends it early.
    fn drop_because(&self, reason: &'static str) {
        // The first reason stays.
        let _is_first = self.dropped.set(reason);
        self.abort.abort();
    }
}

/// Claimed hand-offs that no slot has begun.
struct Ready {
    receipt: Receipt,
    claimed_at: Instant,
    is_suspect: bool,
    /// By source, in turn.
    turns: VecDeque<VecDeque<Event>>,
}

/// The slots of a worker, and what is ready for them.
pub(super) struct Slots<'a> {
    handler: &'a LeasedHandler,
    limits: Limits,
    ready: VecDeque<Ready>,
    deliveries: HashMap<u64, Delivery>,
    running: FuturesUnordered<BoxFuture<'a, Ended>>,
    num_begun: u64,
    answers: mpsc::UnboundedSender<Answer>,
    /// Something that may have crashed a worker runs, and runs alone.
    is_alone: bool,
}

impl<'a> Slots<'a> {
    /// `answers` gets every outcome.
    pub(super) fn new(
        handler: &'a LeasedHandler,
        limits: Limits,
        answers: mpsc::UnboundedSender<Answer>,
    ) -> Self {
        Self {
            handler,
            limits,
            ready: VecDeque::new(),
            deliveries: HashMap::new(),
            running: FuturesUnordered::new(),
            num_begun: 0,
            answers,
            is_alone: false,
        }
    }

    /// Takes what was claimed.
    pub(super) fn add(&mut self, claim: Claim) {
        let mut turns: VecDeque<VecDeque<Event>> = VecDeque::new();
        claim.events.into_iter().for_each(|event| add_turn(&mut turns, event));
        let (receipt, claimed_at, is_suspect) = (claim.receipt, claim.began_at, claim.is_suspect);
        self.ready.push_back(Ready { receipt, claimed_at, is_suspect, turns });
    }

    /// Begins deliveries in the free slots, under claims that `is_held` permits. Returns the longest that one of their
    /// hand-offs waited for its slot.
    pub(super) fn fill(&mut self, is_held: impl Fn(Receipt) -> bool) -> Duration {
        let mut longest = Duration::ZERO;
        while self.num_free() > 0 && !self.is_alone {
            let Some(place) = self.ready.iter().position(|ready| is_held(ready.receipt)) else { break };
            if self.ready[place].is_suspect && !self.deliveries.is_empty() {
                break;
            }
            let ready = &mut self.ready[place];
            let events = ready.take(self.limits.group);
            let (receipt, is_suspect) = (ready.receipt, ready.is_suspect);
            longest = longest.max(ready.claimed_at.elapsed());
            if ready.turns.is_empty() {
                self.ready.remove(place);
            }
            self.is_alone = is_suspect;
            self.begin(receipt, events);
        }
        longest
    }

    fn begin(&mut self, receipt: Receipt, events: Vec<Event>) {
        self.num_begun += 1;
        let (delivery, handler, answers) = (self.num_begun, self.handler, self.answers.clone());
        let unanswered = events.iter().map(|event| event.reference_id).collect();
        let (abort, registration) = AbortHandle::new_pair();
        let dropped = Arc::<Dropped>::default();
        let why = Arc::clone(&dropped);
        self.deliveries.insert(delivery, Delivery { receipt, unanswered, is_lost: false, abort, dropped });
        self.running.push(Box::pin(async move {
            let delivering = async {
                let answer = |place: usize, outcome: Outcome| {
                    let event: &Event = &events[place];
                    event.trace(&outcome);
                    // The receiver is there as long as this future is.
                    let _received =
                        answers.send(Answer { delivery, reference_id: event.reference_id, outcome });
                };
                handler.deliver(&events, &answer, &why).await
            };
            let result = Abortable::new(delivering, registration).await.unwrap_or(Ok(()));
            Ended { delivery, result }
        }));
    }

    /// Waits for the end of a delivery, forever if none runs.
    pub(super) async fn next(&mut self) -> Ended {
        match self.running.next().await {
            Some(ended) => ended,
            None => std::future::pending().await,
        }
    }

    /// Takes an outcome. Returns its claim; `None`: nobody waits for it any more.
    pub(super) fn answered(&mut self, answer: Answer) -> Option<(ReferenceId, Receipt, Outcome)> {
        let delivery = self.deliveries.get_mut(&answer.delivery)?;
        let is_wanted = delivery.unanswered.remove(&answer.reference_id) && !delivery.is_lost;
        is_wanted.then_some((answer.reference_id, delivery.receipt, answer.outcome))
    }

    /// Frees the slot of a delivery that has ended.
    pub(super) fn ended(&mut self, ended: &Ended) -> Option<Delivery> {
        let delivery = self.deliveries.remove(&ended.delivery);
        if self.deliveries.is_empty() {
            self.is_alone = false;
        }
        delivery
    }

    /// Forgets what is ready under a claim that was lost, and ends its deliveries. Returns whether there was any.
    pub(super) fn lose(&mut self, receipt: Receipt) -> bool {
        let num_ready = self.ready.len();
        self.ready.retain(|ready| ready.receipt != receipt);
        let mut had_any = self.ready.len() < num_ready;
        let of_claim = self.deliveries.values_mut().filter(|delivery| delivery.receipt == receipt);
        for delivery in of_claim.filter(|delivery| !delivery.unanswered.is_empty()) {
            delivery.is_lost = true;
            delivery.drop_because("lease_expired");
            had_any = true;
        }
        had_any
    }

    /// Ends the deliveries of hand-offs that an operator has cancelled, and returns what no slot has begun of them.
    pub(super) fn cancel(&mut self, receipt: Receipt, ids: &[ReferenceId]) -> Vec<ReferenceId> {
        let mut unmade = Vec::new();
        for ready in self.ready.iter_mut().filter(|ready| ready.receipt == receipt) {
            for turn in &mut ready.turns {
                unmade.extend(turn.iter().map(|event| event.reference_id).filter(|id| ids.contains(id)));
                turn.retain(|event| !ids.contains(&event.reference_id));
            }
            ready.turns.retain(|turn| !turn.is_empty());
        }
        self.ready.retain(|ready| !ready.turns.is_empty());
        for delivery in self.deliveries.values().filter(|delivery| delivery.receipt == receipt) {
            if ids.iter().any(|id| delivery.unanswered.contains(id)) {
                delivery.drop_because("cancelled");
            }
        }
        unmade
    }

    /// Ends all deliveries.
    pub(super) fn abort_all(&self) {
        self.deliveries.values().for_each(|delivery| delivery.drop_because("interrupted"));
    }

    /// Takes everything that no slot has begun.
    pub(super) fn take_ready(&mut self) -> Vec<(ReferenceId, Receipt)> {
        let ready = self.ready.drain(..);
        let keys = ready.flat_map(|ready| {
            let events = ready.turns.into_iter().flatten();
            events.map(move |event| (event.reference_id, ready.receipt))
        });
        keys.collect()
    }

    /// The number of slots without a delivery.
    pub(super) fn num_free(&self) -> usize {
        self.limits.slots.saturating_sub(self.deliveries.len())
    }

    /// The number of hand-offs that wait for a slot.
    pub(super) fn num_ready(&self) -> usize {
        self.ready.iter().flat_map(|ready| &ready.turns).map(VecDeque::len).sum()
    }

    /// Whether something that may have crashed a worker runs or waits.
    pub(super) fn has_suspect(&self) -> bool {
        self.is_alone || self.ready.iter().any(|ready| ready.is_suspect)
    }

    /// Whether no delivery runs.
    pub(super) fn are_idle(&self) -> bool {
        self.deliveries.is_empty()
    }
}

/// Adds an event behind those of its source.
fn add_turn(turns: &mut VecDeque<VecDeque<Event>>, event: Event) {
    match turns.iter_mut().find(|turn| turn.front().is_some_and(|first| first.source == event.source)) {
        Some(turn) => turn.push_back(event),
        None => turns.push_back(VecDeque::from([event])),
    }
}

impl Ready {
    /// The next events, from each source in turn.
    fn take(&mut self, number: usize) -> Vec<Event> {
        let mut taken = Vec::new();
        while taken.len() < number
            && let Some(mut turn) = self.turns.pop_front()
        {
            taken.extend(turn.pop_front());
            if !turn.is_empty() {
                self.turns.push_back(turn);
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use forebay_domain::{
        handoff::Change,
        identity::{ReferenceId, VersionHash},
    };
    use jiff::{SignedDuration, Timestamp};

    use super::*;

    fn event(source: &str, key: &str) -> Event {
        Event {
            reference_id: ReferenceId::compute(source, key),
            source: source.to_owned(),
            entity_type: String::new(),
            record_key: key.to_owned(),
            change: Change::Added,
            payload_hash: VersionHash::of(b"{}"),
            generation: 1,
            attempt: 1,
            version: 1,
            changed_at: Timestamp::UNIX_EPOCH,
            payload: None,
            skew: SignedDuration::ZERO,
            span: tracing::Span::none(),
        }
    }

    #[test]
    fn sources_take_turns() {
        let events = [("a", "1"), ("a", "2"), ("a", "3"), ("b", "1"), ("c", "1")];
        let mut turns: VecDeque<VecDeque<Event>> = VecDeque::new();
        for (source, key) in events {
            add_turn(&mut turns, event(source, key));
        }
        let mut ready =
            Ready { receipt: Receipt([1; 16]), claimed_at: Instant::now(), is_suspect: false, turns };
        let mut taken = || {
            ready
                .take(2)
                .iter()
                .map(|event| format!("{}{}", event.source, event.record_key))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            [taken(), taken(), taken(), taken()],
            [vec!["a1", "b1"], vec!["c1", "a2"], vec!["a3"], vec![]]
        );
    }
}
