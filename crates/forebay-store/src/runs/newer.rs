//! Runs after a held one, which a release would ignore.

use forebay_domain::{run::RunStatus, scope::Scope};
use tokio_postgres::{GenericClient, types::Type};

use crate::{error::Result, row::ReadRow};

/// A later run of the same scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewerRun {
    /// Its id.
    pub run_id: i64,
    /// Its status.
    pub status: RunStatus,
}

/// The newest complete run after `run_id` that is held or was applied, if any. Other runs decided nothing about what
/// `run_id` withheld, and what they wrote is newer than its changes, so it stays. Runs that found their source unchanged
/// don't count either: the source may still be as `run_id` saw it.
pub async fn newer(
    client: &impl GenericClient,
    run_id: i64,
    source_id: i32,
    scope: &Scope,
) -> Result<Option<NewerRun>> {
    let statement = "select run_id, status from forebay.scrape_runs \
         where source_id = $1 and scope = $2 and run_id > $3 and is_complete and status in ('held', 'complete') \
             and reason_code is distinct from 'not_modified' \
         order by run_id desc limit 1";
    let row = client
        .query_typed_opt(
            statement,
            &[(&source_id, Type::INT4), (&scope.to_string(), Type::TEXT), (&run_id, Type::INT8)],
        )
        .await?;
    row.map(|row| Ok(NewerRun { run_id: row.read("run_id")?, status: row.word("status")? })).transpose()
}
