//! What a decision about a held run would do, before it is made.

use forebay_domain::{
    diff::{self, FieldChange},
    identity::ReferenceId,
    rekey::RekeyPolicy,
};
use forebay_store::{
    changes::{self, Difference, FieldTotals, StagedTotals},
    connect::Database,
    runs::RunRow,
    sources,
};

use super::{held::check_held, locked::find, rekey::find_rekey};
use crate::error::{Error, Result};

/// A decision about a held run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldDecision {
    /// Apply what it withholds.
    Release,
    /// Drop what it withholds.
    Reject,
    /// Move keys, and apply the rest.
    Rekey,
}

/// What a decision would do.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The run that it is about.
    pub run: RunRow,
    /// The withheld changes, before any key is moved.
    pub totals: StagedTotals,
    /// Active references of the scope, and of the other scopes that have some of the records.
    pub num_active: u64,
    /// References that would move to other keys.
    pub num_rekeyed: Option<u64>,
}

/// What a decision about a held run would do. Fails as the decision would: `no_such_run`, `run_not_held`,
/// `not_a_rekey`.
pub async fn preview(database: &Database, run_id: i64, decision: HeldDecision) -> Result<Preview> {
    let client = database.client().await?;
    let (run, _) = find(&client, run_id).await?;
    check_held(&run)?;
    let num_rekeyed = if decision == HeldDecision::Rekey {
        let source = sources::find(&**client, &run.source).await?.ok_or(Error::NoSuchRun { run_id })?;
        let found = find_rekey(&client, run_id, &source.key_fields, RekeyPolicy::Hold).await?;
        let found = found.ok_or(Error::NotARekey { run_id })?;
        Some(found.rekey.pairs.len() as u64)
    } else {
        None
    };
    let totals = changes::totals(&**client, run_id).await?;
    let num_active = changes::num_active(&**client, run_id).await?;
    Ok(Preview { run, totals, num_active, num_rekeyed })
}

/// The withheld changes of a held run.
#[derive(Clone, Debug)]
pub struct RunDiff {
    /// The run.
    pub run: RunRow,
    /// The changes by kind.
    pub totals: StagedTotals,
    /// Active references of the scope, and of the other scopes that have some of the records.
    pub num_active: u64,
    /// The fields that updates change.
    pub fields: Vec<FieldTotals>,
    /// Some of the changes, removals first.
    pub changes: Vec<ChangeDiff>,
}

/// A withheld change, field by field.
#[derive(Clone, Debug)]
pub struct ChangeDiff {
    /// The reference and both payloads.
    pub difference: Difference,
    /// The changed fields; of an addition the new ones, of a removal those that would be gone.
    pub fields: Vec<FieldChange>,
}

/// The withheld changes of a held run, at most `limit`, after the change of a reference (whether it is a removal, and
/// its id). Errors: `no_such_run`, `run_not_held`.
pub async fn diff(
    database: &Database,
    run_id: i64,
    after: Option<(bool, ReferenceId)>,
    limit: i64,
) -> Result<RunDiff> {
    let client = database.client().await?;
    let (run, _) = find(&client, run_id).await?;
    check_held(&run)?;
    let totals = changes::totals(&**client, run_id).await?;
    let num_active = changes::num_active(&**client, run_id).await?;
    let fields = changes::field_totals(&**client, run_id).await?;
    let differences = changes::differences(&**client, run_id, after, limit).await?;
    let changes = differences.into_iter().map(change_diff).collect::<Result<_>>()?;
    Ok(RunDiff { run, totals, num_active, fields, changes })
}

fn change_diff(difference: Difference) -> Result<ChangeDiff> {
    let text = |payload: &Option<String>| payload.clone().unwrap_or_else(|| "{}".to_owned());
    let (old, new) = (text(&difference.old_payload), text(&difference.new_payload));
    let fields =
        diff::diff(old.as_bytes(), new.as_bytes()).map_err(|reject| Error::Payload(reject.message))?;
    Ok(ChangeDiff { difference, fields })
}
