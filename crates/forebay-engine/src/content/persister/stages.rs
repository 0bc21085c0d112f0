//! What the stages of a course store: scores of lessons, and approvals.

use forebay_store::content::{Approval, MeasuredLesson};

use super::{super::course::CourseSettings, facts::Fact, outcome::Persisted, writer::CoursePersister};

impl CoursePersister {
    /// The course and its settings.
    pub fn settings(&self) -> &CourseSettings {
        &self.settings
    }

    /// Stores the files that the database does not have yet, then measures of lessons in one statement.
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
        persisted.and(self.recorded(Fact::Approvals(&approvals)).await)
    }
}
