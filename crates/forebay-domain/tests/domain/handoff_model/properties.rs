//! Properties that hold in every reachable world, and worlds that must be reached for the check to mean anything.

use forebay_domain::handoff::{Event, FailureClass, State};
use stateright::Property;

use super::{
    model::{Config, failed},
    world::{Fault, Phase, World},
};

pub(super) const ONE_LIVE_CLAIM: &str = "no two workers hold the reference";
pub(super) const STALE_REFUSED: &str = "a report of a lost claim is refused";
pub(super) const ONCE_ACCEPTED: &str = "a receipt is accepted once";
pub(super) const CLAIM_KEPT: &str = "a claim is not taken away before its lease ends";
pub(super) const ONLY_WAITING_CLAIMED: &str = "only waiting hand-offs are claimed";
pub(super) const ONE_WAITING: &str = "at most one hand-off waits";
pub(super) const LATEST_KEPT: &str = "the reference's current content is never superseded";
pub(super) const NOTHING_STRANDED: &str = "without a job, no hand-off waits";
pub(super) const JOB_AGREES: &str = "the job and the hand-offs agree";
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
        Property::always(CLAIM_KEPT, |_, world: &World| world.fault != Some(Fault::ClaimTaken)),
        Property::always(ONLY_WAITING_CLAIMED, |_, world: &World| world.fault != Some(Fault::ClaimedUnasked)),
        Property::always(ONE_WAITING, |_, world: &World| {
            world.rows().filter(|(_, row)| row.state.is_waiting()).count() <= 1
        }),
        Property::always(LATEST_KEPT, |_, world: &World| {
            world.latest_row().is_none_or(|row| row.state != State::Superseded)
        }),
        Property::always(NOTHING_STRANDED, |_, world: &World| world.job.is_some() || is_settled(world)),
        Property::always(JOB_AGREES, |_, world: &World| job_agrees(world)),
        Property::always(NOTHING_LOST, |_, world: &World| {
            world.target_is_current || world.latest_row().is_none_or(|row| row.state != State::Succeeded)
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
            world.job.and_then(|job| job.next).is_some()
                && world.rows().any(|(_, row)| row.state == State::Held)
        }),
        Property::sometimes("an attempt's own content is its follow-up", |_, world: &World| {
            world.job.is_some_and(|job| job.next.is_some_and(|next| next.0 == job.hash))
        }),
    ];
    let states: [(&'static str, Condition); 5] = [
        ("succeeds", |_, world: &World| latest_is(world, State::Succeeded)),
        ("fails", |_, world: &World| latest_is(world, State::Failed)),
        ("is cancelled", |_, world: &World| latest_is(world, State::Cancelled)),
        ("retries", |_, world: &World| latest_is(world, State::Retrying)),
        ("is superseded", |_, world: &World| world.rows().any(|(_, row)| row.state == State::Superseded)),
    ];
    all.extend(states.map(|(name, condition)| Property::sometimes(name, condition)));
    all
}

fn latest_is(world: &World, state: State) -> bool {
    world.latest_row().is_some_and(|row| row.state == state)
}

/// Every hand-off has ended or waits for an operator.
fn is_settled(world: &World) -> bool {
    world.rows().all(|(_, row)| row.state.is_terminal() || row.state == State::Held)
}

/// A job waits with its hand-off, or it is claimed and its hand-off is active, unless that was reopened since. Besides,
/// only its follow-up may be pending.
fn job_agrees(world: &World) -> bool {
    let Some(job) = world.job else { return true };
    let is_own = |hash: u8, generation: u8| hash == job.hash && generation == job.generation;
    world.rows().all(|(hash, row)| match row.state {
        State::Pending if job.receipt.is_some() => job.next == Some((hash, row.generation)),
        State::Pending | State::Retrying => job.receipt.is_none() && is_own(hash, row.generation),
        State::Active => job.receipt.is_some() && is_own(hash, row.generation),
        _ => !is_own(hash, row.generation),
    })
}

/// All workers die and no more changes come. Claimed jobs are freed and waiting ones processed: after a few rounds, all
/// hand-offs must have ended, and the target must have the reference's content, unless the hand-off's state says
/// otherwise.
fn ends_well(config: &Config, world: &World) -> bool {
    let mut world = world.clone();
    world.workers.clear();
    world.end_enqueue(config);
    for _ in 0..4 {
        let Some(job) = &mut world.job else { break };
        job.wait = 0;
        if job.receipt.is_some() {
            world.rescue(config, failed(FailureClass::Lost, false));
        } else {
            world.claim(config);
            world.target_is_current = true;
            world.end(config, Event::Succeeded);
            world.workers.clear();
        }
    }
    world.job.is_none()
        && is_settled(&world)
        && world.latest_row().is_none_or(|row| match row.state {
            State::Succeeded => world.target_is_current,
            state => matches!(state, State::Failed | State::Cancelled | State::Held),
        })
}
