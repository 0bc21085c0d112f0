//! The human form of a stored course and of a lesson.

use forebay_views::{Course, CourseLesson, CourseStatus};

use super::listed::lines;
use crate::ui::{
    self, Report, Tone, format,
    table::{Column, Table},
};

impl Report for Course {
    fn write(&self, page: &mut ui::Page) {
        let mut fields = vec![
            ("course", format!("{}, {}", self.slug, self.status)),
            ("title", format::plain(&self.title)),
            ("persona", or_none(format::plain(self.persona_mind_id.as_deref().unwrap_or_default()))),
            ("keywords", or_none(self.keywords.join(", "))),
            ("voice fidelity", score(self.voice_fidelity_score)),
        ];
        if let Some(metadata) = &self.metadata {
            let (modules, lessons) = (metadata.total_modules, metadata.total_lessons);
            let planned = format!("{} modules, {} lessons", format::count(modules), format::count(lessons));
            fields.push(("curriculum", planned));
        }
        page.fields(fields);
        let mut table = Table::new([
            Column::text("lesson"),
            Column::text("title"),
            Column::number("words"),
            Column::number("gps"),
            Column::number("didactics"),
            Column::code("status"),
        ]);
        for lesson in &self.lessons {
            table.row([
                format!("{}.{}", lesson.module, lesson.lesson),
                format::plain(&lesson.title),
                format::count(lesson.word_count),
                score(lesson.gps_score),
                score(lesson.didatica_score),
                lesson.validation_status.clone(),
            ]);
        }
        page.heading("Lessons");
        page.table(&table, "no lessons are stored");
        let at = |time: &forebay_views::Time| format::timestamp(time.get());
        let approvals =
            self.approvals.iter().map(|one| format!("{}  {}", at(&one.approved_at), one.approved_by));
        lines(page, "Approvals of the curriculum", Tone::Good, approvals);
        if let Some(research) = &self.research {
            page.heading("Research");
            page.fields([
                ("competitors", research.num_competitors.map_or_else(format::none, format::count)),
                ("summary", or_none(format::plain(research.summary.as_deref().unwrap_or_default()))),
            ]);
        }
        let performance = self.performance.iter();
        let performance =
            performance.map(|one| format!("{}  {} {}", at(&one.recorded_at), one.metric, one.value));
        lines(page, "Performance", Tone::Good, performance);
        lines(
            page,
            "Tags",
            Tone::Good,
            self.tags.iter().map(|one| format!("{}  {}", at(&one.tagged_at), one.tag)),
        );
    }
}

impl Report for CourseStatus {
    fn write(&self, page: &mut ui::Page) {
        let already = if self.is_changed { "" } else { " already" };
        page.line(&format!("{} is {}{already}", self.slug, self.status));
    }
}

impl Report for CourseLesson {
    fn write(&self, page: &mut ui::Page) {
        page.fields([
            ("lesson", format!("{}.{}, {}", self.module, self.lesson, self.lesson_id)),
            ("title", format::plain(&self.title)),
            ("file", self.path.clone()),
            ("words", format::count(self.word_count)),
            ("level", self.bloom_level.clone().unwrap_or_else(format::none)),
            ("validation", self.validation_status.clone()),
            ("gps", score(self.gps_score)),
            ("didactics", score(self.didatica_score)),
        ]);
        page.line("");
        for line in self.content.as_deref().into_iter().flat_map(str::lines) {
            page.line(&format::plain(line));
        }
    }
}

fn score(score: Option<f64>) -> String {
    score.map_or_else(format::none, |score| format!("{score:.2}"))
}

fn or_none(text: String) -> String {
    if text.is_empty() { format::none() } else { text }
}
