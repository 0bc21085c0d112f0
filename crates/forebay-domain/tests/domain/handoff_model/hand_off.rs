//! Handing off: in the transaction that persists, and by operators. Keep it in step with `handoffs/lock_open.sql` and
//! `handoffs/enqueue.sql`.

use forebay_domain::handoff::{Event, State, next};

use super::{
    config::{Config, Flaw},
    world::{Fault, Life, Open, Persisting, World},
};

impl World {
    /// Begins to hand off new content, earlier content, or the same content removed or restored: locks what is open.
    pub(super) fn begin_hand_off(&mut self, hash: u8) {
        // Times and the value of the receipt don't matter.
        let seen = self.open.map(|open| Open { receipt: open.receipt.map(|_| 0), lease: 0, wait: 0, ..open });
        self.persisting = Some(Persisting { hash, seen });
    }

    /// Finishes the hand-off that was begun, and commits.
    pub(super) fn commit(&mut self, config: &Config) {
        let Some(Persisting { hash, seen }) = self.persisting.take() else { return };
        self.hand_off(config, hash, seen);
        self.latest = Some(hash);
    }

    /// Writes a hand-off according to what was open when it was locked.
    pub(super) fn hand_off(&mut self, config: &Config, hash: u8, seen: Option<Open>) {
        let generation = self.next_generation(config, hash, seen);
        if config.flaw != Some(Flaw::OutcomeKept) {
            self.outcomes[usize::from(hash)] = None;
        }
        let content = Life { hash, generation, state: State::Pending };
        match seen {
            None if self.open.is_some() => self.fail(Fault::KeyTaken),
            None => self.open = Some(Open::waiting(content)),
            Some(seen) if seen.receipt.is_none() || config.flaw == Some(Flaw::EnqueueTurnsClaimed) => {
                if seen.life.hash != hash && config.flaw != Some(Flaw::SupersededForgotten) {
                    self.supersede(seen.life);
                }
                if let Some(open) = &mut self.open {
                    (open.life, open.wait) = (content, 0);
                }
            }
            Some(seen) if seen.life.hash == hash && config.flaw == Some(Flaw::OwnContentLeftAlone) => {}
            Some(seen) => {
                let replaced = seen.next.filter(|replaced| replaced.hash != hash);
                // The end of the attempt decides about its content.
                let is_own = replaced.is_some_and(|replaced| replaced.hash == seen.life.hash);
                if let Some(replaced) = replaced
                    && (!is_own || config.flaw == Some(Flaw::ReplacedOwnSettled))
                    && config.flaw != Some(Flaw::ReplacedForgotten)
                {
                    self.supersede(replaced);
                }
                if let Some(open) = &mut self.open {
                    open.next = Some(content);
                }
            }
        }
        self.was_handed_off[usize::from(hash)] = true;
        self.is_stopped = false;
        // From now on, only content that is read again is current.
        self.target_is_current = false;
        for worker in &mut self.workers {
            worker.has_current = false;
        }
    }

    /// The generation of a content that is handed off.
    fn next_generation(&self, config: &Config, hash: u8, seen: Option<Open>) -> u8 {
        let follow_up = seen.and_then(|open| open.next).filter(|next| next.hash == hash);
        let open = seen.map(|open| open.life).filter(|life| life.hash == hash);
        let open = follow_up.or(open).filter(|_| config.flaw != Some(Flaw::OpenGenerationForgotten));
        match (self.outcomes[usize::from(hash)], open) {
            (Some(outcome), _) if config.flaw == Some(Flaw::GenerationKept) => outcome.generation,
            (Some(last), _) | (None, Some(last)) => last.generation + 1,
            (None, None) => 1,
        }
    }

    /// Settles content that waits, because other content is handed off. Cancelled content stays cancelled.
    fn supersede(&mut self, life: Life) {
        if let Ok(transition) = next(life.state, Event::NewerVersion) {
            self.settle(life, transition.to);
        }
    }
}
