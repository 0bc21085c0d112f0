//! Parses arguments of tools: limits, times and scopes from a model.

use std::collections::BTreeMap;

use forebay_domain::scope::Scope;
use jiff::Timestamp;

use crate::{cli::values, failure::Failure};

/// The page size: as requested, at most `most`. A larger request is not an error, because there are further pages.
pub(super) fn limit(asked: Option<u32>, default: u32, most: u32) -> u32 {
    asked.unwrap_or(default).clamp(1, most)
}

/// Parses a time. Error: `time_invalid`.
pub(super) fn time(text: &str) -> Result<Timestamp, Failure> {
    values::time(text).map_err(|expected| {
        Failure::usage("time_invalid", format!("{text:?} is not a time: {expected}"))
            .hint("times are RFC 3339 with a zone, such as 2026-01-31T12:00:00Z, or a date")
    })
}

/// Parses a scope. Errors: the codes of a scope, such as `scope_invalid_key`.
pub(super) fn scope(pairs: &BTreeMap<String, String>) -> Result<Scope, Failure> {
    Scope::parse(pairs.iter().map(|(name, value)| format!("{name}={value}"))).map_err(|error| {
        Failure::usage(error.code(), error.to_string())
            .hint("a scope is an object of names and values, such as {\"semester\": \"Spring 2026\"}")
    })
}
