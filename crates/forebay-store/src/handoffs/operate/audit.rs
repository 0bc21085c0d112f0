//! An operation in the audit trail: one row, however many transactions it takes.

use serde_json::{Map, Value, json};
use tokio_postgres::Transaction;

use super::{Operation, Selection};
use crate::{
    actions::{self, Action, ActionName, Actor, TargetKind},
    error::Result,
};

/// Maximum number of ids in the parameters. The references of a longer list are only counted.
const IDS_NAMED: usize = 20;

/// Adds to the count of the operation's row, or records it with the first page. Returns its id.
pub(super) async fn count(
    transaction: &Transaction<'_>,
    action_id: Option<i64>,
    operation: Operation,
    selection: &Selection,
    number: u64,
    by: &Actor,
) -> Result<i64> {
    if let Some(action_id) = action_id {
        actions::touched(transaction, action_id, number).await?;
        return Ok(action_id);
    }
    let target = selection.pipeline.as_deref().unwrap_or_default();
    let action = Action {
        source: selection.source.as_deref(),
        num_touched: number,
        parameters: parameters(operation, selection),
        ..Action::on(name(operation), TargetKind::Handoffs, target)
    };
    actions::record(transaction, by, &action).await
}

const fn name(operation: Operation) -> ActionName {
    match operation {
        Operation::Retry { .. } => ActionName::HandoffsRetried,
        Operation::Cancel { .. } => ActionName::HandoffsCancelled,
        Operation::Hold => ActionName::HandoffsHeld,
        Operation::Release => ActionName::HandoffsReleased,
        Operation::Snooze { .. } => ActionName::HandoffsSnoozed,
    }
}

/// The filters and options that were given.
fn parameters(operation: Operation, selection: &Selection) -> Value {
    let Selection {
        pipeline: _,
        source: _,
        state,
        reason_code,
        failure_code,
        reference_ids,
        since,
        until,
        limit,
    } = selection;
    let ids: Vec<String> = reference_ids.iter().take(IDS_NAMED).map(ToString::to_string).collect();
    let mut all = vec![
        ("state", json!(state)),
        ("reason_code", json!(reason_code)),
        ("failure_code", json!(failure_code)),
        ("since", json!(since)),
        ("until", json!(until)),
        ("limit", json!(limit)),
    ];
    if !ids.is_empty() {
        all.extend([("reference_ids", json!(ids)), ("num_references", json!(reference_ids.len()))]);
    }
    match operation {
        Operation::Retry { priority } => all.push(("priority", json!(priority))),
        Operation::Cancel { running } => all.push(("running", json!(running))),
        Operation::Snooze { until } => all.push(("snoozed_until", json!(until))),
        Operation::Hold | Operation::Release => {}
    }
    let given = all.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(given.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}
