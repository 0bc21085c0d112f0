//! What the stages of a course store: scores of lessons, and approvals.

use forebay_store::content::{Approval, MeasuredLesson};

use super::{super::course::CourseSettings, facts::Fact, outcome::Persisted, writer::CoursePersister};

impl CoursePersister {
    /// The course and its settings.
    pub fn settings(&self) -> &CourseSettings {
        &self.settings
    }

    /// Stores the files that the database does not have yet, then measures of lessons.
    pub async fn update_lesson_validations(&mut self, measured: Vec<MeasuredLesson>) -> Persisted {
        self.persist_with(measured.into_iter().map(Fact::Lesson)).await
    }

    /// Stores the files that the database does not have yet, then approvals of its curriculum, each with the approved
    /// text. Those that the database has already are left as they are.
    pub async fn record_approvals(&mut self, approvals: Vec<(Approval, Option<String>)>) -> Persisted {
        self.persist_with(approvals.into_iter().map(|(approval, text)| Fact::Approval(approval, text))).await
    }

    /// Stores the files that the database does not have yet, then how well they match the voice of the persona.
    pub(in crate::content) async fn persist_voice(&mut self, score: f64) -> Persisted {
        self.persist_with([Fact::Voice(score)]).await
    }
}
