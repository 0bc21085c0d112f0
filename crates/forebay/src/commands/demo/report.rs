//! The output of `forebay demo`: one step after the other for people, one document for programs.

use std::time::Duration;

use forebay_demo::{Cell, Step, Table};
use forebay_views::{Demo, DemoDatabase, DemoStep};
use serde::Serialize;

use crate::ui::{self, Page, Report, Tone, format, table::Column};

/// Commands to try next, with what they do.
const NEXT: [(&str, &str); 3] = [
    ("forebay init", "writes a forebay.toml to name your sources and pipelines in"),
    (
        "forebay persist FILE --source NAME --key FIELD --complete",
        "stores your own scrape; run it twice, the second writes nothing",
    ),
    ("forebay work --drain", "ingests what changed; `forebay search WORD` finds it"),
];

/// A step in its human form, the only one in which it is printed alone.
#[derive(Serialize)]
pub(super) struct StepReport<'a> {
    #[serde(skip)]
    pub(super) step: &'a Step,
}

/// The whole demo.
pub(super) fn document(steps: Vec<Step>, kept: Option<DemoDatabase>, duration: Duration) -> Demo {
    Demo {
        num_checked: steps.iter().map(|step| step.checked.len() as u64).sum(),
        steps: steps.into_iter().map(DemoStep::from).collect(),
        kept,
        duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        next: NEXT.iter().map(|(command, _)| (*command).to_owned()).collect(),
    }
}

impl Report for StepReport<'_> {
    fn write(&self, page: &mut Page) {
        let step = self.step;
        if step.number > 1 {
            page.line("");
        }
        page.toned(Tone::Heading, &format!("{}. {}", step.number, step.title));
        let width = page.style().room();
        for text in &step.text {
            for line in wrapped(&format::plain(text), width) {
                page.line(&line);
            }
        }
        for table in &step.tables {
            page.line("");
            page.table(&shown(table), "");
        }
        if !step.tables.is_empty() {
            page.line("");
        }
        for claim in &step.checked {
            page.toned(Tone::Good, &format!("checked: {claim}"));
        }
        for (place, command) in step.commands.iter().enumerate() {
            let label = if place == 0 { "for your data:" } else { "          and:" };
            page.toned(Tone::Faint, &format!("{label} {command}"));
        }
    }
}

impl Report for Demo {
    fn write(&self, page: &mut Page) {
        let took = format::duration(Duration::from_millis(self.duration_ms));
        page.line("");
        page.toned(
            Tone::Heading,
            &format!("Done in {took}; {} claims were checked and hold", self.num_checked),
        );
        match &self.kept {
            None => {
                page.line("The demo's database was dropped; `forebay demo --keep` keeps it for inspection.");
            }
            Some(place) => write_place(place, page),
        }
        page.heading("Next");
        page.fields(NEXT.iter().map(|(command, what)| (*command, (*what).to_owned())));
    }
}

fn write_place(place: &DemoDatabase, page: &mut Page) {
    page.line(&format!("The demo's database was kept: {}.", place.target));
    if let Some(url) = &place.url {
        page.line(&format!("  psql '{url}'"));
        page.line(&format!("  forebay --database-url '{url}' stats"));
        page.line(
            "It is reachable while a Forebay command runs, for example `forebay work` in another terminal.",
        );
    }
    page.line("The next `forebay demo` drops it.");
}

fn shown(table: &Table) -> ui::Table {
    let column = |column: &forebay_demo::Column| {
        if column.is_count { Column::number(column.title) } else { Column::text(column.title) }
    };
    let mut shown = ui::Table::new(table.columns.iter().map(column));
    for row in &table.rows {
        shown.row(row.iter().map(|cell| match cell {
            Cell::Text(text) => format::plain(text),
            Cell::Count(count) => format::count(*count),
        }));
    }
    shown
}

/// Wraps a text to lines of at most `width`, unless a word is longer.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_between_words() {
        assert_eq!(wrapped("  one two three", 9), ["  one two", "three"]);
        assert_eq!(wrapped("incomprehensibilities", 9), ["incomprehensibilities"]);
        assert_eq!(wrapped("", 9), [""]);
    }
}
