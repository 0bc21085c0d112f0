//! `POST /v1/handoffs/cancel`

use forebay_store::handoffs::Operation;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    bulk::{Bulk, Wanted},
    operate::Filter,
};

/// Cancel waiting hand-offs.
pub(crate) struct Cancel;

/// What to do with which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    /// Which hand-offs; at least one condition.
    filter: Filter,
    /// Also stop attempts in progress: drop the request, kill the command, tell external workers.
    #[serde(default)]
    running: bool,
    /// Only count what would change, and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Why, for the audit trail.
    reason: Option<String>,
}

impl Bulk for Cancel {
    const PATH: &'static str = "/v1/handoffs/cancel";
    const NAME: &'static str = "cancel_handoffs";
    const SUMMARY: &'static str = "Cancel waiting hand-offs";
    type Body = Body;

    fn filter(body: &Body) -> &Filter {
        &body.filter
    }

    fn wanted(body: Body) -> Wanted {
        let Body { filter, running, dry_run, reason } = body;
        Wanted { operation: Operation::Cancel { running }, filter, dry_run, reason }
    }
}
