//! The status of a course, which people set: no file of the course contains it.

use forebay_domain::content::ContentStatus;
use forebay_store::{connect::Database, content};

use super::course::{CourseSettings, find_course};
use crate::error::Result;

/// Sets the status of a stored course. Returns whether it had another one. Error: `course_unknown`.
pub async fn set_status(
    database: &Database,
    settings: &CourseSettings,
    status: ContentStatus,
) -> Result<bool> {
    let (_, stored) = find_course(database, settings).await?;
    let mut client = database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let num_rows = content::set_status(&*transaction, &stored.course, status).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(num_rows > 0)
}
