//! `POST /v1/handoffs/retry`

use forebay_store::handoffs::{Operation, REPAIR_PRIORITY};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    bulk::{Bulk, Wanted},
    operate::{Filter, Priority},
};

/// Retry failed, cancelled or waiting hand-offs now.
pub(crate) struct Retry;

/// What to do with which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    /// Which hand-offs; at least one condition.
    filter: Filter,
    /// Lower runs first, 0 to 100; regular changes have 0. Default: 10.
    priority: Option<Priority>,
    /// Only count what would change, and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Why, for the audit trail.
    reason: Option<String>,
}

impl Bulk for Retry {
    const PATH: &'static str = "/v1/handoffs/retry";
    const NAME: &'static str = "retry_handoffs";
    const SUMMARY: &'static str = "Retry failed, cancelled or waiting hand-offs now";
    type Body = Body;

    fn filter(body: &Body) -> &Filter {
        &body.filter
    }

    fn wanted(body: Body) -> Wanted {
        let Body { filter, priority, dry_run, reason } = body;
        Wanted {
            operation: Operation::Retry { priority: priority.map_or(REPAIR_PRIORITY, Priority::get) },
            filter,
            dry_run,
            reason,
        }
    }
}
