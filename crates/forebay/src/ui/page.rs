//! The human form of a result, built as text before anything is printed.

use std::{collections::BTreeMap, fmt::Write as _};

use forebay_views::Error;
use serde_json::Value;

use super::{Style, Table, Tone, format};

/// Text that grows line by line. Writing to it cannot fail.
#[derive(Debug)]
pub(crate) struct Page {
    style: Style,
    text: String,
}

impl Page {
    pub(crate) fn new(style: Style) -> Self {
        Self { style, text: String::new() }
    }

    /// A heading, with an empty line before it unless it comes first.
    pub(crate) fn heading(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let heading = self.style.paint(Tone::Heading, text);
        self.line(&heading);
    }

    /// One line, unchanged.
    pub(crate) fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// One line in the colour of `tone`. Its words must give the same information without colour.
    pub(crate) fn toned(&mut self, tone: Tone, text: &str) {
        let painted = self.style.paint(tone, text);
        self.line(&painted);
    }

    /// Name and value pairs under each other, values aligned.
    pub(crate) fn fields<'a>(&mut self, fields: impl IntoIterator<Item = (&'a str, String)>) {
        let fields: Vec<_> = fields.into_iter().collect();
        let widest = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in fields {
            let label = format!("{name:widest$}");
            let label = self.style.paint(Tone::Faint, &label);
            // A line break in a value must not look like the next field.
            let value = value.replace('\n', &format!("\n{:1$}", "", widest + 2));
            // Writing to a String never fails.
            let _ = writeln!(self.text, "{label}  {value}");
        }
    }

    /// An error with its hint, indented.
    pub(crate) fn error(&mut self, error: &Error) {
        self.toned(Tone::Bad, &format!("  error[{}]: {}", error.code, format::plain(&error.message)));
        if let Some(hint) = &error.hint {
            self.line(&format!("  hint: {hint}"));
        }
    }

    /// The members of a JSON object as name and value pairs, or the sentence `none` if it has none.
    pub(crate) fn json_fields(&mut self, object: &str, none: &str) {
        match serde_json::from_str::<BTreeMap<String, Value>>(object) {
            Ok(object) if !object.is_empty() => {
                self.fields(object.iter().map(|(name, value)| (name.as_str(), value.to_string())));
            }
            _ => self.line(none),
        }
    }

    /// A table that fits the width of the output, or the sentence `none` if it is empty.
    pub(crate) fn table(&mut self, table: &Table, none: &str) {
        if table.is_empty() {
            self.line(none);
        } else {
            let (rendered, left_out) = table.render(self.style);
            self.line(&rendered);
            if !left_out.is_empty() {
                let titles = left_out.join(", ");
                self.toned(Tone::Faint, &format!("no room for: {titles} (--output json has everything)"));
            }
        }
    }

    /// The text so far.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The style of the page's output.
    pub(crate) fn style(&self) -> Style {
        self.style
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::table::Column;

    #[test]
    fn a_page_reads_without_colour() {
        let mut page = Page::new(Style::plain(60));
        page.line("courses, 40 records");
        page.heading("Runs");
        page.fields([("source", "courses".to_owned()), ("num_seen", "40".to_owned())]);
        page.toned(Tone::Warning, "held: too many removals");
        page.table(&Table::new([Column::text("name")]), "no hand-offs");
        insta::assert_snapshot!(page.as_str(), @r"
        courses, 40 records

        Runs
        source    courses
        num_seen  40
        held: too many removals
        no hand-offs
        ");
    }
}
