//! The model for the checker: the possible actions in each state.
//!
//! Only decisions are bounded (contents, changes, operations); time, claims, retries and crashes are not. A world of
//! two contents and two workers contains every pair of rivals: two workers for one row, two contents for one row, and a
//! content against its own earlier generation.

use forebay_domain::handoff::{Event, FailureClass};
use stateright::{Model, Property};

use super::{
    config::{Config, Flaw, Reads, failed},
    properties,
    world::{Attempt, Fault, Phase, World},
};

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
    /// Frees what an expired lease holds; whether it was the last loss allowed.
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

const OPERATIONS: [Event; 7] = [
    Event::Reconfigured,
    Event::Cancel,
    Event::CancelRunning,
    Event::Hold,
    Event::Release,
    Event::Snooze,
    Event::Retry,
];

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
        self.is_punctual && world.open.is_some_and(|open| open.receipt.is_some() && open.lease == 1)
    }

    fn have_effect(&self, world: &mut World, index: usize) {
        let attempt = &mut world.workers[index];
        attempt.phase = Phase::Effected;
        let is_current = attempt.has_current || self.reads == Reads::AtEffect;
        let is_kept = self.target_compares && world.target_is_current;
        world.target_is_current = is_current || is_kept;
        if let Some(effect) = attempt.effect {
            world.had_effect_twice |= world.effects.contains(&effect);
            world.effects.push(effect);
        }
    }

    fn report(&self, world: &mut World, index: usize, report: WorkerReport) {
        let attempt = world.workers[index];
        if !world.accepts(self, attempt) {
            world.workers.remove(index);
            return;
        }
        if attempt.phase == Phase::Reported {
            world.fail(Fault::AcceptedTwice);
        } else if attempt.is_lost {
            world.fail(Fault::StaleAccepted);
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
            for (hash, _) in world.states() {
                actions.extend(OPERATIONS.map(|event| Action::Operate(hash, event)));
            }
        }
        if world.can_claim(self) && world.workers.len() < self.num_workers {
            actions.push(Action::Claim);
        }
        for (index, attempt) in world.workers.iter().enumerate() {
            if !(world.is_busy(self) && world.accepts(self, *attempt)) {
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
        if let Some(open) = world.open {
            if open.lease + open.wait > 0 && !self.is_waited_for(world) {
                actions.push(Action::Tick);
            }
            if open.receipt.is_some() && open.lease == 0 && !world.is_busy(self) {
                actions.extend([Action::Rescue(false), Action::Rescue(true)]);
            }
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        match action {
            // The same content again changes nothing.
            Action::Persist(hash) if world.latest == Some(hash) => return None,
            Action::Persist(hash) => world.begin_hand_off(hash),
            Action::RemoveOrRestore => world.begin_hand_off(world.latest?),
            Action::Commit => world.commit(self),
            Action::Claim => world.claim(self),
            Action::Heartbeat(index) => {
                let receipt = Some(world.workers[index].receipt);
                world.open.as_mut().filter(|open| open.receipt == receipt)?.lease = self.lease;
            }
            Action::Crash(index) => {
                world.workers.remove(index);
            }
            Action::HaveEffect(index) => self.have_effect(&mut world, index),
            Action::Report(index, report) => self.report(&mut world, index, report),
            Action::Tick => {
                if let Some(open) = &mut world.open {
                    open.lease = open.lease.saturating_sub(1);
                    open.wait = open.wait.saturating_sub(1);
                }
            }
            Action::Rescue(is_last) => world.rescue(self, failed(FailureClass::Lost, is_last)),
            Action::Operate(hash, event) => world.operate(self, hash, event),
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
