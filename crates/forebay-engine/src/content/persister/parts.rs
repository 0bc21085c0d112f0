//! The typed calls of a generator: each writes files first, then the database in one transaction.

use std::{mem, sync::Arc};

use forebay_domain::content::{ResearchKind, file_text::hash};
use forebay_store::content::{self, LessonMeasures, MeasuredLesson};
use tracing::warn;

use super::{
    super::{course::find_course, disk::on_disk},
    input::{CourseInput, LessonInput},
    outcome::{Persisted, Written},
    placing::{Placed, place},
    writer::CoursePersister,
};
use crate::error::Result;

impl CoursePersister {
    /// Writes a whole course, or the parts of it that are given.
    ///
    /// Lessons that cannot be written because of their own mistakes are refused, and the others are written. Errors: the
    /// layout has no path for a document; a file could not be written.
    pub async fn persist_course(&mut self, input: CourseInput) -> Result<Written> {
        let (folder, layout) = (Arc::clone(&self.folder), self.settings.layout.clone());
        let max_bytes = self.settings.max_file_bytes;
        let (placed, refused) = on_disk(move || place(&folder, &layout, max_bytes, input)).await?;
        let paths = placed.iter().map(|placed| placed.path.clone()).collect();
        let measured = placed.iter().filter_map(measured).collect();
        let files = placed.into_iter().map(|placed| (placed.path, placed.bytes)).collect();
        let num_written = self.write_files(files).await?;
        let persisted = self.persist_folder().await;
        let persisted = self.persist_measures(persisted, measured).await;
        Ok(Written { paths, num_written, refused, persisted })
    }

    /// Writes brief and outline. Parts that are absent stay as they are.
    pub async fn persist_metadata(
        &mut self,
        brief: Option<String>,
        outline: Option<String>,
    ) -> Result<Written> {
        self.persist_course(CourseInput { brief, outline, ..CourseInput::default() }).await
    }

    /// Writes the curriculum.
    pub async fn update_curriculum(&mut self, curriculum: String) -> Result<Written> {
        self.persist_course(CourseInput { curriculum: Some(curriculum), ..CourseInput::default() }).await
    }

    /// Writes research reports.
    pub async fn persist_research(&mut self, research: Vec<(ResearchKind, String)>) -> Result<Written> {
        self.persist_course(CourseInput { research, ..CourseInput::default() }).await
    }

    /// Writes one lesson. Errors: it cannot be written, or has mistakes.
    pub async fn persist_lesson(&mut self, lesson: LessonInput) -> Result<Written> {
        let mut written = self.persist_lessons_batch(vec![lesson]).await?;
        match written.refused.pop() {
            Some(refused) => Err(refused.error.into()),
            None => Ok(written),
        }
    }

    /// Writes lessons in one transaction. Refused ones are reported, and the others are written.
    pub async fn persist_lessons_batch(&mut self, lessons: Vec<LessonInput>) -> Result<Written> {
        self.persist_course(CourseInput { lessons, ..CourseInput::default() }).await
    }

    /// Stores measures of lessons, including those that earlier calls could not store. `persisted` is the result for their
    /// files.
    pub(in crate::content) async fn persist_measures(
        &mut self,
        persisted: Persisted,
        measured: Vec<MeasuredLesson>,
    ) -> Persisted {
        let is_new = |old: &MeasuredLesson| measured.iter().all(|lesson| lesson.path != old.path);
        self.unstored_measures.retain(is_new);
        if !matches!(persisted, Persisted::Off) {
            self.unstored_measures.extend(measured);
        }
        if self.unstored_measures.is_empty() || !matches!(persisted, Persisted::Done(_)) {
            return persisted;
        }
        let lessons = mem::take(&mut self.unstored_measures);
        let mut has_failed = false;
        let found = loop {
            match self.store_measures(&lessons).await {
                Ok(found) => break found,
                Err(error) if self.tries_again(&error, &mut has_failed).await => {}
                Err(error) => {
                    self.unstored_measures = lessons;
                    // The files were counted as persisted, but the call is not done.
                    self.counts.num_persisted -= 1;
                    return self.failed(&error);
                }
            }
        };
        for lesson in lessons.iter().filter(|lesson| !found.contains(&lesson.path)) {
            // Its file was changed since, or cannot be stored; the report about the files says which.
            warn!(
                path = lesson.path,
                "the measures of a lesson are not stored: the database has another text"
            );
        }
        persisted
    }

    /// Returns the paths of the lessons that the database has with the measured text.
    async fn store_measures(&mut self, lessons: &[MeasuredLesson]) -> Result<Vec<String>> {
        let database = self.connect().await?;
        let (_, stored) = find_course(&database, &self.settings).await?;
        let mut client = database.client().await?;
        let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
        let found = content::update_lessons(&transaction, &stored.course, lessons).await?.found;
        transaction.commit().await.map_err(forebay_store::Error::from)?;
        Ok(found)
    }
}

fn measured(placed: &Placed) -> Option<MeasuredLesson> {
    let Placed { path, bytes, measures } = placed;
    (*measures != LessonMeasures::default()).then(|| MeasuredLesson {
        path: path.to_string(),
        content_hash: hash(bytes),
        measures: measures.clone(),
    })
}
