//! The operations of operators, and new settings of the pipeline. Keep it in step with `handoffs/operate.rs` and the
//! SQL beside it.

use forebay_domain::handoff::{Event, State, next};

use super::{
    config::{Config, Flaw},
    world::World,
};

impl World {
    /// Carries out an operation on the hand-off of a content. If the rules refuse it, nothing changes.
    pub(super) fn operate(&mut self, config: &Config, hash: u8, event: Event) {
        let Some(state) = self.state(hash) else { return };
        let Ok(transition) = next(state, event) else { return };
        let must_be_latest = match event {
            Event::Reconfigured => true,
            Event::Retry => config.flaw != Some(Flaw::RetryIgnoresNewer),
            _ => false,
        };
        if must_be_latest && self.latest != Some(hash) {
            return;
        }
        match event {
            _ if transition.raises_generation => self.hand_off(config, hash, self.open),
            // The attempt may have read the old settings, so its content becomes its own follow-up.
            Event::Reconfigured if state == State::Active => self.hand_off(config, hash, self.open),
            Event::Reconfigured => {}
            Event::CancelRunning => self.cancel_attempt(config),
            _ => self.move_waiting(config, hash, event, transition.to),
        }
    }

    /// Marks the attempt. Its worker keeps the claim until it knows.
    fn cancel_attempt(&mut self, config: &Config) {
        let Some(open) = &mut self.open else { return };
        open.is_cancelled = true;
        if config.flaw == Some(Flaw::CancelTakesClaim) {
            (open.receipt, open.lease) = (None, 0);
        }
        if open.next.is_none() {
            self.is_stopped = true;
        }
    }

    /// Moves a hand-off that waits to another state: the row itself or its follow-up.
    fn move_waiting(&mut self, config: &Config, hash: u8, event: Event, to: State) {
        let Some(open) = &mut self.open else { return };
        let is_stopped = matches!(to, State::Held | State::Cancelled);
        let is_open = open.life.hash == hash;
        if let Some(follow_up) = open.next.as_mut().filter(|next| next.hash == hash) {
            // The worker decides when it begins, so it can't be postponed.
            if event == Event::Snooze {
                return;
            }
            follow_up.state = to;
            if is_stopped && config.flaw == Some(Flaw::FollowUpForgotten) {
                open.next = None;
            }
        }
        self.is_stopped = is_stopped;
        if is_open && (open.receipt.is_none() || config.flaw == Some(Flaw::OperatorTurnsClaimed)) {
            if to == State::Cancelled {
                let life = open.life;
                self.open = None;
                self.settle(life, to);
            } else {
                open.life.state = to;
                open.wait = u8::from(event == Event::Snooze);
            }
        }
    }
}
