//! Writes what is measured about a course. Its files say nothing about these, so only the database is written.

use std::{slice, sync::Arc};

use forebay_domain::content::{file_text::hash, paths::RelativePath};
use forebay_store::content::{self, LessonMeasures, MeasuredLesson};
use jiff::Timestamp;
use tokio::task;

use super::{
    super::{course::find_course, error::ContentError},
    input::LessonPlace,
    outcome::Persisted,
    placing::{check, check_value, find_lesson},
    writer::CoursePersister,
};
use crate::error::{Error, Result};

impl CoursePersister {
    /// The file of a lesson. Errors: the folder has no lesson with this number, or the path is refused.
    pub async fn lesson_file(&self, place: LessonPlace) -> Result<RelativePath> {
        let (folder, layout) = (Arc::clone(&self.folder), self.settings.layout.clone());
        let found = task::spawn_blocking(move || find_lesson(&folder, &layout, place));
        Ok(found.await.map_err(|_| Error::Reader)??)
    }

    /// Records what was measured about the lesson whose file has this path. Errors: there is no such file, or
    /// a value is out of range.
    pub async fn update_lesson_validation(
        &mut self,
        path: &RelativePath,
        measures: &LessonMeasures,
    ) -> Result<Persisted> {
        check(measures)?;
        let (folder, at, max_bytes) = (Arc::clone(&self.folder), path.clone(), self.settings.max_file_bytes);
        let read = task::spawn_blocking(move || folder.read(&at, max_bytes));
        let bytes = read.await.map_err(|_| Error::Reader)??;
        let bytes = bytes.ok_or_else(|| ContentError::FileMissing { path: path.to_string() })?;
        let graded =
            MeasuredLesson { path: path.to_string(), content_hash: hash(&bytes), measures: measures.clone() };
        Ok(self
            .recorded(async |database, settings| {
                let (_, stored) = find_course(database, settings).await?;
                let client = database.client().await?;
                let found =
                    content::update_lessons(&**client, &stored.course, slice::from_ref(&graded)).await?;
                if found.is_empty() {
                    return Err(ContentError::LessonNotStored { path: path.to_string() }.into());
                }
                Ok(())
            })
            .await)
    }

    /// Records how well the course matches the voice of its persona, 0 to 1.
    pub async fn update_voice_fidelity(&mut self, score: f64) -> Persisted {
        if let Err(error) = check_value("voice_fidelity_score", Some(score), 1.0) {
            return Persisted::Failed { code: error.code(), message: error.to_string() };
        }
        self.recorded(async |database, settings| {
            let (_, stored) = find_course(database, settings).await?;
            let client = database.client().await?;
            content::update_voice_fidelity(&**client, &stored.course, score).await?;
            Ok(())
        })
        .await
    }

    /// Records a measurement of the published course.
    pub async fn record_performance(&mut self, metric: &str, value: f64, at: Timestamp) -> Persisted {
        self.recorded(async |database, settings| {
            let (piece, _) = find_course(database, settings).await?;
            let client = database.client().await?;
            content::record_performance(&**client, piece.piece_id, metric, value, at).await?;
            Ok(())
        })
        .await
    }
}
