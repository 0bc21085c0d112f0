//! The human form of courses and comparisons.

use forebay_views::{
    ContentDifference, ContentRestored, ContentSync, ContentVerification, CourseSummary, Page,
};

use super::{
    listed::{lines, write_problems, write_skipped},
    report_database::write_conflicts,
};
use crate::ui::{
    self, Report, Tone, format,
    table::{Column, Table},
};

impl Report for ContentSync {
    fn write(&self, page: &mut ui::Page) {
        let verb = if self.is_dry_run { "would be written" } else { "written" };
        page.fields([
            ("source", self.source.clone()),
            (
                "files",
                format!("{} {verb}, {} unchanged", self.actions.len(), format::count(self.num_unchanged)),
            ),
        ]);
        if let (Some(run_id), Some(status)) = (self.run_id, &self.status) {
            let why = self.reason_code.as_deref().map(|why| format!(", {why}")).unwrap_or_default();
            page.fields([("run", format!("{run_id}, {status}{why}"))]);
        }
        if self.num_repaired > 0 {
            let (rows, verb) =
                (format::count(self.num_repaired), if self.is_dry_run { "would be" } else { "were" });
            page.line(&format!(
                "rows that {verb} written again because they differ from their files: {rows}"
            ));
        }
        lines(
            page,
            "Changes",
            Tone::Good,
            self.actions.iter().map(|action| {
                let from = action.from.as_deref().map(|from| format!(" (from {from})")).unwrap_or_default();
                let endings = if action.is_line_endings_only { " (line endings only)" } else { "" };
                format!("{:<7} {}{from}{endings}", action.action, action.path)
            }),
        );
        lines(
            page,
            "Changed in the folder",
            Tone::Good,
            self.folder_changes.iter().map(|change| {
                let kept = change.kept_as.as_deref().map(|at| format!(" (was {at})")).unwrap_or_default();
                format!("{:<7} {}{kept}", change.change, change.path)
            }),
        );
        write_conflicts(page, self);
        write_problems(page, &self.problems);
        write_skipped(page, &self.skipped);
    }
}

impl Report for ContentVerification {
    fn write(&self, page: &mut ui::Page) {
        page.fields([
            ("equal", format::count(self.num_equal)),
            ("different", format::count(self.differences.len() as u64)),
        ]);
        lines(page, "Differences", Tone::Warning, self.differences.iter().map(difference));
        write_problems(page, &self.problems);
        write_skipped(page, &self.skipped);
    }
}

/// A difference in one line: `lessons/1.1-intro.md: row of forebay.course_lessons (title)`.
fn difference(one: &ContentDifference) -> String {
    let path = one.path.as_deref().unwrap_or("course");
    let of = one.table.as_deref().map(|table| format!(" of {table}")).unwrap_or_default();
    let columns = match one.columns.as_slice() {
        [] => String::new(),
        columns => format!(" ({})", columns.join(", ")),
    };
    format!("{path}: {}{of}{columns}", one.difference)
}

impl Report for ContentRestored {
    fn write(&self, page: &mut ui::Page) {
        page.fields([
            ("written", format::count(self.written.len() as u64)),
            ("equal", format::count(self.num_equal)),
        ]);
        let changed = "Changed in the folder and kept; --force overwrites them";
        lines(page, changed, Tone::Warning, self.kept.iter().cloned());
        lines(page, "Only a hash is stored", Tone::Warning, self.not_stored.iter().cloned());
        let removed = "Removed, because the restored state does not have them; the database has their bytes";
        lines(page, removed, Tone::Warning, self.removed.iter().cloned());
        let extra = "Not in the restored state and kept; a sync stores them, or delete them yourself";
        lines(page, extra, Tone::Warning, self.extra.iter().cloned());
    }
}

impl Report for Page<CourseSummary> {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::text("course"),
            Column::text("title"),
            Column::text("status"),
            Column::number("lessons"),
            Column::number("passed"),
            Column::number("words"),
        ]);
        for course in &self.items {
            table.row([
                course.slug.clone(),
                course.title.clone(),
                course.status.clone(),
                format::count(course.num_lessons),
                format::count(course.num_passed),
                format::count(course.num_words),
            ]);
        }
        page.table(&table, "no courses yet; `forebay content sync DIR` stores one");
    }
}
