//! Tables that fit the output: light lines, numbers right-aligned, long cells wrapped.

use comfy_table::{Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, TableStyle};

use super::{Style, Tone};

/// Only the line under the header is drawn, which makes the table easier to read and copy.
const LINES: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().left('─').fill('─').junction('─').right('─'));

/// One column.
#[derive(Debug)]
pub(crate) struct Column {
    title: &'static str,
    right: bool,
    is_whole: bool,
}

impl Column {
    /// Words, left-aligned.
    pub(crate) fn text(title: &'static str) -> Self {
        Self { title, right: false, is_whole: false }
    }

    /// Stable words, which users copy and search for: never wrapped, even on a narrow terminal.
    pub(crate) fn code(title: &'static str) -> Self {
        Self { title, right: false, is_whole: true }
    }

    /// Numbers, right-aligned.
    pub(crate) fn number(title: &'static str) -> Self {
        Self { title, right: true, is_whole: true }
    }
}

/// Rows under titled columns. A row that is too short gets empty cells; a row that is too long is cut.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<(Option<Tone>, Vec<String>)>,
}

impl Table {
    pub(crate) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push((None, self.fitted(cells)));
    }

    /// Adds a row whose first cell has the colour of `tone`; a word in the row must give the same information.
    pub(crate) fn toned_row<T: Into<String>>(&mut self, tone: Tone, cells: impl IntoIterator<Item = T>) {
        self.rows.push((Some(tone), self.fitted(cells)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn fitted<T: Into<String>>(&self, cells: impl IntoIterator<Item = T>) -> Vec<String> {
        let mut cells: Vec<String> = cells.into_iter().map(Into::into).collect();
        cells.resize(self.columns.len(), String::new());
        cells
    }

    /// The table as text without a last line break.
    pub(crate) fn render(&self, style: Style) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(LINES);
        match style.width() {
            Some(width) => {
                table.set_content_arrangement(ContentArrangement::Dynamic);
                table.set_width(width);
            }
            None => {
                table.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        if style.has_colour() {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table.set_header(self.columns.iter().map(|column| Cell::new(column.title)));
        for (tone, cells) in &self.rows {
            let colour = tone.filter(|_| style.has_colour()).and_then(colour);
            table.add_row(cells.iter().enumerate().map(|(index, cell)| match colour {
                Some(colour) if index == 0 => Cell::new(cell).fg(colour),
                _ => Cell::new(cell),
            }));
        }
        for (index, column) in self.columns.iter().enumerate() {
            if let Some(drawn) = table.column_mut(index) {
                // The gap between columns is on the right, so that the first column starts at the margin.
                drawn.set_padding((0, 2));
                if column.is_whole {
                    drawn.set_constraint(ColumnConstraint::ContentWidth);
                }
                if column.right {
                    drawn.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        table.trim_fmt()
    }
}

fn colour(tone: Tone) -> Option<Color> {
    match tone {
        Tone::Good => Some(Color::DarkGreen),
        Tone::Warning => Some(Color::DarkYellow),
        Tone::Bad => Some(Color::DarkRed),
        Tone::Faint => Some(Color::DarkGrey),
        Tone::Heading => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs() -> Table {
        let mut table =
            Table::new([Column::text("source"), Column::text("reason"), Column::number("num_seen")]);
        table.row(["courses", "", "12,345"]);
        table.toned_row(Tone::Warning, ["events", "held: half of the references would be removed", "7"]);
        table
    }

    #[test]
    fn numbers_are_aligned_to_the_right() {
        insta::assert_snapshot!(runs().render(Style::plain(100)), @r"
         source    reason                                          num_seen
        ──────────────────────────────────────────────────────────────────────
         courses                                                     12,345
         events    held: half of the references would be removed          7
        ");
    }

    #[test]
    fn a_narrow_table_wraps() {
        let text = runs().render(Style::plain(48));
        assert!(text.lines().all(|line| line.chars().count() <= 48), "{text}");
        assert!(text.lines().count() > 4, "{text}");
    }

    #[test]
    fn codes_are_never_broken() {
        let mut table = Table::new([Column::number("run"), Column::code("reason"), Column::text("why")]);
        table.row(["12", "observed_out_of_order", "the scope was already observed at a later time"]);
        let text = table.render(Style::plain(40));
        assert!(text.contains("observed_out_of_order") && text.lines().count() > 3, "{text}");
    }

    #[test]
    fn only_a_terminal_has_a_width() {
        let mut table = Table::new([Column::text("why")]);
        table.row(["word ".repeat(200)]);
        assert_eq!(table.render(Style::of(false)).lines().count(), 3);
    }

    #[test]
    fn rows_always_have_as_many_cells_as_columns() {
        let mut table = Table::new([Column::text("a"), Column::text("b")]);
        table.row(["1"]);
        table.row(["1", "2", "3"]);
        assert!(!table.render(Style::plain(80)).contains('3'));
    }

    #[test]
    fn colour_appears_only_where_allowed() {
        assert!(!runs().render(Style::plain(100)).contains('\u{1b}'));
        assert!(runs().render(Style::coloured(100)).contains('\u{1b}'));
    }
}
