//! The human form of tags, of the difference between two versions, and of search results.

use forebay_views::{ContentDiff, ContentFileChange, ContentSearch, ContentVersion, CourseTag};

use crate::ui::{self, Report, Tone, format};

impl Report for CourseTag {
    fn write(&self, page: &mut ui::Page) {
        let at = format::timestamp(self.tagged_at.get());
        page.line(&format!("{} is the course as it was at {at}", self.tag));
    }
}

impl Report for ContentDiff {
    fn write(&self, page: &mut ui::Page) {
        page.fields([
            ("from", version(&self.from)),
            ("to", version(&self.to)),
            (
                "files",
                format!(
                    "{} changed, {} unchanged",
                    format::count(self.changes.len() as u64),
                    format::count(self.num_unchanged)
                ),
            ),
        ]);
        if !self.changes.is_empty() {
            page.heading("Changes");
        }
        for change in &self.changes {
            page.line(&one_line(change));
        }
        for text in self.changes.iter().filter_map(|change| change.text.as_deref()) {
            page.line("");
            write_unified(page, text);
        }
    }
}

fn version(version: &ContentVersion) -> String {
    let at = format::timestamp(version.at.get());
    match &version.tag {
        Some(tag) => format!("{tag} ({at})"),
        None => at,
    }
}

fn one_line(change: &ContentFileChange) -> String {
    let from = change.from.as_deref().map(|from| format!(" (from {from})")).unwrap_or_default();
    let lines = match (change.num_lines_added, change.num_lines_removed) {
        _ if change.is_line_endings_only => ", line endings only".to_owned(),
        (Some(added), Some(removed)) => format!(", +{added} -{removed}"),
        _ => String::new(),
    };
    format!("{:<7} {}{from}{lines}", change.change, change.path)
}

fn write_unified(page: &mut ui::Page, text: &str) {
    for line in text.lines() {
        let plain = format::plain(line);
        match line.as_bytes().first() {
            Some(b'+') => page.toned(Tone::Good, &plain),
            Some(b'-') => page.toned(Tone::Bad, &plain),
            Some(b'@') => page.toned(Tone::Faint, &plain),
            _ => page.line(&plain),
        }
    }
}

impl Report for ContentSearch {
    fn write(&self, page: &mut ui::Page) {
        for (place, hit) in self.hits.iter().enumerate() {
            if place > 0 {
                page.line("");
            }
            page.toned(Tone::Heading, &format!("{}. {}", place + 1, format::plain(&hit.title)));
            page.toned(Tone::Faint, &format::plain(&format!("   {}/{}", hit.course, hit.place)));
            page.line(&format!("   {}", format::plain(&hit.snippet)));
        }
        if self.hits.is_empty() {
            page.line(&format!("no lesson contains {}", format::plain(&self.query)));
        }
    }
}
