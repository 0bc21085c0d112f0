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
    pub(super) async fn store(&self, database: &Database, settings: &CourseSettings) -> Result<()> {
        let (piece, stored) = find_course(database, settings).await?;
        let mut client = database.client().await?;
        // A fact is stored in Forebay's tables and in those of the user, or in none.
        let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
        match *self {
            Self::Lesson(lesson) => {
                let found =
                    content::update_lessons(&*transaction, &stored.course, slice::from_ref(lesson)).await?;
                if found.is_empty() {
                    return Err(ContentError::LessonNotStored { path: lesson.path.clone() }.into());
                }
            }
            Self::Voice(score) => {
                content::update_voice_fidelity(&*transaction, &stored.course, score).await?;
            }
            Self::Status(status) => {
                content::set_status(&*transaction, &stored.course, status).await?;
            }
            Self::Performance { metric, value, at } => {
                content::record_performance(&*transaction, piece.piece_id, metric, value, at).await?;
            }
            Self::Approvals(approvals) => {
                for approval in approvals {
                    if !content::approve(&*transaction, &stored.course, approval).await? {
                        return Err(ContentError::CurriculumNotStored.into());
                    }
                }
            }
        }
        Ok(transaction.commit().await.map_err(forebay_store::Error::from)?)
    }
}
