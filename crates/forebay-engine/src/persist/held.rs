//! An operator's decisions about a held run: release, reject, or accept as a re-key.

use std::time::Instant;

use forebay_domain::{rekey::RekeyPolicy, run::RunStatus};
use forebay_store::{
    actions::{self, Action, ActionName, Actor, TargetKind},
    aliases::{self, Move},
    changes,
    connect::Database,
    references,
    runs::{self, Ending, RunRow},
};
use tokio_postgres::Transaction;
use tracing::info;

use super::{apply::apply, locked::LockedRun, rekey::find_rekey};
use crate::error::{Error, Result};

/// A held run that was accepted as a re-key.
#[derive(Clone, Debug)]
pub struct Rekeyed {
    /// The current state of the run.
    pub run: RunRow,
    /// References whose key was moved.
    pub num_rekeyed: u64,
}

/// Applies what a held run withheld; the run ends as partial if its input was incomplete. Error: `run_not_held`.
pub async fn release(database: &Database, run_id: i64, by: &Actor) -> Result<RunRow> {
    let held = Held::open(database, run_id).await?;
    let decision = Decision {
        action: ActionName::RunReleased,
        reason_code: "released",
        message: "an operator released it",
        by,
    };
    held.apply(decision, &[]).await
}

/// Drops what a held run withheld. Its other changes stay applied.
pub async fn reject(database: &Database, run_id: i64, by: &Actor) -> Result<RunRow> {
    let held = Held::open(database, run_id).await?;
    let mut client = database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let num_dropped = changes::totals(&*transaction, run_id).await?.sum();
    changes::clear(&*transaction, run_id).await?;
    let decision = Decision {
        action: ActionName::RunRejected,
        reason_code: "rejected",
        message: "an operator rejected it; what it withheld was dropped",
        by,
    };
    held.record(&transaction, &decision, num_dropped).await?;
    held.locked.lease.release_in(&*transaction).await?;
    held.end(&transaction, RunStatus::Held, RunStatus::Aborted, &decision).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    drop(client);
    held.close(decision).await
}

/// Accepts a held run as a re-key: the references that would have been removed keep their ids and get the new keys. The
/// other changes of the run are applied.
pub async fn rekey(database: &Database, run_id: i64, by: &Actor) -> Result<Rekeyed> {
    let held = Held::open(database, run_id).await?;
    let client = database.client().await?;
    let found = find_rekey(&client, run_id, &held.locked.source.key_fields, RekeyPolicy::Hold)
        .await?
        .ok_or(Error::NotARekey { run_id })?;
    drop(client);
    let moves = found.moves(&found.rekey.pairs);
    let decision = Decision {
        action: ActionName::RunRekeyed,
        reason_code: "rekeyed",
        message: "an operator accepted it as a re-key",
        by,
    };
    let run = held.apply(decision, &moves).await?;
    Ok(Rekeyed { run, num_rekeyed: moves.len() as u64 })
}

/// Error: `run_not_held`.
pub(super) fn check_held(run: &RunRow) -> Result<()> {
    match run.status {
        RunStatus::Held => Ok(()),
        status => Err(Error::NotHeld { run_id: run.run_id, status: status.as_str() }),
    }
}

/// The operator's decision, for the run's row and the audit trail.
struct Decision<'a> {
    action: ActionName,
    reason_code: &'static str,
    message: &'static str,
    by: &'a Actor,
}

/// A run that withholds changes, and this process's hold on its scope.
struct Held<'a> {
    database: &'a Database,
    locked: LockedRun,
    started: Instant,
}

impl<'a> Held<'a> {
    async fn open(database: &'a Database, run_id: i64) -> Result<Self> {
        let locked = LockedRun::open(database, run_id).await?;
        check_held(&locked.run)?;
        Ok(Self { database, locked, started: Instant::now() })
    }

    /// Moves keys, applies the staged changes, and closes the run, in one transaction.
    async fn apply(self, decision: Decision<'_>, moves: &[Move]) -> Result<RunRow> {
        let LockedRun { run, source, scope, .. } = &self.locked;
        let run_id = run.run_id;
        let mut client = self.database.client().await?;
        let target = self.locked.target(&client, run_id, run.observed_at).await?;
        let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
        references::hold_plans(&*transaction).await?;
        runs::reopen(&*transaction, run_id).await?;
        if !moves.is_empty() {
            aliases::rekey(&*transaction, run_id, source.source_id, moves).await?;
        }
        changes::release(&*transaction, run_id).await?;
        runs::settled(&*transaction, run_id, moves.len() as u64).await?;
        let written = apply(&transaction, &target, &run.input).await?;
        runs::progress(&*transaction, run_id, &written.counts, written.num_handoffs).await?;
        self.record(&transaction, &decision, written.counts.num_changed() + moves.len() as u64).await?;
        self.locked.lease.release_in(&*transaction).await?;
        if run.is_complete {
            self.end(&transaction, RunStatus::Running, RunStatus::Complete, &decision).await?;
            runs::supersede_held(&*transaction, run_id, source.source_id, scope).await?;
        } else {
            self.end(&transaction, RunStatus::Running, RunStatus::Partial, &decision).await?;
        }
        transaction.commit().await.map_err(forebay_store::Error::from)?;
        drop(client);
        self.close(decision).await
    }

    /// Records the decision in the audit trail.
    async fn record(
        &self,
        transaction: &Transaction<'_>,
        decision: &Decision<'_>,
        num_touched: u64,
    ) -> Result<()> {
        let LockedRun { run, source, .. } = &self.locked;
        let action = Action {
            source: Some(&source.name),
            num_touched,
            ..Action::on(decision.action, TargetKind::Run, run.run_id.to_string())
        };
        actions::record(transaction, decision.by, &action).await?;
        Ok(())
    }

    async fn end(
        &self,
        transaction: &Transaction<'_>,
        from: RunStatus,
        status: RunStatus,
        decision: &Decision<'_>,
    ) -> Result<()> {
        // What the input lacked still explains why the run is partial.
        let held_for = self.locked.run.message.as_deref().filter(|_| status == RunStatus::Partial);
        let message = held_for.map(|held_for| format!("{held_for}; {}", decision.message));
        let ending = Ending {
            status,
            reason_code: Some(decision.reason_code),
            message: Some(message.as_deref().unwrap_or(decision.message)),
            duration: self.started.elapsed(),
        };
        Ok(runs::finish(transaction, self.locked.run.run_id, from, &ending).await?)
    }

    /// Returns the current state of the run, after the transaction that released its scope.
    async fn close(self, decision: Decision<'_>) -> Result<RunRow> {
        let LockedRun { run: RunRow { run_id, .. }, source, scope, lease } = self.locked;
        lease.released();
        info!(
            run_id,
            source = source.name,
            scope = %scope,
            reason_code = decision.reason_code,
            "held run decided: {}",
            decision.message
        );
        let client = self.database.client().await?;
        runs::find(&**client, run_id).await?.ok_or(Error::NoSuchRun { run_id })
    }
}
