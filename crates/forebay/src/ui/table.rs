//! Tables that fit the output: light lines, numbers right-aligned. In a narrow terminal, long texts are cut with `…`,
//! and columns are left out by importance; no column is squeezed until it can't be read.

use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, LineStyle, TableStyle};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Style, Tone};

/// Only the line under the header is drawn, which makes the table easier to read and copy.
const LINES: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().left('─').fill('─').junction('─').right('─'));

/// The least width of a text that is cut; narrower ones are shown in full.
const LEAST_TEXT: usize = 12;

/// One column.
#[derive(Debug)]
pub(crate) struct Column {
    title: &'static str,
    right: bool,
    is_whole: bool,
    is_minor: bool,
}

impl Column {
    /// Words, left-aligned; cut in a narrow terminal.
    pub(crate) fn text(title: &'static str) -> Self {
        Self { title, right: false, is_whole: false, is_minor: false }
    }

    /// Stable words, which users copy and search for: never cut.
    pub(crate) fn code(title: &'static str) -> Self {
        Self { title, right: false, is_whole: true, is_minor: false }
    }

    /// Numbers, right-aligned.
    pub(crate) fn number(title: &'static str) -> Self {
        Self { title, right: true, is_whole: true, is_minor: false }
    }

    /// The same, left out before others where there is no room.
    pub(crate) fn minor(self) -> Self {
        Self { is_minor: true, ..self }
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

    /// The width of each column, `None` for those that are left out, so that the table has at most `width` columns.
    fn layout(&self, width: usize) -> Vec<Option<usize>> {
        let natural: Vec<usize> = (0..self.columns.len()).map(|index| self.natural(index)).collect();
        let least = |index: usize| {
            let title = self.columns[index].title.width();
            if self.columns[index].is_whole {
                natural[index]
            } else {
                natural[index].min(LEAST_TEXT.max(title))
            }
        };
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        // Between two columns are a line's width and two spaces of padding; one more line is at the left margin.
        let room = |shown: &[usize]| width.saturating_sub(3 * shown.len() + 1);
        let needs = |shown: &[usize]| shown.iter().map(|index| least(*index)).sum::<usize>();
        while shown.len() > 1 && needs(&shown) > room(&shown) {
            // The first column names the row. Of equally important ones, the last is left out.
            let minor = shown.iter().rposition(|index| self.columns[*index].is_minor);
            shown.remove(minor.filter(|position| *position > 0).unwrap_or(shown.len() - 1));
        }
        let mut widths = vec![None; self.columns.len()];
        let mut left = room(&shown).saturating_sub(needs(&shown));
        // The texts that need least get it first, so that only long ones are cut.
        shown.sort_by_key(|index| natural[*index] - least(*index));
        let number = shown.len();
        for (position, index) in shown.into_iter().enumerate() {
            let more = (natural[index] - least(index)).min(left / (number - position));
            left -= more;
            widths[index] = Some((least(index) + more).min(width.saturating_sub(4)));
        }
        widths
    }

    /// The width of a column if nothing is cut.
    fn natural(&self, index: usize) -> usize {
        let cells = self.rows.iter().map(|(_, cells)| cells[index].width());
        cells.chain([self.columns[index].title.width()]).max().unwrap_or(0)
    }

    /// The table as text without a last line break, and the titles of the columns that have no room.
    pub(crate) fn render(&self, style: Style) -> (String, Vec<&'static str>) {
        let mut table = comfy_table::Table::new();
        table.load_style(LINES);
        table.set_content_arrangement(ContentArrangement::Disabled);
        let widths = match style.width() {
            Some(width) => self.layout(width.into()),
            None => vec![Some(usize::MAX); self.columns.len()],
        };
        if style.has_colour() {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let shown: Vec<(usize, usize)> =
            widths.iter().enumerate().filter_map(|(index, width)| Some((index, (*width)?))).collect();
        table.set_header(
            shown.iter().map(|(index, width)| Cell::new(cut(self.columns[*index].title, *width))),
        );
        for (tone, cells) in &self.rows {
            let colour = tone.filter(|_| style.has_colour()).and_then(colour);
            table.add_row(shown.iter().map(|(index, width)| {
                let cell = Cell::new(cut(&cells[*index], *width));
                match colour {
                    Some(colour) if *index == 0 => cell.fg(colour),
                    _ => cell,
                }
            }));
        }
        for (position, (index, _)) in shown.iter().enumerate() {
            if let Some(drawn) = table.column_mut(position) {
                // The gap between columns is on the right, so that the first column starts at the margin.
                drawn.set_padding((0, 2));
                if self.columns[*index].right {
                    drawn.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        let left_out = widths.iter().zip(&self.columns).filter(|(width, _)| width.is_none());
        (table.trim_fmt(), left_out.map(|(_, column)| column.title).collect())
    }
}

/// A text at most `width` columns wide, with `…` where it was cut. Many characters are two columns wide, such as those
/// of Chinese.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut room = width.saturating_sub(1);
    let fits = |character: &char| {
        let left = room.checked_sub(character.width().unwrap_or(1));
        room = left.unwrap_or(room);
        left.is_some()
    };
    text.chars().take_while(fits).chain(['…']).collect()
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
    use super::{super::clean::clean, *};

    fn runs() -> Table {
        let mut table =
            Table::new([Column::text("source"), Column::text("reason"), Column::number("num_seen")]);
        table.row(["courses", "", "12,345"]);
        table.toned_row(Tone::Warning, ["events", "held: half of the references would be removed", "7"]);
        table
    }

    #[test]
    fn numbers_are_aligned_to_the_right() {
        insta::assert_snapshot!(runs().render(Style::plain(100)).0, @r"
         source    reason                                          num_seen
        ──────────────────────────────────────────────────────────────────────
         courses                                                     12,345
         events    held: half of the references would be removed          7
        ");
    }

    #[test]
    fn long_texts_are_cut_in_a_narrow_table() {
        insta::assert_snapshot!(runs().render(Style::plain(48)).0, @r"
         source    reason                    num_seen
        ────────────────────────────────────────────────
         courses                               12,345
         events    held: half of the refe…          7
        ");
    }

    #[test]
    fn codes_are_never_cut() {
        let mut table = Table::new([Column::number("run"), Column::code("reason"), Column::text("why")]);
        table.row(["12", "observed_out_of_order", "the scope was already observed at a later time"]);
        let (text, left_out) = table.render(Style::plain(48));
        assert!(text.contains("observed_out_of_order") && text.contains('…'), "{text}");
        assert!(left_out.is_empty() && text.lines().count() == 3, "{text}");
    }

    #[test]
    fn columns_are_left_out_by_importance() {
        let mut table = Table::new([
            Column::text("source"),
            Column::code("id").minor(),
            Column::number("seen"),
            Column::text("scope").minor(),
            Column::code("reason"),
        ]);
        let id = "1f0c2a7e-5b1d-8c33-9a55-0d3a5a1f7c20";
        table.row(["courses", id, "12,345", "semester=Spring 2026, university=CSI", "mass_removal"]);
        for (width, expected) in [
            (140, &[][..]),
            (80, &["scope"][..]),
            (60, &["id", "scope"][..]),
            (30, &["id", "scope", "reason"][..]),
        ] {
            let (text, left_out) = table.render(Style::plain(width));
            assert_eq!(left_out, expected, "{width}\n{text}");
            assert!(text.lines().all(|line| line.chars().count() <= width.into()), "{text}");
            assert_eq!(text.lines().count(), 3, "nothing is wrapped:\n{text}");
        }
    }

    #[test]
    fn no_column_is_squeezed() {
        let titles = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let mut table = Table::new(titles.map(Column::text));
        table.row(titles.map(|title| title.repeat(60)));
        for width in [40, 80, 120] {
            let (text, left_out) = table.render(Style::plain(width));
            assert!(text.lines().all(|line| line.chars().count() <= width.into()), "{text}");
            let row = text.lines().nth(2).unwrap();
            assert!(row.split_whitespace().all(|cell| cell.chars().count() >= LEAST_TEXT), "{text}");
            assert!(!left_out.is_empty());
        }
    }

    #[test]
    fn only_a_terminal_has_a_width() {
        let mut table = Table::new([Column::text("why")]);
        table.row(["word ".repeat(200)]);
        assert_eq!(table.render(Style::of(false)).0.lines().count(), 3);
    }

    #[test]
    fn rows_always_have_as_many_cells_as_columns() {
        let mut table = Table::new([Column::text("a"), Column::text("b")]);
        table.row(["1"]);
        table.row(["1", "2", "3"]);
        assert!(!table.render(Style::plain(80)).0.contains('3'));
    }

    #[test]
    fn colour_appears_only_where_allowed() {
        assert!(!runs().render(Style::plain(100)).0.contains('\u{1b}'));
        assert!(runs().render(Style::coloured(100)).0.contains('\u{1b}'));
    }

    #[test]
    fn every_colour_of_a_table_reaches_the_terminal() {
        for tone in [Tone::Good, Tone::Warning, Tone::Bad, Tone::Faint, Tone::Heading] {
            let mut table = Table::new([Column::text("source")]);
            table.toned_row(tone, ["courses"]);
            let text = table.render(Style::coloured(100)).0;
            assert_eq!(text.contains('\u{1b}'), tone != Tone::Heading, "{tone:?}");
            assert_eq!(clean(&text), text, "{tone:?}");
        }
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let mut table = Table::new([Column::text("title"), Column::number("seen")]);
        table.row(["数据结构与算法数据结构与算法数据结构与算法", "7"]);
        table.row(["Data structures", "12"]);
        let (text, left_out) = table.render(Style::plain(40));
        assert!(left_out.is_empty(), "{text}");
        assert!(text.lines().all(|line| line.width() <= 40), "{text}");
        insta::assert_snapshot!(text, @"
         title                           seen
        ────────────────────────────────────────
         数据结构与算法数据结构与算法…      7
         Data structures                   12
        ");
    }
}
