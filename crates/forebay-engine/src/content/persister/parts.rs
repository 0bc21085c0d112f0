//! The typed calls of a generator: each writes files first, then the database in one transaction.

use std::sync::Arc;

use forebay_domain::content::{ResearchKind, file_text::hash};
use forebay_store::content::{LessonMeasures, MeasuredLesson};

use super::{
    super::disk::on_disk,
    facts::Fact,
    input::{CourseInput, LessonInput},
    outcome::Written,
    placing::{Placed, place},
    writer::CoursePersister,
};
use crate::error::Result;

impl CoursePersister {
    /// Writes a whole course, or the parts of it that are given.
    ///
    /// Lessons that cannot be written because of their own mistakes are refused, and the others are written. Errors:
    /// the layout has no path for a document; a file could not be written.
    pub async fn persist_course(&mut self, input: CourseInput) -> Result<Written> {
        let (folder, layout) = (Arc::clone(&self.folder), self.settings.layout.clone());
        let max_bytes = self.settings.max_file_bytes;
        let (placed, refused) = on_disk(move || place(&folder, &layout, max_bytes, input)).await?;
        let paths = placed.iter().map(|placed| placed.path.clone()).collect();
        let measured: Vec<Fact> = placed.iter().filter_map(measured).collect();
        let files = placed.into_iter().map(|placed| (placed.path, placed.bytes)).collect();
        let (num_written, kept) = self.write_files(files).await?;
        let persisted = self.persist_with(measured).await;
        Ok(Written { paths, num_written, kept, refused, persisted })
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
}

fn measured(placed: &Placed) -> Option<Fact> {
    let Placed { path, bytes, measures } = placed;
    (*measures != LessonMeasures::default()).then(|| {
        Fact::Lesson(MeasuredLesson {
            path: path.to_string(),
            content_hash: hash(bytes),
            measures: measures.clone(),
        })
    })
}
