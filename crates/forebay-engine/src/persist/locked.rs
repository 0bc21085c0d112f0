//! A run that has ended, with its scope held, for an operator's decision about it.

use std::{sync::Arc, time::Duration};

use forebay_domain::{run::RunStatus, scope::Scope};
use forebay_store::{
    connect::{Client, Database},
    content, handoffs,
    references::{self, Origin},
    runs::{self, RunRow, ScopeLease},
    sources::{self, Source},
};
use jiff::Timestamp;

use super::{policy::SourcePolicy, rejects::Rejects, write::Target};
use crate::error::{Error, Result};

/// An operator waits at most this long for a run of the scope.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// A run with its scope held.
pub(super) struct LockedRun {
    pub(super) run: RunRow,
    pub(super) source: Source,
    pub(super) scope: Scope,
    pub(super) lease: ScopeLease,
}

/// A run and its scope. Errors: `no_such_run`, and `run_process_died` for a run whose process has died.
pub(super) async fn find(client: &Client, run_id: i64) -> Result<(RunRow, Scope)> {
    let run = runs::find(&***client, run_id).await?.ok_or(Error::NoSuchRun { run_id })?;
    if run.status == RunStatus::Running
        && runs::dead(&***client).await?.iter().any(|dead| dead.run_id == run_id)
    {
        return Err(Error::RunProcessDied { run_id });
    }
    let scope: Scope = run.scope.parse().map_err(|_| Error::Payload(format!("scope {}", run.scope)))?;
    Ok((run, scope))
}

impl LockedRun {
    /// Waits for the run's scope. Errors: `no_such_run`, `run_process_died`, `scope_busy`.
    pub(super) async fn open(database: &Database, run_id: i64) -> Result<Self> {
        let client = database.client().await?;
        let (run, scope) = find(&client, run_id).await?;
        // No pooled connection is held while waiting, because the run that holds the scope may need it.
        drop(client);
        let lease = ScopeLease::acquire(database, run.source_id, &scope, MAX_WAIT, |_| {}).await?;
        let client = database.client().await?;
        // Read again, because its state is only stable while the scope is held.
        let (run, scope) = find(&client, run_id).await?;
        let source = sources::find(&**client, &run.source).await?.ok_or(Error::NoSuchRun { run_id })?;
        Ok(Self { run, source, scope, lease })
    }

    /// The policy of the run, unless the source has been persisted with a different one since.
    pub(super) fn policy(&self) -> Result<SourcePolicy> {
        SourcePolicy::from_json(&self.source.policy)
    }

    /// How `run_id` writes references of the same scope, observed at a time.
    pub(super) async fn target(
        &self,
        client: &Client,
        run_id: i64,
        observed_at: Timestamp,
    ) -> Result<Target> {
        let Source { source_id, entity_type, .. } = &self.source;
        let subscribers = if self.run.with_handoffs {
            handoffs::subscribers_of(&***client, &self.run.source, entity_type).await?
        } else {
            Vec::new()
        };
        references::ensure_revision_month(&***client, observed_at).await?;
        let origin = Origin {
            run_id,
            source_id: *source_id,
            entity_type: entity_type.clone(),
            scope: self.run.scope.clone(),
            observed_at,
        };
        let policy = self.policy()?;
        let course = content::of_source(&***client, *source_id).await?;
        Ok(Target {
            origin,
            subscribers,
            sequence_field: policy.sequence_field,
            contract_version_column: policy.contract_version_column,
            course,
            // They belong to the text that was measured, which may not be the stored one any more.
            measured: Vec::new(),
            has_aliases: self.source.has_aliases,
            rejects: Arc::new(Rejects::keeping(policy.max_rejected_kept)),
        })
    }
}
