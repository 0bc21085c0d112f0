//! Deletes old hand-off history.

use std::time::Duration;

use tokio_postgres::{GenericClient, types::Type};

use crate::{
    error::Result,
    maintenance::{Mode, PORTION},
    row::ReadRow,
};

/// Deletes a portion of the rows past their retention, or counts them.
pub const PRUNE: &str = include_str!("prune.sql");

/// Deletes rows past their retention in portions, or counts them. Returns their number. The last hand-off of each
/// reference in each pipeline is kept regardless of its age.
pub async fn prune(client: &impl GenericClient, retention: Duration, mode: Mode) -> Result<u64> {
    let (portion_size, deletes) = match mode {
        Mode::Delete => (Some(PORTION), true),
        Mode::Count => (None, false),
    };
    let parameters = [
        (&retention.as_secs_f64() as _, Type::FLOAT8),
        (&portion_size as _, Type::INT8),
        (&deletes as _, Type::BOOL),
    ];
    let mut num_pruned = 0;
    loop {
        let portion = client.query_typed_one(PRUNE, &parameters).await?.count("num_expired")?;
        num_pruned += portion;
        if portion == 0 || mode == Mode::Count {
            return Ok(num_pruned);
        }
    }
}
