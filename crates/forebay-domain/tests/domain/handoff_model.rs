//! Checks the hand-off exhaustively: every order of persisting, claiming, working, crashing, reporting late, rescuing
//! and operating, up to small bounds, for one reference in one pipeline.
//!
//! One reference is enough because no hand-off depends on another reference: rows and jobs are keyed by reference and
//! pipeline, every report is checked against the receipt of its own job, and limits and fairness only decide *when* a
//! job is claimed, which can be at any time here. The references of one claim share only its lease, and a lease can
//! also end at any time here.
//!
//! A statement is one step, except handing off: it reads the hand-offs first and the job last, and a worker may report
//! in between. A handler whose effect is in this database claims, has its effect and reports in one transaction, which
//! is three consecutive steps of this model.
//!
//! The rules are the real ones of `forebay_domain::handoff`; `world` contains the effects of the SQL around them. To
//! prove that the checker can fail, the tests remove one rule after another and name the property that breaks.
//! `FOREBAY_MODEL=large` checks three contents and three workers instead of two, in minutes instead of seconds.

#![expect(
    clippy::print_stdout,
    reason = "with --nocapture the tests print how many worlds there are, and each trace"
)]

mod model;
mod properties;
mod world;

use std::{collections::BTreeSet, env};

use stateright::{Checker, HasDiscoveries, Model, Path};

use model::{Action, Config, Flaw, Reads};

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
        (Flaw::NoGenerationCheck, properties::NOTHING_LOST),
        (Flaw::RescueKeepsReceipt, properties::STALE_REFUSED),
        (Flaw::RescueKeepsReceipt, properties::ENDS_WELL),
        (Flaw::FollowUpDropped, properties::NOTHING_STRANDED),
        (Flaw::FollowUpUnchecked, properties::ONLY_WAITING_CLAIMED),
        (Flaw::FollowUpForgotten, properties::ONE_WAITING),
        (Flaw::FollowUpForgotten, properties::ONLY_WAITING_CLAIMED),
        (Flaw::EnqueueTurnsClaimed, properties::NOTHING_LOST),
        (Flaw::ActiveNotLocked, properties::ONE_WAITING),
        (Flaw::ActiveNotLocked, properties::ENDS_WELL),
        (Flaw::OperatorDoesNotWait, properties::ONE_WAITING),
        (Flaw::ClaimIgnoresReceipt, properties::CLAIM_KEPT),
    ];
    for (flaw, property) in cases {
        breaks(&format!("{flaw:?}, {property}"), Config { flaw: Some(flaw), ..config() }, property);
    }
}

#[test]
fn receipts_are_for_workers_that_are_late() {
    let trusting = Config { flaw: Some(Flaw::NoReceiptCheck), is_punctual: true, ..config() };
    holds("no receipts, punctual", trusting);
    breaks("no receipts, sent again", Config { sends_again: true, ..trusting }, properties::ONCE_ACCEPTED);
}
