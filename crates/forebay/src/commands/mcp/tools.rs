//! The tools, one file each.

mod ensure_data;
mod freshness;
mod get_history;
mod get_reference;
mod list_changes;
mod run_status;
mod search;

use std::collections::BTreeMap;

use forebay_domain::scope::Scope;
use jiff::Timestamp;

pub(super) use self::{
    ensure_data::EnsureData,
    freshness::Freshness,
    get_history::GetHistory,
    get_reference::{GetReference, shown},
    list_changes::ListChanges,
    run_status::RunStatus,
    search::Search,
};
use crate::{cli::values, failure::Failure};

/// How many items: as many as asked for, at most `most`. Asking for more is no error, since there are pages.
fn limit(asked: Option<u32>, default: u32, most: u32) -> u32 {
    asked.unwrap_or(default).clamp(1, most)
}

/// A time as a model writes it. Error: `time_invalid`.
fn time(text: &str) -> Result<Timestamp, Failure> {
    values::time(text).map_err(|expected| {
        Failure::usage("time_invalid", format!("{text:?} is not a time: {expected}"))
            .hint("times are RFC 3339 with a zone, such as 2026-01-31T12:00:00Z, or a date")
    })
}

/// A scope as a model writes it. Errors: the codes of a scope, such as `scope_invalid_key`.
fn scope(pairs: &BTreeMap<String, String>) -> Result<Scope, Failure> {
    Scope::parse(pairs.iter().map(|(name, value)| format!("{name}={value}"))).map_err(|error| {
        Failure::usage(error.code(), error.to_string())
            .hint("a scope is an object of names and values, such as {\"semester\": \"Spring 2026\"}")
    })
}
