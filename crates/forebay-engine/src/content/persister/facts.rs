//! Facts about a course that no file contains. They are only in the database.

use std::slice;

use forebay_domain::content::ContentStatus;
use forebay_store::{
    connect::Database,
    content::{self, Approval, MeasuredLesson},
};
use jiff::Timestamp;

use super::super::{
    course::{CourseSettings, find_course},
    error::ContentError,
    refused,
};
use crate::error::Result;

/// Something to record.
pub(super) enum Fact<'a> {
    /// Measures of a lesson.
    Lesson(&'a MeasuredLesson),
    /// How well the course matches the voice of its persona.
    Voice(f64),
    /// Whether people may see the course.
    Status(ContentStatus),
    /// A measurement of the published course.
    Performance { metric: &'a str, value: f64, at: Timestamp },
    /// Approvals of its curriculum.
    Approvals(&'a [Approval]),
}

impl Fact<'_> {
    /// Stores it. Error: `row_refused` if a table of the user does not take it.
    pub(super) async fn store(&self, database: &Database, settings: &CourseSettings) -> Result<()> {
        let (piece, stored) = find_course(database, settings).await?;
        let mut client = database.client().await?;
        // A fact is stored in Forebay's tables and in those of the user, or in none.
        let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
        let refused = match *self {
            Self::Lesson(lesson) => {
                let measured =
                    content::update_lessons(&transaction, &stored.course, slice::from_ref(lesson)).await?;
                if measured.found.is_empty() {
                    return Err(ContentError::LessonNotStored { path: lesson.path.clone() }.into());
                }
                measured.refused
            }
            Self::Voice(score) => content::update_voice_fidelity(&transaction, &stored.course, score).await?,
            Self::Status(status) => content::set_status(&transaction, &stored.course, status).await?.1,
            Self::Performance { metric, value, at } => {
                content::record_performance(&*transaction, piece.piece_id, metric, value, at).await?;
                Vec::new()
            }
            Self::Approvals(approvals) => {
                let mut refused = Vec::new();
                for approval in approvals {
                    let recorded = content::approve(&transaction, &stored.course, approval).await?;
                    refused.extend(recorded.ok_or(ContentError::CurriculumNotStored)?);
                }
                refused
            }
        };
        refused::check(&refused)?;
        Ok(transaction.commit().await.map_err(forebay_store::Error::from)?)
    }
}
