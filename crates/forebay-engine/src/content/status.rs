//! The status of a course, which people set: no file of the course contains it.

use forebay_domain::content::ContentStatus;
use forebay_store::{connect::Database, content};

use super::{
    course::{CourseSettings, find_course},
    refused,
};
use crate::error::Result;

/// Sets the status of a stored course. Returns whether it had another one. Errors: `course_unknown`; `row_refused` if a
/// table of the user does not take it.
pub async fn set_status(
    database: &Database,
    settings: &CourseSettings,
    status: ContentStatus,
) -> Result<bool> {
    let (_, stored) = find_course(database, settings).await?;
    let mut client = database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let (is_changed, refused) = content::set_status(&transaction, &stored.course, status).await?;
    refused::check(&refused)?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(is_changed)
}
