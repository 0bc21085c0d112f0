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
    let client = database.client().await?;
    Ok(content::set_status(&**client, &stored.course, status).await? > 0)
}
