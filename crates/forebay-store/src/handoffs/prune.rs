//! Deletes old hand-off history.

use std::time::Duration;

use tokio_postgres::{GenericClient, types::Type};

use crate::{error::Result, maintenance::PORTION, row::ReadRow};

/// Deletes a portion of the rows past their retention.
pub const PRUNE: &str = include_str!("prune.sql");

/// Deletes rows past their retention in portions and returns their number. The last hand-off of each reference in
/// each pipeline is kept regardless of its age.
pub async fn prune(client: &impl GenericClient, retention: Duration) -> Result<u64> {
    let mut num_pruned = 0;
    loop {
        let row = client
            .query_typed_one(PRUNE, &[(&retention.as_secs_f64(), Type::FLOAT8), (&PORTION, Type::INT8)])
            .await?;
        let portion = row.count("num_deleted")?;
        num_pruned += portion;
        if portion == 0 {
            return Ok(num_pruned);
        }
    }
}
