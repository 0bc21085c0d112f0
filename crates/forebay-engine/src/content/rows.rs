//! The rows of content tables: finds those that differ from their files, and writes them again.

use std::{collections::BTreeSet, sync::Arc};

use forebay_domain::{
    content::plan::{Action, Changes},
    identity::ReferenceId,
};
use forebay_store::{
    connect::Database,
    content::{self, Course, Projected},
};
use tokio::try_join;

use super::{approvals, course::DeclaredCourse, folder::CourseFolder, sides::Known};
use crate::error::Result;

/// Which rows are compared with their files. Comparing all of them costs the server about 10 µs a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowCheck {
    /// All rows in every column, also in the user's own tables.
    All,
    /// Whether each lesson has a row with the hash of its file.
    Hashes,
}

/// The lessons whose rows differ; `None` is the course itself. Empty: all rows are equal.
pub(super) type Unequal = BTreeSet<Option<ReferenceId>>;

/// The files that are stored, and the rows that differ from them.
pub(super) async fn stored(
    database: &Database,
    course: &DeclaredCourse,
    rows: RowCheck,
) -> Result<(Known, Unequal)> {
    let client = database.client().await?;
    let source_id = course.declared.source.source_id;
    let withheld = if course.course.has_held_run {
        content::withheld_removals(&**client, source_id).await?
    } else {
        Vec::new()
    };
    // Own tables that were just named have no rows yet.
    if rows == RowCheck::Hashes && !course.is_reconfigured {
        let files = content::files(&**client, source_id).await?;
        let unprojected = files.iter().filter(|file| !file.is_projected);
        let unequal = unprojected.map(|file| Some(file.reference_id)).collect();
        return Ok((Known::new(files, &withheld), unequal));
    }
    // Both in one round trip.
    let (files, differences) = try_join!(
        content::files(&**client, source_id),
        content::differences(&**client, &course.course, source_id)
    )?;
    let unequal = differences.iter().map(|row| row.reference_id).collect();
    Ok((Known::new(files, &withheld), unequal))
}

/// How many rows a sync with these changes would write besides those of its run: differing ones, and approvals that the
/// database missed.
pub(super) async fn num_to_repair(
    database: &Database,
    course: &Course,
    source_id: i32,
    folder: &Arc<CourseFolder>,
    changes: &Changes,
) -> Result<u64> {
    let client = database.client().await?;
    let differences = content::differences(&**client, course, source_id).await?;
    let written: BTreeSet<&str> = changes
        .actions
        .iter()
        .map(|action| match action {
            Action::Move { from, .. } => from.as_str(),
            action => action.path().as_str(),
        })
        .collect();
    let left =
        differences.iter().filter(|row| !row.path.as_deref().is_some_and(|path| written.contains(path)));
    let missing = approvals::missing(&**client, course.piece_id, folder).await?;
    Ok((left.count() + missing.len()) as u64)
}

/// Records approvals that the database missed. Those whose text is lost are left out.
pub(super) async fn record_approvals(
    database: &Database,
    course: &Course,
    folder: &Arc<CourseFolder>,
) -> Result<Projected> {
    let mut recorded = Projected::default();
    let mut client = database.client().await?;
    let missing = approvals::missing(&**client, course.piece_id, folder).await?;
    if missing.is_empty() {
        return Ok(recorded);
    }
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    for (approval, text) in &missing {
        if let Some(refused) = content::approve(&transaction, course, approval, Some(text)).await? {
            recorded.num_rows += 1;
            recorded.refused.extend(refused);
        }
    }
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(recorded)
}

/// Writes rows that differ: those of the lessons, and all of the course itself.
pub(super) async fn repair(
    database: &Database,
    course: &DeclaredCourse,
    unequal: &Unequal,
) -> Result<Projected> {
    let ids: Vec<ReferenceId> = unequal.iter().copied().flatten().collect();
    let mut client = database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let repaired = content::repair(&transaction, &course.course, &ids).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(repaired)
}
