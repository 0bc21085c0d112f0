//! `POST /v1/handoffs/snooze`

use forebay_store::handoffs::Operation;
use forebay_views::Time;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    bulk::{Bulk, Wanted},
    operate::Filter,
};

/// Delay waiting hand-offs.
pub(crate) struct Snooze;

/// What to do with which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    /// Which hand-offs; at least one condition.
    filter: Filter,
    /// Until when (RFC 3339).
    not_before: Time,
    /// Only count what would change, and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Why, for the audit trail.
    reason: Option<String>,
}

impl Bulk for Snooze {
    const PATH: &'static str = "/v1/handoffs/snooze";
    const NAME: &'static str = "snooze_handoffs";
    const SUMMARY: &'static str = "Delay waiting hand-offs";
    type Body = Body;

    fn filter(body: &Body) -> &Filter {
        &body.filter
    }

    fn wanted(body: Body) -> Wanted {
        let Body { filter, not_before, dry_run, reason } = body;
        Wanted { operation: Operation::Snooze { until: not_before.get() }, filter, dry_run, reason }
    }
}
