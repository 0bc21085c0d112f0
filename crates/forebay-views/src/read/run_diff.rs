//! Reads what a held run withholds.

use forebay_domain::{handoff::Change, identity::ReferenceId};
use forebay_engine::persist;
use forebay_store::connect::Database;

use crate::{RunDiff, cursor, failure::Failure};

/// The withheld changes of a run, at most `limit` of them. Errors: `no_such_run`, `run_not_held`, `cursor_invalid`.
pub async fn diff(
    database: &Database,
    run_id: i64,
    after: Option<&str>,
    limit: u32,
) -> Result<RunDiff, Failure> {
    let after = after.map(position).transpose()?;
    // One more, to know whether there are more.
    let mut found = persist::diff(database, run_id, after, i64::from(limit) + 1).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.changes.len() > limit;
    found.changes.truncate(limit);
    let last = found.changes.last().filter(|_| has_more).map(|last| {
        let difference = &last.difference;
        (difference.change == Change::Removed, difference.reference_id.to_string())
    });
    let next = last.map(|position| cursor::write(&position)).transpose()?;
    Ok(RunDiff::new(found, next)?)
}

fn position(text: &str) -> Result<(bool, ReferenceId), Failure> {
    let (is_removal, id): (bool, String) = cursor::read(text)?;
    Ok((is_removal, id.parse().map_err(|_| cursor::invalid())?))
}
