//! The human form of a generated course.

use forebay_views::ContentGenerated;

use super::super::{
    listed::{lines, write_kept, write_problems, write_skipped},
    report_database::{database_counted, write_differences},
};
use crate::ui::{Page, Report, Tone, format};

impl Report for ContentGenerated {
    fn write(&self, page: &mut Page) {
        let lessons = [
            (self.num_generated, "generated"),
            (self.num_kept, "kept"),
            (self.num_failed, "failed"),
            (self.num_stopped, "not begun or stopped"),
        ];
        let lessons: Vec<String> = lessons
            .into_iter()
            .filter(|(num_lessons, _)| *num_lessons > 0)
            .map(|(num_lessons, what)| format!("{} {what}", format::count(num_lessons)))
            .collect();
        page.fields([("lessons", lessons.join(", "))]);
        if let Some(cost) = self.cost {
            page.fields([("cost", format!("{cost:.4}"))]);
        }
        let database = database_counted(&self.persist, &self.database, self.counts.num_differences);
        page.fields([("database", database)]);
        let failed = self.lessons.iter().filter(|lesson| lesson.reason_code.is_some());
        let failed: Vec<String> = failed
            .map(|lesson| {
                format!(
                    "{} {}: {}",
                    lesson
                        .path
                        .clone()
                        .unwrap_or_else(|| format!("{}.{}", lesson.module_number, lesson.lesson_number)),
                    lesson.reason_code.as_deref().unwrap_or_default(),
                    lesson.message.as_deref().unwrap_or_default()
                )
            })
            .collect();
        lines(page, "Failed", Tone::Bad, failed.into_iter());
        let paths =
            self.lessons.iter().map(|one| (one.path.as_deref().unwrap_or_default(), one.kept_as.as_deref()));
        write_kept(page, paths);
        write_problems(page, &self.problems);
        write_differences(page, &self.database, &self.problems);
        write_skipped(page, &self.skipped);
    }
}
