//! Reads the audit trail.

use forebay_store::{
    actions::{self, ActionFilter},
    connect::Client,
};

use crate::{OperatorAction, Page, cursor, failure::Failure};

/// A page of the actions that a filter selects, newest first. Error: `cursor_invalid`.
pub async fn page(
    client: &Client,
    filter: ActionFilter,
    after: Option<&str>,
) -> Result<Page<OperatorAction>, Failure> {
    let limit = filter.limit;
    let before = after.map(cursor::read).transpose()?;
    // One more than the limit shows whether there are more.
    let filter = ActionFilter { before, limit: limit + 1, ..filter };
    cursor::page(actions::list(&***client, &filter).await?, limit, |row| row.action_id)
}
