//! A lesson: what its front matter and its Markdown say.
//!
//! A lesson is stored whatever is wrong with its front matter, so everything found here is a warning, except text that
//! is no front matter or no YAML at all.

mod facts;
mod fields;
#[cfg(test)]
mod tests;

use super::{
    Problem, ProblemCode, Severity,
    bloom::BloomLevel,
    front_matter,
    markdown::Markdown,
    yaml::{self, Field, Node, Reader},
};

pub use facts::LessonFacts;
pub use fields::LessonFields;

/// The longest id of a lesson. Keys of records have at most 1,024 bytes.
pub const MAX_ID_CHARS: usize = 250;
/// The longest key concept. An index row of Postgres holds about 2,700 bytes.
pub const MAX_CONCEPT_CHARS: usize = 500;

/// What a lesson says about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lesson {
    /// Its stable id, from the front matter (`lesson_id` or `id`).
    pub lesson_id: Option<String>,
    /// The number of its module, from the front matter, else as given.
    pub module: Option<u32>,
    /// Its number in the module, from the front matter, else as given.
    pub number: Option<u32>,
    /// Its place among its neighbours, where only the order counts.
    pub position: Option<f64>,
    /// Its short name, from the front matter, else the file name without extension and numbers.
    pub slug: String,
    /// Its title, from the front matter, else the first heading of level 1.
    pub title: Option<String>,
    /// What a learner can do afterwards.
    pub objectives: Vec<String>,
    /// Its level.
    pub bloom_level: Option<BloomLevel>,
    /// The concepts that it introduces.
    pub key_concepts: Vec<String>,
    /// The number of words, without front matter and code blocks.
    pub word_count: u32,
}

impl Lesson {
    /// Reads a lesson. `numbers` are module and lesson as the layout gives them; with None, those of the lesson are the
    /// numbers in its front matter. The usual spellings of a field count if the field with the chosen name is absent.
    pub fn read(
        path: &str,
        text: &str,
        numbers: Option<(u32, u32)>,
        fields: &LessonFields<'_>,
    ) -> (Self, Vec<Problem>) {
        let (mut lesson, problems, body) = read_front(path, text, fields);
        let markdown = Markdown::scan(text, body);
        lesson.word_count = markdown.word_count;
        if let Some((module, number)) = numbers {
            lesson.module = lesson.module.or(Some(module));
            lesson.number = lesson.number.or(Some(number));
        }
        if lesson.slug.is_empty() {
            slug_of(path).clone_into(&mut lesson.slug);
        }
        let heading = || markdown.headings.iter().find(|heading| heading.level == 1);
        lesson.title = lesson.title.or_else(|| heading().map(|heading| heading.text.clone()));
        (lesson, problems)
    }

    /// What the front matter of a lesson says. The Markdown is not read, which costs most of [`Self::read`].
    pub fn read_front(path: &str, text: &str, fields: &LessonFields<'_>) -> (Self, Vec<Problem>) {
        let (lesson, problems, _) = read_front(path, text, fields);
        (lesson, problems)
    }
}

/// Reads the front matter. Returns where the Markdown begins as well.
fn read_front(path: &str, text: &str, fields: &LessonFields<'_>) -> (Lesson, Vec<Problem>, usize) {
    let mut problems = Vec::new();
    let (root, body) = match front_matter::split(text, path) {
        Ok(document) => {
            let parsed = document.front.map_or(Ok(None), |front| yaml::parse(text, front, path));
            (
                parsed.unwrap_or_else(|problem| {
                    problems.push(problem);
                    None
                }),
                document.body.start,
            )
        }
        Err(problem) => {
            problems.push(problem);
            (None, 0)
        }
    };
    let mut reader = Reader::new(path, Severity::Warning);
    let lesson = root.map(|root| front(&root, fields, &mut reader)).unwrap_or_default();
    problems.append(&mut reader.problems);
    (lesson, problems, body)
}

/// What the front matter says.
fn front(root: &Node, fields: &LessonFields<'_>, reader: &mut Reader<'_>) -> Lesson {
    let Some(root) = reader.mapping(Some(Field::root(root))) else { return Lesson::default() };
    let (module, number) = numbers(&root, fields, reader);
    Lesson {
        lesson_id: reader.short_text(root.get(&[fields.id, "lesson_id", "id"]).as_ref(), MAX_ID_CHARS),
        module,
        number,
        position: reader.number(root.get(&[fields.position]).as_ref()),
        slug: reader.text(root.get(&["slug"]).as_ref()).unwrap_or_default(),
        title: reader.text(root.get(&["title", "titulo", "título"]).as_ref()),
        objectives: reader.texts(root.get(&["objectives", "learning_objectives", "objetivos"]).as_ref()),
        bloom_level: bloom_level(root.get(&["bloom_level", "bloom", "nivel_bloom"]).as_ref(), reader),
        key_concepts: reader.short_texts(
            root.get(&["key_concepts", "concepts", "conceitos_chave", "conceptos_clave"]).as_ref(),
            MAX_CONCEPT_CHARS,
        ),
        word_count: 0,
    }
}

/// Module and lesson number. `lesson: 2.10` gives both: it is text, so it stays lesson 10.
fn numbers(
    root: &Field<'_>,
    fields: &LessonFields<'_>,
    reader: &mut Reader<'_>,
) -> (Option<u32>, Option<u32>) {
    let lesson = root.get(&[fields.lesson, "lesson", "lesson_number", "number"]);
    let both = lesson.as_ref().and_then(|field| pair(field.node.text()?));
    let module =
        reader.integer(root.get(&[fields.module, "module", "module_number", "modulo", "módulo"]).as_ref());
    match both {
        Some((of_module, number)) => (module.or(Some(of_module)), Some(number)),
        None => (module, reader.integer(lesson.as_ref())),
    }
}

/// The two numbers of `2.10`.
fn pair(text: &str) -> Option<(u32, u32)> {
    let (module, number) = text.trim().split_once('.')?;
    Some((module.parse().ok()?, number.parse().ok()?))
}

/// The level in a field; a word that is no level is an `invalid_value`.
pub(super) fn bloom_level(field: Option<&Field<'_>>, reader: &mut Reader<'_>) -> Option<BloomLevel> {
    let text = reader.text(field)?;
    let level = BloomLevel::recognise(&text);
    if let (None, Some(field)) = (level, field) {
        let known = BloomLevel::ALL.map(BloomLevel::as_str).join(", ");
        reader.report(ProblemCode::InvalidValue, field, format!("{} must be one of {known}", field.name()));
    }
    level
}

/// The file name without extension and without the numbers before it; the whole name if it is only numbers.
fn slug_of(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let slug = stem.trim_start_matches(|one: char| one.is_ascii_digit() || "._- ".contains(one));
    if slug.is_empty() { stem } else { slug }
}
