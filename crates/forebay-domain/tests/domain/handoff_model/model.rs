//! The model for the checker: the possible actions in each state.
//!
//! Only decisions are bounded (contents, changes, operations); time, claims, retries and crashes are not. A world of
//! two contents and two workers contains every pair of rivals: two workers for one job, two contents for one job, and a
//! content against its own earlier generation.

use forebay_domain::handoff::{Event, FailureClass, POLICIES, failure_event};
use stateright::{Model, Property};

use super::{
    properties,
    world::{Attempt, Fault, Phase, World},
};

/// A removed rule, to see that the checker notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Every report is accepted.
    NoReceiptCheck,
    /// A report ends the row of its content, regardless of the row's generation.
    NoGenerationCheck,
    /// A rescued job can still be reported under the lost receipt.
    RescueKeepsReceipt,
    /// The end of an attempt drops the follow-up.
    FollowUpDropped,
    /// The end of an attempt takes up the follow-up even if an operator has held or cancelled it.
    FollowUpUnchecked,
    /// Holding or cancelling the follow-up removes it from the job.
    FollowUpForgotten,
    /// New content overwrites a claimed job.
    EnqueueTurnsClaimed,
    /// Handing off does not lock an active hand-off, so its attempt may end before the job is reached.
    ActiveNotLocked,
    /// Operators do not wait for a transaction that is handing off the reference.
    OperatorDoesNotWait,
    /// A job is claimed although another worker holds it.
    ClaimIgnoresReceipt,
}

/// When a worker reads the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// At the claim, however much later the effect is.
    AtClaim,
    /// Together with the effect.
    AtEffect,
}

/// A configuration: bounds, the behaviour of workers and target, and the removed rule, if any.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is independent of the others")]
pub(super) struct Config {
    pub(super) num_hashes: u8,
    pub(super) num_workers: usize,
    /// The length of a lease, in ticks.
    pub(super) lease: u8,
    pub(super) max_persisted: u8,
    pub(super) max_operated: u8,
    pub(super) reads: Reads,
    /// Whether the target keeps the newer of two versions instead of the last one received.
    pub(super) target_compares: bool,
    /// Whether every worker reports before its lease ends, without crashing or failing halfway.
    pub(super) is_punctual: bool,
    /// Whether reports are sent again because their answer was lost.
    pub(super) sends_again: bool,
    pub(super) counts_effects: bool,
    pub(super) flaw: Option<Flaw>,
}

/// The end of an attempt, as reported by its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkerReport {
    Succeeded,
    /// The class, and whether it was the last failure that the class allows.
    Failed(FailureClass, bool),
    GivenBack,
}

/// A step. Workers are named by their position in [`World::workers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Persist(u8),
    RemoveOrRestore,
    /// Commits the transaction begun by `Persist` or `RemoveOrRestore`.
    Commit,
    Claim,
    Heartbeat(usize),
    Crash(usize),
    HaveEffect(usize),
    Report(usize, WorkerReport),
    Tick,
    /// Frees the job of an expired lease; whether it was the last loss allowed.
    Rescue(bool),
    Operate(u8, Event),
}

const REPORTS: [WorkerReport; 5] = [
    WorkerReport::Failed(FailureClass::Transient, false),
    WorkerReport::Failed(FailureClass::Transient, true),
    WorkerReport::Failed(FailureClass::Throttled, false),
    WorkerReport::Failed(FailureClass::Permanent, true),
    WorkerReport::GivenBack,
];

const OPERATIONS: [Event; 6] =
    [Event::Reconfigured, Event::Cancel, Event::Hold, Event::Release, Event::Snooze, Event::Retry];

/// The event of a failure. Failures are not counted here, so the last one allowed can come at any time.
pub(super) fn failed(class: FailureClass, is_last: bool) -> Event {
    let most = POLICIES.iter().find(|policy| policy.class == class).and_then(|policy| policy.max_failures);
    failure_event(class, if is_last { most.unwrap_or(1) } else { 1 })
}

impl Config {
    /// The reports that a worker can make now.
    fn reports(&self, attempt: Attempt) -> Vec<WorkerReport> {
        match attempt.phase {
            Phase::Claimed => REPORTS.to_vec(),
            Phase::Effected if self.is_punctual => vec![WorkerReport::Succeeded],
            // The target has the content, but the worker received an error.
            Phase::Effected => vec![WorkerReport::Succeeded, REPORTS[0], REPORTS[1]],
            Phase::Reported => vec![WorkerReport::Succeeded],
        }
    }

    /// Whether the current lease would end although its worker has not reported.
    fn is_waited_for(&self, world: &World) -> bool {
        self.is_punctual && world.job.is_some_and(|job| job.receipt.is_some() && job.lease == 1)
    }

    fn have_effect(&self, world: &mut World, index: usize) {
        let attempt = &mut world.workers[index];
        attempt.phase = Phase::Effected;
        let is_current = attempt.has_current || self.reads == Reads::AtEffect;
        let is_kept = self.target_compares && world.target_is_current;
        world.target_is_current = is_current || is_kept;
        if let Some(life) = attempt.life {
            world.had_effect_twice |= world.effects.contains(&life);
            world.effects.push(life);
        }
    }

    fn report(&self, world: &mut World, index: usize, report: WorkerReport) {
        let attempt = world.workers[index];
        if !world.accepts(self, attempt) {
            world.workers.remove(index);
            return;
        }
        if attempt.phase == Phase::Reported {
            world.fault = Some(Fault::AcceptedTwice);
        } else if attempt.is_lost {
            world.fault = Some(Fault::StaleAccepted);
        }
        world.end(
            self,
            match report {
                WorkerReport::Succeeded => Event::Succeeded,
                WorkerReport::Failed(class, is_last) => failed(class, is_last),
                WorkerReport::GivenBack => Event::GiveBack,
            },
        );
        if self.sends_again {
            world.workers[index].phase = Phase::Reported;
        } else {
            world.workers.remove(index);
        }
    }

    /// An operator's operation: if the rules refuse it, nothing changes; otherwise the job follows its hand-off.
    fn operate(&self, world: &mut World, hash: u8, event: Event) {
        let before = world.row(hash);
        let reopens = matches!(event, Event::Reconfigured | Event::Retry);
        if (reopens && world.latest != Some(hash)) || !world.apply(hash, event) {
            return;
        }
        match event {
            Event::Cancel | Event::Hold => match &mut world.job {
                Some(job) if job.receipt.is_none() && job.hash == hash => world.job = None,
                // A follow-up stays on the job; the end of the attempt then finds that it must not be taken up.
                Some(job) if self.flaw == Some(Flaw::FollowUpForgotten) => {
                    job.next = job.next.filter(|next| next.0 != hash);
                }
                _ => {}
            },
            Event::Snooze => {
                if let Some(job) = world.job.as_mut().filter(|job| job.receipt.is_none()) {
                    job.wait = 1;
                }
            }
            Event::Reconfigured if world.row(hash) == before => {}
            _ => {
                world.supersede_others(hash);
                world.queue_job(self, hash);
            }
        }
    }
}

impl Model for Config {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::default()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.fault.is_some() {
            return;
        }
        if world.persisting.is_some() {
            actions.push(Action::Commit);
        } else if world.num_persisted < self.max_persisted {
            actions.extend((0..self.num_hashes).map(Action::Persist));
            actions.push(Action::RemoveOrRestore);
        }
        let may_operate = world.persisting.is_none() || self.flaw == Some(Flaw::OperatorDoesNotWait);
        if may_operate && world.num_operated < self.max_operated {
            for (hash, _) in world.rows() {
                actions.extend(OPERATIONS.map(|event| Action::Operate(hash, event)));
            }
        }
        if world.can_claim(self) && world.workers.len() < self.num_workers {
            actions.push(Action::Claim);
        }
        for (index, attempt) in world.workers.iter().enumerate() {
            if !(world.is_busy() && world.accepts(self, *attempt)) {
                actions
                    .extend(self.reports(*attempt).into_iter().map(|report| Action::Report(index, report)));
            }
            if attempt.phase == Phase::Claimed {
                actions.push(Action::HaveEffect(index));
            }
            if attempt.phase != Phase::Reported {
                actions.push(Action::Heartbeat(index));
            }
            if !self.is_punctual || attempt.phase == Phase::Reported {
                actions.push(Action::Crash(index));
            }
        }
        if let Some(job) = world.job {
            if job.lease + job.wait > 0 && !self.is_waited_for(world) {
                actions.push(Action::Tick);
            }
            if job.receipt.is_some() && job.lease == 0 && !world.is_busy() {
                actions.extend([Action::Rescue(false), Action::Rescue(true)]);
            }
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        match action {
            Action::Persist(hash) if world.latest == Some(hash) => {
                world.apply(hash, Event::SameHash);
            }
            Action::Persist(hash) => world.begin_enqueue(self, hash),
            Action::RemoveOrRestore => world.begin_enqueue(self, world.latest?),
            Action::Commit => world.end_enqueue(self),
            Action::Claim => world.claim(self),
            Action::Heartbeat(index) => {
                let receipt = Some(world.workers[index].receipt);
                world.job.as_mut().filter(|job| job.receipt == receipt)?.lease = self.lease;
            }
            Action::Crash(index) => {
                world.workers.remove(index);
            }
            Action::HaveEffect(index) => self.have_effect(&mut world, index),
            Action::Report(index, report) => self.report(&mut world, index, report),
            Action::Tick => {
                if let Some(job) = &mut world.job {
                    job.lease = job.lease.saturating_sub(1);
                    job.wait = job.wait.saturating_sub(1);
                }
            }
            Action::Rescue(is_last) => world.rescue(self, failed(FailureClass::Lost, is_last)),
            Action::Operate(hash, event) => self.operate(&mut world, hash, event),
        }
        let world = world.canonical();
        if world == *last {
            return None;
        }
        let persists = matches!(action, Action::Persist(_) | Action::RemoveOrRestore);
        Some(World {
            num_persisted: last.num_persisted + u8::from(persists),
            num_operated: last.num_operated + u8::from(matches!(action, Action::Operate(..))),
            ..world
        })
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::of(self)
    }
}
