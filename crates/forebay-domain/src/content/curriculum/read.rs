//! From YAML to a curriculum, with the usual spellings of each field.

use super::{Course, Curriculum, Duration, Module, PlannedLesson};
use crate::content::{
    CourseType, Problem, ProblemCode, Severity,
    duration::{minutes, minutes_of_hours},
    fold::fold,
    lesson::bloom_level,
    yaml::{self, Field, Reader},
};

const TITLE: [&str; 6] = ["title", "name", "titulo", "título", "nome", "nombre"];
const PERSONA: [&str; 2] = ["persona_mind_id", "mind_id"];
const OBJECTIVES: [&str; 4] = ["learning_objectives", "objectives", "objetivos", "objetivos_de_aprendizagem"];

/// Reads a curriculum.
pub(super) fn read(path: &str, text: &str) -> Result<(Curriculum, Vec<Problem>), Problem> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let Some(root) = yaml::parse(text, start..text.len(), path)? else {
        return Err(Problem::error(ProblemCode::MissingField, path, "the curriculum is empty").at(1));
    };
    let mut reader = Reader::new(path, Severity::Error);
    let Some(root) = reader.mapping(Some(Field::root(&root))) else {
        return Err(reader.problems.swap_remove(0));
    };
    let curriculum = curriculum(&root, &mut reader);
    Ok((curriculum, reader.problems))
}

fn curriculum(root: &Field<'_>, reader: &mut Reader<'_>) -> Curriculum {
    // The fields of the course are in `course`, or at the top level, or some here and some there.
    let nested = root.get(&["course", "curso"]);
    let name = nested.as_ref().and_then(|course| course.node.text()).map(ToOwned::to_owned);
    let nested = if name.is_some() { None } else { reader.mapping(nested) };
    let get = |keys: &[&str]| nested.as_ref().and_then(|course| course.get(keys)).or_else(|| root.get(keys));
    let modules = get(&["modules", "modulos", "módulos", "units", "unidades"]);
    if modules.is_none() {
        reader.report(ProblemCode::MissingField, root, "the curriculum has no modules");
    }
    let modules = reader.items(modules.as_ref());
    let instructor = get(&["instructor", "instrutor", "professor"]);
    let persona = get(&PERSONA).or_else(|| instructor.as_ref()?.get(&[&PERSONA[..], &["id"]].concat()));
    Curriculum {
        course: Course {
            title: name.or_else(|| {
                reader.text(get(&["title", "course_title", "name", "titulo", "título"]).as_ref())
            }),
            slug: reader.text(get(&["slug", "course_slug"]).as_ref()),
            level: reader.text(get(&["level", "nivel", "nível", "difficulty"]).as_ref()),
            course_type: course_type(get(&["type", "course_type", "tipo"]).as_ref(), reader),
            piece_type: filled(get(&["piece_type"]).as_ref(), reader),
            persona_mind_id: filled(persona.as_ref(), reader),
            duration: duration(get, reader),
        },
        instructor: instructor.map(|field| field.node.clone()),
        metadata: get(&["metadata", "metadados", "metadatos"]).map(|field| field.node.clone()),
        learning_objectives: reader.texts(get(&OBJECTIVES).as_ref()),
        modules: modules
            .iter()
            .zip(1..)
            .filter_map(|(field, position)| module(field, position, reader))
            .collect(),
    }
}

fn module(field: &Field<'_>, position: u32, reader: &mut Reader<'_>) -> Option<Module> {
    let field = &reader.mapping(Some(field.clone()))?;
    let written = field.get(&["number", "module_number", "order", "numero", "número"]);
    let of_id = || last_number(field.get(&["id", "module_id"])?.node.text()?);
    let number = reader.integer(written.as_ref()).or_else(of_id).unwrap_or(position);
    let lessons = field.get(&["lessons", "aulas", "lições", "licoes", "lecciones", "lecciónes", "clases"]);
    let lessons = reader.items(lessons.as_ref());
    Some(Module {
        number,
        title: reader.text(field.get(&[&TITLE[..], &["module_title"]].concat()).as_ref()),
        duration: duration(|keys| field.get(keys), reader),
        lessons: lessons
            .iter()
            .zip(1..)
            .filter_map(|(field, position)| lesson(field, position, reader))
            .collect(),
        line: field.node.line,
    })
}

fn lesson(field: &Field<'_>, position: u32, reader: &mut Reader<'_>) -> Option<PlannedLesson> {
    if let Some(title) = field.node.text() {
        let title = Some(title.to_owned());
        return Some(PlannedLesson {
            title,
            number: position,
            line: field.node.line,
            ..PlannedLesson::default()
        });
    }
    let field = &reader.mapping(Some(field.clone()))?;
    let lesson_id = reader.text(field.get(&["lesson_id", "id"]).as_ref());
    let file_path = reader.text(field.get(&["file_path", "file", "path", "arquivo", "archivo"]).as_ref());
    let written = field.get(&["number", "lesson_number", "order", "numero", "número"]);
    let number = match written.as_ref().and_then(|written| second_number(written.node.text()?)) {
        Some(number) => Some(number),
        None => reader.integer(written.as_ref()),
    };
    let in_file = || second_number(file_path.as_deref()?.rsplit('/').next()?);
    let number = number.or_else(|| second_number(lesson_id.as_deref()?)).or_else(in_file).unwrap_or(position);
    Some(PlannedLesson {
        number,
        title: reader.text(field.get(&[&TITLE[..], &["lesson_title"]].concat()).as_ref()),
        objectives: reader.texts(field.get(&OBJECTIVES).as_ref()),
        bloom_level: bloom_level(field.get(&["bloom_level", "bloom", "nivel_bloom"]).as_ref(), reader),
        key_concepts: reader
            .texts(field.get(&["key_concepts", "concepts", "conceitos_chave", "conceptos_clave"]).as_ref()),
        duration: duration(|keys| field.get(keys), reader),
        line: field.node.line,
        lesson_id,
        file_path,
    })
}

/// A text that is not empty.
fn filled(field: Option<&Field<'_>>, reader: &mut Reader<'_>) -> Option<String> {
    reader.text(field).filter(|text| !text.trim().is_empty())
}

fn course_type(field: Option<&Field<'_>>, reader: &mut Reader<'_>) -> Option<CourseType> {
    let text = reader.text(field)?;
    let found = match fold(&text).as_str() {
        "technical" | "tecnico" | "tecnica" => Some(CourseType::Technical),
        "conceptual" | "conceitual" => Some(CourseType::Conceptual),
        "mixed" | "misto" | "mista" | "mixto" | "mixta" => Some(CourseType::Mixed),
        _ => None,
    };
    if let (None, Some(field)) = (found, field) {
        let known = CourseType::ALL.map(CourseType::as_str).join(", ");
        reader.report(ProblemCode::InvalidValue, field, format!("{} must be one of {known}", field.name()));
    }
    found
}

/// The duration among the fields that `get` finds.
fn duration<'a>(get: impl Fn(&[&str]) -> Option<Field<'a>>, reader: &mut Reader<'_>) -> Option<Duration> {
    let hours = get(&["duration_hours", "total_hours", "estimated_hours", "hours", "horas"]);
    let is_hours = hours.is_some();
    let field = hours.or_else(|| {
        get(&[
            "duration",
            "duration_minutes",
            "estimated_duration",
            "estimated_minutes",
            "estimated_time",
            "total_duration",
            "duracao",
            "duração",
            "duracion",
            "duración",
        ])
    })?;
    let text = reader.text(Some(&field))?;
    let minutes = if is_hours { minutes_of_hours(&text) } else { minutes(&text) };
    if minutes.is_none() {
        let message = format!("{} is not a duration such as 45, 45min, 1h30 or 1.5 hours", field.name());
        reader.report(ProblemCode::InvalidValue, &field, message);
    }
    Some(Duration { minutes: minutes?, line: field.node.line })
}

/// The number at the end of `module-2`, `M02` or `2`.
fn last_number(text: &str) -> Option<u32> {
    let start = text.trim_end_matches(|one: char| one.is_ascii_digit()).len();
    text[start..].parse().ok()
}

/// The second number of `1.2`, `M1L2`, `lesson-1-2` or `1.2-slug.md`; None unless the text begins with two numbers,
/// apart from a word before each.
fn second_number(text: &str) -> Option<u32> {
    let is_letter_or_mark = |one: char| one.is_alphabetic() || "._- ".contains(one);
    let rest = text.trim_start_matches(is_letter_or_mark);
    let rest = rest.trim_start_matches(|one: char| one.is_ascii_digit());
    let between = rest.len() - rest.trim_start_matches(is_letter_or_mark).len();
    let digits = &rest[between..];
    let end = digits.find(|one: char| !one.is_ascii_digit()).unwrap_or(digits.len());
    let is_short = rest[..between].chars().count() <= 8;
    (rest.len() < text.len() && between > 0 && is_short).then(|| digits[..end].parse().ok()).flatten()
}
