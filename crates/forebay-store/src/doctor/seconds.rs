//! Reading a number of seconds.

use std::time::Duration;

use tokio_postgres::Row;

use crate::{error::Result, row::ReadRow};

/// A duration from a column of seconds; negative ones count as zero.
pub(super) fn seconds(row: &Row, column: &'static str) -> Result<Option<Duration>> {
    let seconds: Option<f64> = row.read(column)?;
    Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default()))
}
