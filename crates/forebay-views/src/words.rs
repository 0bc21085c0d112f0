//! Schemas of fields that hold one of a few stable words.
//!
//! Views keep words as text, so that a client that is older than the server can still read the document. The schema
//! lists the words of this version.

use forebay_domain::{
    breaker::BreakerState,
    drift::DriftChange,
    freshness::Freshness,
    handoff::{Change, FailureClass, State},
    run::RunStatus,
};
use forebay_store::logs::Level;
use schemars::{Schema, SchemaGenerator, json_schema};

fn words(words: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": words })
}

pub(crate) fn run_status(_: &mut SchemaGenerator) -> Schema {
    words(&RunStatus::ALL.map(RunStatus::as_str))
}

pub(crate) fn handoff_state(_: &mut SchemaGenerator) -> Schema {
    words(&State::ALL.map(State::as_str))
}

pub(crate) fn change(_: &mut SchemaGenerator) -> Schema {
    words(&Change::ALL.map(Change::as_str))
}

pub(crate) fn failure_class(_: &mut SchemaGenerator) -> Schema {
    words(&FailureClass::ALL.map(FailureClass::as_str))
}

pub(crate) fn drift_change(_: &mut SchemaGenerator) -> Schema {
    words(&DriftChange::ALL.map(DriftChange::as_str))
}

pub(crate) fn freshness(_: &mut SchemaGenerator) -> Schema {
    words(&Freshness::ALL.map(Freshness::as_str))
}

pub(crate) fn age_status(_: &mut SchemaGenerator) -> Schema {
    words(&["ok", "warn", "error"])
}

/// Null: never tried.
pub(crate) fn sync_status(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "enum": ["in_progress", "success", "failed", null] })
}

pub(crate) fn level(_: &mut SchemaGenerator) -> Schema {
    words(&Level::ALL.map(Level::as_str))
}

pub(crate) fn reference_state(_: &mut SchemaGenerator) -> Schema {
    words(&["active", "removed"])
}

pub(crate) fn source_state(_: &mut SchemaGenerator) -> Schema {
    words(&["enabled", "disabled"])
}

pub(crate) fn field_change(_: &mut SchemaGenerator) -> Schema {
    words(&["added", "removed", "updated"])
}

pub(crate) fn answered_from(_: &mut SchemaGenerator) -> Schema {
    words(&["memory", "ledger", "scrape", "stale", "none"])
}

pub(crate) fn breaker_state(_: &mut SchemaGenerator) -> Schema {
    let all: Vec<&str> = BreakerState::ALL.iter().map(|state| state.as_str()).collect();
    words(&all)
}

pub(crate) fn operation(_: &mut SchemaGenerator) -> Schema {
    words(&["retry", "cancel", "hold", "release", "snooze"])
}

pub(crate) fn problem(_: &mut SchemaGenerator) -> Schema {
    words(&["missing", "outdated", "absent", "extra"])
}

pub(crate) fn database_kind(_: &mut SchemaGenerator) -> Schema {
    words(&["configured", "embedded"])
}

pub(crate) fn migration_state(_: &mut SchemaGenerator) -> Schema {
    words(&["applied", "pending", "drifted", "unknown"])
}

pub(crate) fn stop_reason(_: &mut SchemaGenerator) -> Schema {
    words(&["stopped", "not_running", "configured"])
}
