//! The mode `shadow`: what is written is compared, and differences are only reported.

use std::sync::Arc;

use forebay_store::connect::Database;
use tracing::info;

use super::{course::CourseSettings, folder::CourseFolder, verify::verify};
use crate::error::Result;

/// Logs each difference between folder and database. Returns their number.
pub(super) async fn log_differences(
    database: &Database,
    settings: &CourseSettings,
    folder: Arc<CourseFolder>,
) -> Result<u64> {
    let verification = verify(database, settings, folder).await?;
    for difference in &verification.differences {
        info!(
            path = difference.path.as_deref().unwrap_or("."),
            table = difference.table.as_deref().unwrap_or_default(),
            difference = difference.kind.as_str(),
            "folder and database differ"
        );
    }
    Ok(verification.differences.len() as u64)
}
