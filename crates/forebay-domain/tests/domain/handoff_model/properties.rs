//! Properties that hold in every reachable world, and worlds that must be reached for the check to mean anything.

use forebay_domain::handoff::{Event, FailureClass, State};
use stateright::Property;

use super::{
    config::{Config, failed},
    world::{Fault, Phase, World},
};

pub(super) const ONE_LIVE_CLAIM: &str = "no two workers hold the reference";
pub(super) const STALE_REFUSED: &str = "a report of a lost claim is refused";
pub(super) const ONCE_ACCEPTED: &str = "a receipt is accepted once";
pub(super) const CLAIM_KEPT: &str = "a claim is not taken away before its lease ends";
pub(super) const ONLY_WAITING_CLAIMED: &str = "only waiting hand-offs are claimed";
pub(super) const ONE_WAITING: &str = "at most one hand-off waits";
pub(super) const LATEST_KEPT: &str = "the reference's current content is never superseded";
pub(super) const NOTHING_STRANDED: &str = "what was handed off is open, a follow-up or settled";
pub(super) const ONE_TABLE: &str = "no content is both open and settled";
pub(super) const KEYS_FREE: &str = "no insert finds its key taken";
pub(super) const ROWS_VALID: &str =
    "only a claim has a follow-up or a cancel, and what is held is not claimed";
pub(super) const NOTHING_LOST: &str = "a succeeded hand-off has ingested the current content";
pub(super) const ENDS_WELL: &str = "with working workers and no further events, every hand-off ends";
pub(super) const EFFECT_ONCE: &str = "one effect per hand-off and generation";

type Condition = fn(&Config, &World) -> bool;

/// The properties of a configuration.
pub(super) fn of(config: &Config) -> Vec<Property<Config>> {
    let mut all = vec![
        Property::always(ONE_LIVE_CLAIM, |config: &Config, world: &World| {
            let at_work = world.workers.iter().filter(|attempt| attempt.phase != Phase::Reported);
            at_work.filter(|attempt| world.accepts(config, **attempt)).count() <= 1
        }),
        Property::always(STALE_REFUSED, |_, world: &World| world.fault != Some(Fault::StaleAccepted)),
        Property::always(ONCE_ACCEPTED, |_, world: &World| world.fault != Some(Fault::AcceptedTwice)),
        Property::always(CLAIM_KEPT, |_, world: &World| {
            let at_work = world.workers.iter().filter(|attempt| attempt.phase != Phase::Reported);
            at_work.filter(|attempt| !attempt.is_lost).all(|attempt| world.holds_claim(*attempt))
        }),
        Property::always(ONLY_WAITING_CLAIMED, |_, world: &World| world.fault != Some(Fault::ClaimedUnasked)),
        Property::always(ONE_WAITING, |_, world: &World| {
            world.states().filter(|(_, state)| state.is_waiting()).count() <= 1
        }),
        Property::always(LATEST_KEPT, |_, world: &World| world.latest_state() != Some(State::Superseded)),
        Property::always(NOTHING_STRANDED, |_, world: &World| {
            (0..).zip(world.was_handed_off).all(|(hash, was)| !was || world.state(hash).is_some())
        }),
        Property::always(ONE_TABLE, |_, world: &World| {
            let open = world.open.into_iter().flat_map(|open| open.next.into_iter().chain([open.life]));
            open.into_iter().all(|life| world.outcomes[usize::from(life.hash)].is_none())
        }),
        Property::always(KEYS_FREE, |_, world: &World| world.fault != Some(Fault::KeyTaken)),
        Property::always(ROWS_VALID, |_, world: &World| rows_are_valid(world)),
        Property::always(NOTHING_LOST, |_, world: &World| {
            world.target_is_current || world.latest_state() != Some(State::Succeeded)
        }),
        Property::always(ENDS_WELL, ends_well),
    ];
    if config.counts_effects {
        all.push(Property::always(EFFECT_ONCE, |_, world: &World| !world.had_effect_twice));
    } else if config.flaw.is_none() && !config.is_punctual {
        all.extend(reached());
    }
    all
}

/// Worlds that the checker must reach; otherwise it has missed the difficult cases.
fn reached() -> Vec<Property<Config>> {
    let mut all = vec![
        Property::sometimes("a worker that lost its claim has already had its effect", |_, world: &World| {
            world.workers.iter().any(|attempt| attempt.is_lost && attempt.phase == Phase::Effected)
        }),
        Property::sometimes("a follow-up is held while the attempt continues", |_, world: &World| {
            world.open.and_then(|open| open.next).is_some_and(|next| next.state == State::Held)
        }),
        Property::sometimes(
            "an attempt's own content is its follow-up, which is cancelled",
            |_, world: &World| {
                let follow_up =
                    world.open.and_then(|open| open.next.filter(|next| next.hash == open.life.hash));
                follow_up.is_some_and(|next| next.state == State::Cancelled)
            },
        ),
        Property::sometimes("a cancelled attempt has already had its effect", |_, world: &World| {
            world.open.is_some_and(|open| open.is_cancelled)
                && world.workers.iter().any(|attempt| attempt.phase == Phase::Effected)
        }),
        Property::sometimes("a content is handed off a third time", |_, world: &World| {
            world.open.is_some_and(|open| open.life.generation == 3)
        }),
    ];
    let states: [(&'static str, Condition); 5] = [
        ("succeeds", |_, world: &World| latest_is(world, State::Succeeded)),
        ("fails", |_, world: &World| latest_is(world, State::Failed)),
        ("is cancelled", |_, world: &World| latest_is(world, State::Cancelled)),
        ("retries", |_, world: &World| latest_is(world, State::Retrying)),
        ("is superseded", |_, world: &World| world.states().any(|(_, state)| state == State::Superseded)),
    ];
    all.extend(states.map(|(name, condition)| Property::sometimes(name, condition)));
    all
}

fn latest_is(world: &World, state: State) -> bool {
    world.latest_state() == Some(state)
}

/// What the check constraints of the tables demand.
fn rows_are_valid(world: &World) -> bool {
    let open = world.open.is_none_or(|open| {
        let follow_up = open.next.is_none_or(|next| {
            open.receipt.is_some() && matches!(next.state, State::Pending | State::Held | State::Cancelled)
        });
        let is_claimable = open.receipt.is_none() || open.life.state != State::Held;
        let is_cancelled_alive = !open.is_cancelled || open.receipt.is_some();
        follow_up && is_claimable && is_cancelled_alive && open.life.state.is_waiting()
    });
    open && world.outcomes.iter().flatten().all(|outcome| outcome.state.is_terminal())
}

/// All workers die and no more changes come. What is claimed is freed and what waits is processed: after a few rounds,
/// all hand-offs must have ended or be held, and the target must have the reference's content, unless the hand-off's
/// state says otherwise.
fn ends_well(config: &Config, world: &World) -> bool {
    let mut world = world.clone();
    world.workers.clear();
    world.commit(config);
    for _ in 0..4 {
        let Some(open) = &mut world.open else { break };
        open.wait = 0;
        if open.receipt.is_some() {
            world.rescue(config, failed(FailureClass::Lost, false));
        } else if world.can_claim(config) {
            world.claim(config);
            world.target_is_current = true;
            world.end(config, Event::Succeeded);
            world.workers.clear();
        }
    }
    world.open.is_none_or(|open| open.receipt.is_none() && open.life.state == State::Held)
        && world.latest_state().is_none_or(|state| match state {
            State::Succeeded => world.target_is_current,
            state => matches!(state, State::Failed | State::Cancelled | State::Held),
        })
}
