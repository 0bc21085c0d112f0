//! Records measures and the status of a course. No file contains them, so only the database is written.

use std::sync::Arc;

use forebay_domain::content::{ContentStatus, file_text::hash, paths::RelativePath};
use forebay_store::content::{LessonMeasures, MeasuredLesson};
use jiff::Timestamp;

use super::{
    super::{disk::on_disk, error::ContentError},
    facts::Fact,
    input::LessonPlace,
    outcome::Persisted,
    placing::{check, check_voice, find_lesson},
    writer::CoursePersister,
};
use crate::error::Result;

impl CoursePersister {
    /// The file of a lesson. Errors: the folder has no lesson with this number, or the path is refused.
    pub async fn lesson_file(&self, place: LessonPlace) -> Result<RelativePath> {
        let (folder, layout) = (Arc::clone(&self.folder), self.settings.layout.clone());
        on_disk(move || find_lesson(&folder, &layout, place)).await
    }

    /// Records measures of the lesson whose file has this path. Errors: there is no such file, or
    /// a value is out of range.
    pub async fn update_lesson_validation(
        &mut self,
        path: &RelativePath,
        measures: &LessonMeasures,
    ) -> Result<Persisted> {
        check(measures)?;
        let (folder, at, max_bytes) = (Arc::clone(&self.folder), path.clone(), self.settings.max_file_bytes);
        let bytes = on_disk(move || folder.read(&at, max_bytes)).await?;
        let bytes = bytes.ok_or_else(|| ContentError::FileMissing { path: path.to_string() })?;
        let graded =
            MeasuredLesson { path: path.to_string(), content_hash: hash(&bytes), measures: measures.clone() };
        Ok(self.recorded(Fact::Lesson(graded)).await)
    }

    /// Records how well the course matches the voice of its persona, 0 to 1. Error: the score is out of range.
    pub async fn update_voice_fidelity(&mut self, score: f64) -> Result<Persisted> {
        check_voice(score)?;
        Ok(self.recorded(Fact::Voice(score)).await)
    }

    /// Sets the status of the course.
    pub async fn set_status(&mut self, status: ContentStatus) -> Persisted {
        self.recorded(Fact::Status(status)).await
    }

    /// Records a measurement of the published course. A second one of the same metric and time replaces the first, so
    /// a caller that repeats a call must repeat its time. Errors: the metric has no name, or the value is not finite.
    pub async fn record_performance(&mut self, metric: &str, value: f64, at: Timestamp) -> Result<Persisted> {
        if metric.trim().is_empty() {
            return Err(ContentError::Measurement { problem: "the metric has no name" }.into());
        }
        if !value.is_finite() {
            return Err(ContentError::Measurement { problem: "the value is not a finite number" }.into());
        }
        Ok(self.recorded(Fact::Performance { metric: metric.to_owned(), value, at }).await)
    }
}
