//! Checks the hand-off exhaustively: every order of persisting, claiming, working, crashing, reporting late, rescuing
//! and operating, up to small bounds, for one reference in one pipeline.
//!
//! One reference is enough because no hand-off depends on another reference: both tables are keyed by reference and
//! pipeline, every report is checked against the receipt of its own row, and limits and fairness only decide *when* a
//! row is claimed, which can be at any time here. The references of one claim share only its lease, and a lease can
//! also end at any time here.
//!
//! A statement is one step, except handing off: it locks what is open first and writes last, and a worker may try to
//! claim or report in between. A handler whose effect is in this database claims, has its effect and reports in one
//! transaction, which is three consecutive steps of this model.
//!
//! The rules are the real ones of `forebay_domain::handoff`; `world` contains the effects of the SQL around them. To
//! prove that the checker can fail, the tests remove one rule after another and name the property that breaks.
//! `FOREBAY_MODEL=large` checks three contents and three workers instead of two, in minutes instead of seconds.

#![expect(
    clippy::print_stdout,
    reason = "with --nocapture the tests print how many worlds there are, and each trace"
)]

mod config;
mod hand_off;
mod model;
mod operate;
mod properties;
mod world;

use std::{collections::BTreeSet, env};

use stateright::{Checker, HasDiscoveries, Model, Path};

use config::{Config, Flaw, Reads};
use model::Action;

/// Workers that may pause and crash at any time, and read at the claim.
fn config() -> Config {
    let is_large = env::var("FOREBAY_MODEL").is_ok_and(|size| size == "large");
    Config {
        num_hashes: if is_large { 3 } else { 2 },
        num_workers: if is_large { 3 } else { 2 },
        lease: 1,
        max_persisted: 3,
        max_operated: 2,
        reads: Reads::AtClaim,
        target_compares: true,
        is_punctual: false,
        sends_again: false,
        counts_effects: false,
        flaw: None,
    }
}

/// Checks that all properties hold and all required worlds are reached.
fn holds(name: &str, config: Config) {
    let checker = config.checker().threads(2).spawn_bfs().join();
    println!("{name}: {} states, depth {}", checker.unique_state_count(), checker.max_depth());
    checker.assert_properties();
}

/// Checks that a property breaks, and returns the shortest way there.
fn breaks(name: &str, config: Config, property: &'static str) -> Vec<Action> {
    let wanted = HasDiscoveries::AnyOf(BTreeSet::from([property]));
    let checker = config.checker().finish_when(wanted).spawn_bfs().join();
    let path = checker.discovery(property).map(Path::into_actions);
    println!("{name}: {} states, {path:?}", checker.unique_state_count());
    path.unwrap_or_else(|| panic!("{name}: the checker did not find a violation of \"{property}\""))
}

#[test]
fn all_properties_hold() {
    holds("read with the claim", config());
}

#[test]
fn receipts_make_a_short_lease_safe_but_not_exactly_once() {
    // Reports that are sent again because their answer was lost are refused as well.
    holds("sent again", Config { sends_again: true, max_operated: 1, ..config() });
    holds(
        "read with the effect",
        Config { reads: Reads::AtEffect, target_compares: false, max_operated: 1, ..config() },
    );
    let counted = Config { counts_effects: true, max_operated: 1, ..config() };
    holds("punctual", Config { is_punctual: true, ..counted });
    breaks("late", counted, properties::EFFECT_ONCE);
}

#[test]
fn a_late_write_needs_a_target_that_compares_versions() {
    breaks(
        "target takes what comes last",
        Config { target_compares: false, ..config() },
        properties::NOTHING_LOST,
    );
}

#[test]
fn every_rule_is_needed() {
    let cases = [
        (Flaw::NoReceiptCheck, properties::ONE_LIVE_CLAIM),
        (Flaw::NoReceiptCheck, properties::STALE_REFUSED),
        (Flaw::RescueKeepsReceipt, properties::STALE_REFUSED),
        (Flaw::RescueKeepsReceipt, properties::ENDS_WELL),
        (Flaw::ClaimIgnoresReceipt, properties::CLAIM_KEPT),
        (Flaw::ClaimTakesHeld, properties::ONLY_WAITING_CLAIMED),
        (Flaw::FollowUpDropped, properties::NOTHING_STRANDED),
        (Flaw::FollowUpUnchecked, properties::ONLY_WAITING_CLAIMED),
        (Flaw::CancelledTakenUp, properties::ONLY_WAITING_CLAIMED),
        (Flaw::RetryDespiteFollowUp, properties::ONE_WAITING),
        (Flaw::RetryDespiteFollowUp, properties::ROWS_VALID),
        (Flaw::OwnContentSettled, properties::ONE_TABLE),
        (Flaw::OwnContentSettled, properties::KEYS_FREE),
        (Flaw::EnqueueTurnsClaimed, properties::NOTHING_LOST),
        (Flaw::OwnContentLeftAlone, properties::NOTHING_LOST),
        (Flaw::OpenNotLocked, properties::NOTHING_STRANDED),
        (Flaw::OpenNotLocked, properties::NOTHING_LOST),
        (Flaw::OpenNotLocked, properties::ROWS_VALID),
        (Flaw::OutcomeKept, properties::ONE_TABLE),
        (Flaw::OutcomeKept, properties::KEYS_FREE),
        (Flaw::SupersededForgotten, properties::NOTHING_STRANDED),
        (Flaw::ReplacedForgotten, properties::NOTHING_STRANDED),
        (Flaw::ReplacedOwnSettled, properties::ONE_TABLE),
        (Flaw::OperatorDoesNotWait, properties::KEYS_FREE),
        (Flaw::OperatorDoesNotWait, properties::NOTHING_STRANDED),
        (Flaw::FollowUpForgotten, properties::NOTHING_STRANDED),
        (Flaw::FollowUpForgotten, properties::ONLY_WAITING_CLAIMED),
        (Flaw::OperatorTurnsClaimed, properties::CLAIM_KEPT),
        (Flaw::OperatorTurnsClaimed, properties::ROWS_VALID),
        (Flaw::CancelForgotten, properties::ONLY_WAITING_CLAIMED),
        (Flaw::CancelTakesClaim, properties::CLAIM_KEPT),
        (Flaw::CancelTakesClaim, properties::ROWS_VALID),
        (Flaw::RetryIgnoresNewer, properties::LATEST_KEPT),
    ];
    for (flaw, property) in cases {
        breaks(&format!("{flaw:?}, {property}"), Config { flaw: Some(flaw), ..config() }, property);
    }
}

#[test]
fn generations_tell_effects_apart() {
    let counted = Config { counts_effects: true, is_punctual: true, ..config() };
    for flaw in [Flaw::GenerationKept, Flaw::OpenGenerationForgotten] {
        breaks(&format!("{flaw:?}"), Config { flaw: Some(flaw), ..counted }, properties::EFFECT_ONCE);
    }
}

#[test]
fn receipts_are_for_workers_that_are_late() {
    let trusting = Config { flaw: Some(Flaw::NoReceiptCheck), is_punctual: true, ..config() };
    holds("no receipts, punctual", trusting);
    breaks("no receipts, sent again", Config { sends_again: true, ..trusting }, properties::ONCE_ACCEPTED);
}
