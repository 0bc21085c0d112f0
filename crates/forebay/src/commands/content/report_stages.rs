//! The human form of what stages find.

use forebay_views::{
    ContentApproval, ContentBrief, ContentCurriculum, ContentLessonValidation, ContentLessons,
    ContentResearch, ContentValidation, ContentVoice, ContentWritten,
};

use super::{
    listed::{lines, write_kept, write_problems},
    report_database::{database, write_differences},
};
use crate::ui::{
    self, Report, Tone, format,
    table::{Column, Table},
};

impl Report for ContentBrief {
    fn write(&self, page: &mut ui::Page) {
        let is_complete = if self.is_complete { "complete" } else { "not complete" };
        page.fields([
            ("brief", format!("{}, {is_complete}", self.path)),
            ("sections", format!("{} of 8", self.sections.len())),
            ("database", database(&self.database)),
        ]);
        write_problems(page, &self.problems);
        write_differences(page, &self.database, &self.problems);
    }
}

impl Report for ContentResearch {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::code("report"),
            Column::text("file"),
            Column::number("words"),
            Column::number("competitors"),
        ]);
        for report in &self.reports {
            let number =
                |number: Option<u32>| number.map_or_else(format::none, |one| format::count(one.into()));
            table.row([
                report.report.clone(),
                report.path.clone().unwrap_or_else(|| "missing".to_owned()),
                number(report.num_words),
                number(report.num_competitors),
            ]);
        }
        page.table(&table, "no reports");
        page.line("");
        page.fields([("database", database(&self.database))]);
        write_problems(page, &self.problems);
        write_differences(page, &self.database, &self.problems);
    }
}

impl Report for ContentCurriculum {
    fn write(&self, page: &mut ui::Page) {
        page.fields(curriculum_fields(self));
        write_problems(page, &self.problems);
    }
}

impl Report for ContentApproval {
    fn write(&self, page: &mut ui::Page) {
        let mut fields = curriculum_fields(&self.curriculum);
        fields.retain(|(name, _)| *name != "approved");
        let approved = match &self.approval {
            None => "refused: correct the errors first".to_owned(),
            Some(approval) => {
                let again = if self.is_repeated { ", as before" } else { "" };
                format!(
                    "by {} at {}{again}",
                    approval.approved_by,
                    format::timestamp(approval.approved_at.get())
                )
            }
        };
        fields.extend([("approved", approved), ("database", database(&self.database))]);
        page.fields(fields);
        write_problems(page, &self.curriculum.problems);
        write_differences(page, &self.database, &self.curriculum.problems);
    }
}

fn curriculum_fields(curriculum: &ContentCurriculum) -> Vec<(&'static str, String)> {
    let approved = match &curriculum.last_approval {
        None => "never".to_owned(),
        Some(approval) => {
            let changed = if curriculum.is_approved { "" } else { "; it changed since" };
            format!(
                "by {} at {}{changed}",
                approval.approved_by,
                format::timestamp(approval.approved_at.get())
            )
        }
    };
    vec![
        ("curriculum", curriculum.path.clone()),
        ("title", curriculum.title.clone().unwrap_or_else(format::none)),
        ("modules", format::count(curriculum.num_modules)),
        ("lessons", format::count(curriculum.num_lessons)),
        ("approved", approved),
    ]
}

impl Report for ContentValidation {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::text("lesson"),
            Column::number("gps"),
            Column::number("didactics"),
            Column::code("status"),
        ]);
        for lesson in &self.lessons {
            let tone = match lesson.validation_status.as_str() {
                "passed" => Tone::Good,
                "failed" => Tone::Bad,
                _ => Tone::Warning,
            };
            table.toned_row(
                tone,
                [
                    lesson.path.clone(),
                    format!("{:.2}", lesson.gps_score),
                    format!("{:.2}", lesson.didatica_score),
                    lesson.validation_status.clone(),
                ],
            );
        }
        page.table(&table, "the folder has no lessons");
        page.line("");
        page.fields([
            (
                "lessons",
                format!(
                    "{} passed, {} with warnings, {} failed",
                    format::count(self.num_passed),
                    format::count(self.num_warning),
                    format::count(self.num_failed)
                ),
            ),
            ("database", database(&self.database)),
        ]);
        if let [lesson] = self.lessons.as_slice() {
            write_evidence(page, lesson);
        }
        let issues = self.lessons.iter().flat_map(|lesson| &lesson.issues).chain(&self.problems);
        let issues: Vec<_> = issues.cloned().collect();
        write_problems(page, &issues);
        write_differences(page, &self.database, &issues);
    }
}

/// The evidence for each criterion, which is too much for many lessons.
fn write_evidence(page: &mut ui::Page, lesson: &ContentLessonValidation) {
    page.heading("Criteria");
    for criterion in &lesson.criteria {
        let name = criterion.criterion.replace('_', " ");
        match (&criterion.evidence, &criterion.place) {
            (Some(evidence), Some(place)) => {
                page.toned(Tone::Good, &format!("{name:<20} {place}: {}", format::plain(evidence)));
            }
            _ => page.toned(Tone::Warning, &format!("{name:<20} not found")),
        }
    }
}

impl Report for ContentVoice {
    fn write(&self, page: &mut ui::Page) {
        page.fields([
            ("voice fidelity", format!("{:.2}", self.voice_fidelity_score)),
            ("database", database(&self.database)),
        ]);
        write_differences(page, &self.database, &[]);
    }
}

impl Report for ContentWritten {
    fn write(&self, page: &mut ui::Page) {
        for path in &self.paths {
            page.line(path);
        }
        page.fields([("written", format::count(self.num_written)), ("database", database(&self.database))]);
        write_kept(page, self.kept.iter().map(|one| (one.path.as_str(), one.kept_as.as_deref())));
        write_differences(page, &self.database, &[]);
    }
}

impl Report for ContentLessons {
    fn write(&self, page: &mut ui::Page) {
        page.fields([
            ("lessons", format::count(self.num_lessons)),
            ("written", format::count(self.num_written)),
            ("database", self.database.as_ref().map_or_else(format::none, database)),
        ]);
        write_kept(page, self.kept.iter().map(|one| (one.path.as_str(), one.kept_as.as_deref())));
        lines(
            page,
            "Refused",
            Tone::Bad,
            self.refused.iter().map(|refused| {
                let hint = refused.error.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
                format!("{}: {}{hint}", refused.place, refused.error.message)
            }),
        );
        write_problems(page, &self.problems);
        self.database.iter().for_each(|database| write_differences(page, database, &self.problems));
    }
}
