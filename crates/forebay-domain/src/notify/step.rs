//! Decides what to tell a receiver: new alerts, those that still hold after a quiet time, and those that ended.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::words::NotifyEvent;

/// What identifies an alert: the event, and what it is about, such as `run 12`.
pub type AlertKey = (NotifyEvent, String);

/// All alerts that a receiver was told of, or will be.
pub type Memory = BTreeMap<AlertKey, AlertState>;

/// What is known of one alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertState {
    /// Since when it holds.
    pub since: Timestamp,
    /// When it was first observed to hold or, if it ended, to have ended.
    pub changed_at: Timestamp,
    /// Whether it held at the last observation.
    pub is_firing: bool,
    /// When the receiver was last told that it holds; `None`: not yet.
    pub told_at: Option<Timestamp>,
}

/// What was observed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// The alerts that hold, with the time since when.
    pub firing: BTreeMap<AlertKey, Timestamp>,
    /// What no longer exists: its alerts are forgotten, because they neither hold nor were resolved.
    pub gone: BTreeSet<AlertKey>,
    /// Whether earlier notifications still wait for the receiver. Then nothing is repeated.
    pub is_waiting: bool,
}

/// When to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// How long news waits for other news, so that they come together.
    pub group_wait: SignedDuration,
    /// How long after it was told an alert that still holds is told again; `None`: never.
    pub repeat_after: Option<SignedDuration>,
}

/// What to tell now, as one notification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Alerts that are new.
    pub firing: Vec<AlertKey>,
    /// Alerts that were told before and still hold.
    pub repeated: Vec<AlertKey>,
    /// Alerts that were told and have ended.
    pub resolved: Vec<AlertKey>,
}

impl Told {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.firing.is_empty() && self.repeated.is_empty() && self.resolved.is_empty()
    }
}

impl AlertState {
    /// Whether the receiver has yet to be told of its last change.
    fn is_news(&self) -> bool {
        !self.is_firing || self.told_at.is_none()
    }
}

/// Compares the memory of a receiver with what was observed. Returns its new memory, and what to tell it.
///
/// News waits for [`Grouping::group_wait`], and is then told together with all other news. An alert that ends before it
/// was told is never told. One that holds again before its end was told counts as never having ended.
pub fn step(memory: &Memory, seen: &Observation, grouping: &Grouping, now: Timestamp) -> (Memory, Told) {
    let mut next = Memory::new();
    for (key, &state) in memory {
        if seen.gone.contains(key) {
            continue;
        }
        let is_firing = seen.firing.contains_key(key);
        let state = match (state.is_firing, is_firing) {
            (true, false) if state.told_at.is_none() => continue,
            (true, false) | (false, true) => AlertState { is_firing, changed_at: now, ..state },
            (true, true) | (false, false) => state,
        };
        next.insert(key.clone(), state);
    }
    for (key, &since) in seen.firing.iter().filter(|(key, _)| !seen.gone.contains(*key)) {
        let new = AlertState { since, changed_at: now, is_firing: true, told_at: None };
        next.entry(key.clone()).or_insert(new);
    }
    let has_passed =
        |at: Timestamp, wait: SignedDuration| at.checked_add(wait).is_ok_and(|until| until <= now);
    let is_group_due =
        next.values().any(|state| state.is_news() && has_passed(state.changed_at, grouping.group_wait));
    let is_repeated = |state: &AlertState| {
        let is_due = state.told_at.zip(grouping.repeat_after).is_some_and(|(at, wait)| has_passed(at, wait));
        state.is_firing && is_due && !seen.is_waiting
    };
    let mut told = Told::default();
    if is_group_due || next.values().any(is_repeated) {
        for (key, state) in &mut next {
            let list = if !state.is_firing {
                &mut told.resolved
            } else if state.told_at.is_none() {
                &mut told.firing
            } else if is_repeated(state) {
                &mut told.repeated
            } else {
                continue;
            };
            list.push(key.clone());
            state.told_at = Some(now);
        }
        next.retain(|_, state| state.is_firing);
    }
    (next, told)
}
