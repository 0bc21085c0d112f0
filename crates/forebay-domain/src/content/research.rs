//! The reports of the market research, with the figures that the database keeps.

#[cfg(test)]
mod tests;

use super::{
    Problem, ProblemCode, ResearchKind,
    fold::{find_phrase, fold},
    front_matter,
    markdown::{Markdown, Row},
};

/// At most this many sections about competitors are looked at.
const MAX_SECTIONS: usize = 20;
/// The words for a competitor in a folded text.
const COMPETITOR: [&str; 7] =
    ["competitor", "competitors", "concorrente", "concorrentes", "competidor", "competidores", "competition"];

impl ResearchKind {
    /// The report that a file name names in English, Portuguese or Spanish: `research/market-analysis.md`.
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let known = [
            (Self::MarketAnalysis, ["market analysis", "analise de mercado", "analisis de mercado"]),
            (Self::ContentGaps, ["content gaps", "lacunas de conteudo", "brechas de contenido"]),
            (Self::Differentiation, ["differentiation", "diferenciacao", "diferenciacion"]),
            (Self::Sources, ["sources", "fontes", "fuentes"]),
        ];
        let stem = fold(stem);
        known.into_iter().find(|(_, names)| names.contains(&stem.as_str())).map(|(kind, _)| kind)
    }
}

/// A report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Its first paragraph, on one line.
    pub summary: Option<String>,
    /// The number of competitors that it lists; None if it has no list of competitors.
    pub num_competitors: Option<u32>,
    /// The number of words, without code.
    pub word_count: u32,
}

impl Report {
    /// Reads a report.
    pub fn read(path: &str, text: &str) -> Self {
        let body = front_matter::split(text, path).map_or(0, |document| document.body.start);
        let markdown = Markdown::scan(text, body);
        let first = markdown.paragraphs.iter().find(|paragraph| paragraph.depth == 0);
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self {
            summary: first.map(|paragraph| one_line(&text[paragraph.range.clone()])),
            num_competitors: competitors(text, &markdown).and_then(|count| u32::try_from(count).ok()),
            word_count: markdown.word_count,
        }
    }
}

/// What is missing in a report, or the report itself; `path` is where it is or belongs.
pub fn check(kind: ResearchKind, path: &str, report: Option<&Report>) -> Option<Problem> {
    let Some(report) = report else {
        let message = format!("the report {:?} is missing", kind.as_str().replace('_', " "));
        return Some(Problem::error(ProblemCode::MissingFile, path, message));
    };
    if report.word_count == 0 {
        return Some(Problem::error(ProblemCode::EmptySection, path, "the report has no text"));
    }
    if kind == ResearchKind::MarketAnalysis && report.num_competitors.is_none() {
        let problem = Problem::warning(ProblemCode::MissingSection, path, "the report lists no competitors");
        return Some(problem.hint("Add a section such as `## Competitors` with a list or a table"));
    }
    None
}

/// The rows of a table about competitors, else the items below a heading about them, else the headings below it.
fn competitors(text: &str, markdown: &Markdown) -> Option<usize> {
    table_of_competitors(text, markdown).or_else(|| {
        let headings = markdown.headings.iter().enumerate();
        let about = headings.filter(|(_, heading)| is_about_competitors(&heading.text)).take(MAX_SECTIONS);
        about.map(|(index, _)| below_heading(markdown, index)).find(|count| *count > 0)
    })
}

/// The number of rows or items directly below a heading, else of headings below it.
fn below_heading(markdown: &Markdown, index: usize) -> usize {
    let lead = &markdown.sections[index].lead;
    let is_row = |row: &&Row| {
        let table = markdown.tables.get(row.table);
        !row.is_header && table.is_some_and(|table| lead.contains(&table.range.start))
    };
    let rows = markdown.rows.iter().filter(is_row).count();
    let items =
        markdown.items.iter().filter(|item| item.block.depth == 0 && lead.contains(&item.block.range.start));
    let headings = markdown.sections.iter().filter(|section| section.parent == Some(index));
    [rows, items.count(), headings.count()].into_iter().find(|count| *count > 0).unwrap_or(0)
}

/// The number of rows of the first table whose first column is named after competitors.
fn table_of_competitors(text: &str, markdown: &Markdown) -> Option<usize> {
    let is_header = |row: &&Row| {
        let first = markdown.cells[row.cells.clone()].first();
        row.is_header && first.is_some_and(|cell| is_about_competitors(&text[cell.clone()]))
    };
    let table = markdown.rows.iter().find(is_header)?.table;
    Some(markdown.rows.iter().filter(|row| row.table == table && !row.is_header).count())
}

fn is_about_competitors(text: &str) -> bool {
    let folded = fold(text);
    COMPETITOR.iter().any(|word| find_phrase(&folded, word).is_some())
}
