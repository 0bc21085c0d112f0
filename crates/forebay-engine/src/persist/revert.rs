//! Undoes a run as a new run: history is added, never rewritten.
//!
//! Each reference that the run wrote last gets the state that it had before; those that later runs have written stay as
//! they are. The changes are staged and applied like those of any other run, so hand-offs and tables follow. Keys that
//! the run moved move back, and the new ones are free again. Guards learn nothing from a run that was undone.

use std::{sync::Arc, time::Instant};

use forebay_domain::{
    prepare::{Preparer, RecordPolicy},
    reject::Place,
    run::{Counts, RunStatus},
};
use forebay_store::{
    actions::{self, Action, ActionName, Actor, TargetKind},
    aliases, changes,
    connect::{Client, Database},
    references::{self, Lineage, Record},
    runs::{self, Ending, NewRun, RunRow, Undo, UndoTotals},
};
use jiff::Timestamp;
use serde_json::json;
use tokio_postgres::Transaction;
use tracing::info;

use super::{
    apply::apply,
    begin::{abort_orphans, begin},
    locked::{LockedRun, find},
    write::{ROWS_PER_STATEMENT, Target},
};
use crate::{
    clock::now,
    error::{Error, Result},
};

/// The engine of runs that undo others.
const ENGINE: &str = "revert";

/// A run that was undone.
#[derive(Clone, Debug)]
pub struct Reverted {
    /// The run that undid it.
    pub run: RunRow,
    /// References that later runs have changed, so they stay as they are.
    pub num_kept: u64,
}

/// What undoing a run would do. Fails as [`revert`] would.
pub async fn preview_revert(database: &Database, run_id: i64) -> Result<(RunRow, UndoTotals, u64)> {
    let client = database.client().await?;
    let (run, _) = find(&client, run_id).await?;
    check(&run)?;
    let totals = runs::undo_totals(&**client, run_id).await?;
    let num_active = references::count_active(&**client, run.source_id, &run.scope).await?;
    Ok((run, totals, num_active))
}

/// Undoes a run that was applied, as a new run. Errors: `no_such_run`, `run_not_applied`, `run_already_reverted`,
/// `keys_moved_back`.
pub async fn revert(database: &Database, run_id: i64, by: &Actor) -> Result<Reverted> {
    let locked = LockedRun::open(database, run_id).await?;
    check(&locked.run)?;
    let mut client = database.client().await?;
    let source_id = locked.source.source_id;
    abort_orphans(&mut client, &locked.lease, source_id, &locked.scope).await?;
    let started = Instant::now();
    let observed_at = now();
    let new_run = NewRun {
        source_id,
        scope: locked.scope.clone(),
        is_complete: false,
        guards: None,
        with_handoffs: locked.run.with_handoffs,
        engine: ENGINE.to_owned(),
        input: format!("run {run_id}"),
        observed_at,
        is_on_demand: false,
    };
    let new_id = begin(&mut client, &locked.lease, &new_run).await?;
    let totals = runs::undo_totals(&**client, run_id).await?;
    let undone = undo(&locked, &mut client, new_id, observed_at, totals, started, by).await;
    if let Err(error) = &undone {
        let message = error.to_string();
        let ending = Ending {
            status: RunStatus::Failed,
            reason_code: Some(error.code()),
            message: Some(&message),
            duration: started.elapsed(),
        };
        // The error that made the run fail is the one to report, not an error from here.
        let _ = changes::clear(&**client, new_id).await;
        let _ = runs::finish(&**client, new_id, RunStatus::Running, &ending).await;
    }
    undone?;
    locked.lease.released();
    info!(run_id, by = new_id, source = locked.source.name, "run reverted");
    let run = runs::find(&**client, new_id).await?.ok_or(Error::NoSuchRun { run_id: new_id })?;
    Ok(Reverted { run, num_kept: totals.num_kept })
}

fn check(run: &RunRow) -> Result<()> {
    let run_id = run.run_id;
    if let Some(by) = run.reverted_by {
        return Err(Error::AlreadyReverted { run_id, by });
    }
    if run.engine == ENGINE && run.num_rekeyed > 0 {
        return Err(Error::MovedKeysBack { run_id });
    }
    match run.status {
        // The part of an aborted or failed run that was applied can be undone, too.
        RunStatus::Complete | RunStatus::Partial | RunStatus::Aborted | RunStatus::Failed => Ok(()),
        status @ (RunStatus::Held | RunStatus::Running) => {
            Err(Error::NotApplied { run_id, status: status.as_str() })
        }
    }
}

/// Stages the earlier states, and applies them in one transaction.
async fn undo(
    locked: &LockedRun,
    client: &mut Client,
    new_id: i64,
    observed_at: Timestamp,
    totals: UndoTotals,
    started: Instant,
    by: &Actor,
) -> Result<()> {
    let run_id = locked.run.run_id;
    // An earlier state has a lower sequence number by nature.
    let target = Target { sequence_field: None, ..locked.target(client, new_id, observed_at).await? };
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let num_rekeyed = aliases::move_back(&*transaction, run_id).await?;
    let num_staged = stage(locked, &transaction, new_id).await?;
    references::hold_plans(&*transaction).await?;
    if locked.run.observed_at > observed_at {
        runs::move_back(&*transaction, run_id, observed_at).await?;
    }
    let written = apply(&transaction, &target, &format!("run {run_id}")).await?;
    let counts = written.counts + Counts { num_seen: num_staged, ..Counts::default() };
    runs::progress(&*transaction, new_id, &counts, written.num_handoffs).await?;
    runs::settled(&*transaction, new_id, num_rekeyed).await?;
    runs::mark_reverted(&*transaction, run_id, new_id).await?;
    let message = match totals.num_kept {
        0 => format!("undid run {run_id}"),
        num_kept => {
            format!("undid run {run_id}; {num_kept} references that later runs changed stay as they are")
        }
    };
    let ending = Ending {
        status: RunStatus::Complete,
        reason_code: Some("reverts"),
        message: Some(&message),
        duration: started.elapsed(),
    };
    let action = Action {
        source: Some(&locked.source.name),
        num_touched: written.counts.num_changed() + num_rekeyed,
        parameters: json!({ "by_run_id": new_id }),
        ..Action::on(ActionName::RunReverted, TargetKind::Run, run_id.to_string())
    };
    actions::record(&*transaction, by, &action).await?;
    locked.lease.release_in(&*transaction).await?;
    runs::finish(&*transaction, new_id, RunStatus::Running, &ending).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(())
}

/// Stages the states before the run. Returns their number.
async fn stage(locked: &LockedRun, transaction: &Transaction<'_>, new_id: i64) -> Result<u64> {
    let rules = locked.policy()?.rules;
    let policy = RecordPolicy { rules, ..RecordPolicy::new(locked.source.name.clone(), Vec::new()) };
    let mut preparer = Preparer::new(Arc::new(policy));
    runs::begin_undo(transaction, locked.run.run_id).await?;
    let mut num_staged = 0;
    loop {
        let undos = runs::next_undos(transaction, ROWS_PER_STATEMENT).await?;
        if undos.is_empty() {
            return Ok(num_staged);
        }
        num_staged += undos.len() as u64;
        stage_page(transaction, new_id, &undos, &mut preparer).await?;
    }
}

async fn stage_page(
    transaction: &Transaction<'_>,
    new_id: i64,
    undos: &[Undo],
    preparer: &mut Preparer,
) -> Result<()> {
    let mut payloads = Vec::new();
    let mut contents = Vec::new();
    let mut removed = Vec::new();
    for undo in undos {
        let Some(payload) = &undo.payload else {
            removed.push(undo.reference_id);
            continue;
        };
        let (hash, range) = preparer
            .prepare_content(payload.as_bytes(), &mut payloads)
            .map_err(|reject| Error::Payload(reject.message))?;
        contents.push((undo, undo.version_hash.unwrap_or(hash), range));
    }
    let lineage = Lineage { place: Place { line: 0, offset: 0 }, url: None, fetched_at: None };
    let records: Vec<Record<'_>> = contents
        .into_iter()
        .map(|(undo, version_hash, range)| Record {
            reference_id: undo.reference_id,
            version_hash,
            record_key: &undo.record_key,
            payload: &payloads[range],
            lineage,
            removes: false,
            base_version: None,
        })
        .collect();
    changes::stage(transaction, new_id, &records).await?;
    changes::stage_removed(transaction, new_id, &removed).await?;
    Ok(())
}
