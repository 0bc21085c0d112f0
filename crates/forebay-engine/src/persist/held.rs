//! An operator's decisions about a held run: release, reject, or accept as a re-key.

use std::time::Instant;

use forebay_domain::{rekey::RekeyPolicy, run::RunStatus, scope::Scope};
use forebay_store::{
    aliases::{self, Move},
    changes,
    connect::Database,
    content, handoffs,
    references::{self, Origin},
    runs::{self, Ending, RunRow, ScopeLock},
    sources::{self, Source},
};
use tokio_postgres::Transaction;
use tracing::info;

use super::{apply::apply, policy::SourcePolicy, rekey::find_rekey, write::Target};
use crate::error::{Error, Result};

/// A held run that was accepted as a re-key.
#[derive(Clone, Debug)]
pub struct Rekeyed {
    /// The current state of the run.
    pub run: RunRow,
    /// References whose key was moved.
    pub num_rekeyed: u64,
}

/// Applies what a held run withheld. References that a later run has observed are left unchanged.
pub async fn release(database: &Database, run_id: i64) -> Result<RunRow> {
    let held = Held::open(database, run_id).await?;
    held.apply(Decision { reason_code: "released", message: "an operator released it" }, &[]).await
}

/// Drops what a held run withheld. Its other changes stay applied.
pub async fn reject(database: &Database, run_id: i64) -> Result<RunRow> {
    let held = Held::open(database, run_id).await?;
    let mut client = database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    changes::clear(&*transaction, run_id).await?;
    let decision = Decision {
        reason_code: "rejected",
        message: "an operator rejected it; what it withheld was dropped",
    };
    held.end(&transaction, RunStatus::Held, RunStatus::Aborted, &decision).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    drop(client);
    held.close(decision).await
}

/// Accepts a held run as a re-key: the references that would have been removed keep their ids and get the new keys. The
/// other changes of the run are applied.
pub async fn rekey(database: &Database, run_id: i64) -> Result<Rekeyed> {
    let held = Held::open(database, run_id).await?;
    let client = database.client().await?;
    let found = find_rekey(&client, run_id, &held.source.key_fields, RekeyPolicy::Hold)
        .await?
        .ok_or(Error::NotARekey { run_id })?;
    drop(client);
    let moves = found.moves(&found.rekey.pairs);
    let decision = Decision { reason_code: "rekeyed", message: "an operator accepted it as a re-key" };
    let run = held.apply(decision, &moves).await?;
    Ok(Rekeyed { run, num_rekeyed: moves.len() as u64 })
}

/// The operator's decision, for the run's row.
struct Decision {
    reason_code: &'static str,
    message: &'static str,
}

/// A held run with its scope locked.
struct Held<'a> {
    database: &'a Database,
    run: RunRow,
    source: Source,
    scope: Scope,
    target: Target,
    lock: ScopeLock,
    started: Instant,
}

impl<'a> Held<'a> {
    async fn open(database: &'a Database, run_id: i64) -> Result<Self> {
        let client = database.client().await?;
        let not_there = || Error::NoSuchRun { run_id };
        let run = runs::find(&**client, run_id).await?.ok_or_else(not_there)?;
        let scope: Scope = run.scope.parse().map_err(|_| Error::Payload(format!("scope {}", run.scope)))?;
        // No pooled connection is held while waiting, because the run that holds the scope may need it.
        drop(client);
        let lock = ScopeLock::acquire(database.dedicated().await?, run.source_id, &scope, || {}).await?;
        let client = database.client().await?;
        // Read again, because its state is only stable under the lock.
        let run = runs::find(&**client, run_id).await?.ok_or_else(not_there)?;
        if run.status != RunStatus::Held {
            return Err(Error::NotHeld { run_id, status: run.status.as_str() });
        }
        let source = sources::find(&**client, &run.source).await?.ok_or_else(not_there)?;
        let subscribers = if run.with_handoffs {
            handoffs::subscribers_of(&**client, &run.source, &source.entity_type).await?
        } else {
            Vec::new()
        };
        references::ensure_revision_month(&**client, run.observed_at).await?;
        let origin = Origin {
            run_id,
            source_id: source.source_id,
            entity_type: source.entity_type.clone(),
            scope: run.scope.clone(),
            observed_at: run.observed_at,
        };
        // The policy of the run, unless the source has been persisted with a different one since.
        let policy = SourcePolicy::from_json(&source.policy)?;
        let course = content::of_source(&**client, source.source_id).await?;
        let target = Target {
            origin,
            subscribers,
            sequence_field: policy.sequence_field,
            contract_version_column: policy.contract_version_column,
            course,
            // They belong to the text that was measured, which may not be the stored one any more.
            measured: Vec::new(),
        };
        drop(client);
        Ok(Self { database, run, source, scope, target, lock, started: Instant::now() })
    }

    /// Moves keys, applies the staged changes, and closes the run, in one transaction.
    async fn apply(self, decision: Decision, moves: &[Move]) -> Result<RunRow> {
        let run_id = self.run.run_id;
        let mut client = self.database.client().await?;
        let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
        references::hold_plans(&*transaction).await?;
        runs::reopen(&*transaction, run_id).await?;
        if !moves.is_empty() {
            aliases::rekey(&*transaction, run_id, self.source.source_id, moves).await?;
        }
        changes::release(&*transaction, run_id).await?;
        runs::settled(&*transaction, run_id, moves.len() as u64).await?;
        let written = apply(&transaction, &self.target, &self.run.input).await?;
        runs::progress(&*transaction, run_id, &written.counts, written.num_handoffs).await?;
        self.end(&transaction, RunStatus::Running, RunStatus::Complete, &decision).await?;
        runs::supersede_held(&*transaction, run_id, self.source.source_id, &self.scope).await?;
        transaction.commit().await.map_err(forebay_store::Error::from)?;
        drop(client);
        self.close(decision).await
    }

    async fn end(
        &self,
        transaction: &Transaction<'_>,
        from: RunStatus,
        status: RunStatus,
        decision: &Decision,
    ) -> Result<()> {
        let ending = Ending {
            status,
            reason_code: Some(decision.reason_code),
            message: Some(decision.message),
            duration: self.started.elapsed(),
        };
        Ok(runs::finish(transaction, self.run.run_id, from, &ending).await?)
    }

    /// Releases the scope and returns the current state of the run.
    async fn close(self, decision: Decision) -> Result<RunRow> {
        let run_id = self.run.run_id;
        // The decision is committed. A lock that cannot be released is released when its connection closes.
        let _ = self.lock.release().await;
        info!(
            run_id,
            source = self.source.name,
            scope = %self.scope,
            reason_code = decision.reason_code,
            "held run decided: {}",
            decision.message
        );
        let client = self.database.client().await?;
        runs::find(&**client, run_id).await?.ok_or(Error::NoSuchRun { run_id })
    }
}
