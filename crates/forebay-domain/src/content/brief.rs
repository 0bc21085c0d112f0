//! The brief of a course (`COURSE-BRIEF.md`): eight sections with fields, in English, Portuguese or Spanish.
//!
//! A brief that is not filled in is stored nevertheless, so everything found here is a warning.

mod fields;
mod placeholders;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::{
    Problem, ProblemCode,
    fold::{find_phrase, fold},
    front_matter,
    markdown::Markdown,
};

crate::words! {
    /// A section of the brief.
    pub enum BriefSectionKind {
        /// Name, topic, duration.
        BasicInformation = "basic_information",
        /// The ideal customer profile: for whom the course is.
        Icp = "icp",
        /// What is taught, and how.
        ContentAndPedagogy = "content_and_pedagogy",
        /// Whose voice the course speaks with.
        Voice = "voice",
        /// Text, video, length, platform.
        FormatAndDelivery = "format_and_delivery",
        /// Price, offer, goals.
        Commercial = "commercial",
        /// Anything else.
        AdditionalContext = "additional_context",
        /// Sources and examples.
        References = "references",
    }
}

impl BriefSectionKind {
    /// The phrases by which a folded heading is recognised.
    const fn phrases(self) -> &'static [&'static str] {
        match self {
            Self::BasicInformation => &[
                "basic information",
                "basic info",
                "basics",
                "informacoes basicas",
                "informacao basica",
                "dados basicos",
                "informacion basica",
                "datos basicos",
            ],
            Self::Icp => &[
                "icp",
                "ideal customer",
                "ideal client",
                "target audience",
                "cliente ideal",
                "aluno ideal",
                "alumno ideal",
                "publico alvo",
                "publico objetivo",
                "audience",
                "audiencia",
            ],
            Self::ContentAndPedagogy => &[
                "pedagogy",
                "pedagogia",
                "pedagogical",
                "pedagogico",
                "pedagogica",
                "content",
                "conteudo",
                "contenido",
            ],
            Self::Voice => &["voice", "voz", "tone", "tom", "tono"],
            Self::FormatAndDelivery => &["format", "formato", "delivery", "entrega"],
            Self::Commercial => &["commercial", "comercial", "comerciais", "comerciales", "pricing", "sales"],
            Self::AdditionalContext => &["additional", "adicional", "adicionais", "adicionales"],
            Self::References => &["references", "reference", "referencias", "referencia"],
        }
    }

    /// The kind of a section by its heading. If several fit ("Format of the content"), the first word decides.
    fn of_heading(heading: &str) -> Option<Self> {
        let folded = fold(heading);
        let place =
            |kind: &Self| kind.phrases().iter().filter_map(|phrase| find_phrase(&folded, phrase)).min();
        let places = Self::ALL.into_iter().filter_map(|kind| Some((place(&kind)?, kind)));
        places.min_by_key(|(place, _)| *place).map(|(_, kind)| kind)
    }
}

/// A brief.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brief {
    /// The first top-level heading that is not a section.
    pub title: Option<String>,
    /// The recognised sections, in the order of the text; the first of each kind.
    pub sections: Vec<BriefSection>,
    /// List items, lines and table rows with a label and a value.
    pub fields: Vec<BriefField>,
}

/// A section of a brief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BriefSection {
    /// What it is about.
    pub kind: BriefSectionKind,
    /// Its heading.
    pub heading: String,
    /// The 1-based line of the heading.
    pub line: u32,
    /// The Markdown below the heading.
    pub text: String,
}

/// A label with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BriefField {
    /// The section that contains it, if it was recognised.
    pub section: Option<BriefSectionKind>,
    /// The label, without markup and colon.
    pub label: String,
    /// The value; empty if it was not filled in.
    pub value: String,
    /// Its 1-based line.
    pub line: u32,
}

impl Brief {
    /// Reads a brief. Problems: missing and empty sections, and places that are not filled in.
    pub fn read(path: &str, text: &str) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let body = match front_matter::split(text, path) {
            Ok(document) => document.body.start,
            Err(problem) => {
                problems.push(problem);
                0
            }
        };
        let markdown = Markdown::scan(text, body);
        let found = recognised(&markdown);
        let is_section = |index: usize| found.iter().any(|(_, section)| *section == index);
        let titles = markdown.headings.iter().enumerate();
        let title = titles.filter(|(index, one)| one.level == 1 && !is_section(*index)).map(|(_, one)| one);
        let sections = found.iter().map(|(kind, index)| {
            let heading = &markdown.headings[*index];
            let body = markdown.sections[*index].body.clone();
            let text = text[body].trim().to_owned();
            BriefSection { kind: *kind, heading: heading.text.clone(), line: heading.line, text }
        });
        let places: Vec<(BriefSectionKind, Range<usize>)> =
            found.iter().map(|(kind, index)| (*kind, markdown.sections[*index].body.clone())).collect();
        let brief = Self {
            title: title.map(|heading| heading.text.clone()).next(),
            sections: sections.collect(),
            fields: fields::find(text, &markdown, &places),
        };
        problems.extend(missing(path, &brief));
        for (section, (_, place)) in brief.sections.iter().zip(&places) {
            if !has_content(text, &markdown, place) {
                let message = format!("the section {:?} is empty", section.heading);
                problems.push(Problem::warning(ProblemCode::EmptySection, path, message).at(section.line));
            }
        }
        problems.extend(brief.fields.iter().filter(|field| field.value.is_empty()).map(|field| {
            let message = format!("{:?} has no value", field.label);
            Problem::warning(ProblemCode::Placeholder, path, message).at(field.line)
        }));
        problems.extend(placeholders::find(path, text, &markdown, body));
        (brief, problems)
    }
}

/// The kinds and the indexes of the headings that begin them. Sections have one level: the one with the most kinds.
fn recognised(markdown: &Markdown) -> Vec<(BriefSectionKind, usize)> {
    let mut of_level: [Vec<(BriefSectionKind, usize)>; 6] = Default::default();
    for (index, heading) in markdown.headings.iter().enumerate() {
        if let Some(kind) = BriefSectionKind::of_heading(&heading.text) {
            let found = &mut of_level[usize::from(heading.level) - 1];
            if found.iter().all(|(known, _)| *known != kind) {
                found.push((kind, index));
            }
        }
    }
    // `max_by_key` takes the last of equals, and a higher level is better.
    of_level.into_iter().rev().max_by_key(Vec::len).unwrap_or_default()
}

fn missing<'a>(path: &'a str, brief: &'a Brief) -> impl Iterator<Item = Problem> + 'a {
    let is_missing = |kind: &BriefSectionKind| brief.sections.iter().all(|section| section.kind != *kind);
    BriefSectionKind::ALL.into_iter().filter(is_missing).map(move |kind| {
        let name = kind.as_str().replace('_', " ");
        Problem::warning(ProblemCode::MissingSection, path, format!("the section {name:?} is missing"))
    })
}

/// Whether a section has text besides headings and comments.
fn has_content(text: &str, markdown: &Markdown, place: &Range<usize>) -> bool {
    let headings = markdown.headings.iter().map(|heading| &heading.range);
    let comments =
        markdown.html.iter().map(|html| &html.range).filter(|html| text[(*html).clone()].starts_with("<!--"));
    let mut ignored: Vec<&Range<usize>> = headings
        .chain(comments)
        .filter(|range| place.start <= range.start && range.start < place.end)
        .collect();
    ignored.sort_by_key(|range| range.start);
    let mut at = place.start;
    for range in ignored {
        if range.start > at && text[at..range.start].contains(char::is_alphanumeric) {
            return true;
        }
        at = at.max(range.end);
    }
    at < place.end && text[at..place.end].contains(char::is_alphanumeric)
}
