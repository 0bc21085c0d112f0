//! When an endpoint that keeps failing is disabled: `disable = { after = "5d", min_failures = 10 }`.
//!
//! The defaults suit a user who never sets them: an endpoint that is down over a long weekend is still called
//! afterwards, and one that is gone for good isn't called for ever.

use std::time::Duration;

use forebay_domain::units::Period;
use serde_json::Value;

use crate::work::settings::{self, Settings};

const DEFAULT_AFTER: Duration = Duration::from_hours(5 * 24);
const LONGEST_AFTER: Duration = Duration::from_hours(365 * 24);
const DEFAULT_FAILURES: u32 = 10;
const MOST_FAILURES: u64 = 1_000_000;
const KNOWN: &[&str] = &["after", "min_failures"];

/// When an endpoint is disabled: all deliveries have failed for so long, and so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::work) struct DisablePolicy {
    pub(in crate::work) after: Duration,
    pub(in crate::work) min_failures: u32,
}

/// Reads the policy; `None`: never.
pub(super) fn read(settings: &mut Settings) -> settings::Result<Option<DisablePolicy>> {
    let table = settings.table("disable")?.unwrap_or_default();
    if let Some(name) = table.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        let problem = format!("`disable` has no setting `{name}`");
        return Err(settings.wrong(&["disable", name], problem).unknown(name, KNOWN));
    }
    let min_failures = match table.get("min_failures") {
        None => DEFAULT_FAILURES,
        Some(number) => number
            .as_u64()
            .filter(|number| (1..=MOST_FAILURES).contains(number))
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| {
                let problem =
                    format!("`disable.min_failures` must be a whole number from 1 to {MOST_FAILURES}");
                settings.wrong(&["disable", "min_failures"], problem)
            })?,
    };
    let after = match table.get("after") {
        None => DEFAULT_AFTER,
        Some(Value::String(text)) if text == "never" => return Ok(None),
        Some(text) => text
            .as_str()
            .and_then(|text| text.parse::<Period>().ok())
            .map(Period::get)
            .filter(|after| *after <= LONGEST_AFTER)
            .ok_or_else(|| {
                let problem =
                    "`disable.after` must be a duration such as \"5d\", at most 365 days, or \"never\"";
                settings.wrong(&["disable", "after"], problem)
            })?,
    };
    Ok(Some(DisablePolicy { after, min_failures }))
}
