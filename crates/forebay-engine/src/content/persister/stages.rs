//! What the stages of a course store: scores of lessons, and approvals.

use forebay_store::content::{self, Approval, MeasuredLesson};

use super::{
    super::{
        course::{CourseSettings, find_course},
        error::ContentError,
    },
    outcome::Persisted,
    writer::CoursePersister,
};

impl CoursePersister {
    /// The course and its settings.
    pub fn settings(&self) -> &CourseSettings {
        &self.settings
    }

    /// Writes to the database what the folder has, then what was measured about lessons, in one statement.
    pub async fn update_lesson_validations(&mut self, measured: Vec<MeasuredLesson>) -> Persisted {
        let persisted = self.persist_folder().await;
        self.persist_measures(persisted, measured).await
    }

    /// Writes to the database what the folder has, then approvals of its curriculum. Those that the database has already
    /// are left as they are.
    pub async fn record_approvals(&mut self, approvals: Vec<Approval>) -> Persisted {
        let persisted = self.persist_folder().await;
        if !matches!(persisted, Persisted::Done(_)) {
            return persisted;
        }
        let recorded = self.recorded(async |database, settings| {
            let (_, stored) = find_course(database, settings).await?;
            let client = database.client().await?;
            for approval in &approvals {
                if !content::approve(&**client, &stored.course, approval).await? {
                    return Err(ContentError::CurriculumNotStored.into());
                }
            }
            Ok(())
        });
        match recorded.await {
            Persisted::Done(_) => persisted,
            failed => failed,
        }
    }
}
