//! Which file each part of a course is written to.

use std::collections::BTreeMap;

use forebay_domain::content::{
    file_text::decode,
    layout::{Document, Layout, Role},
    lesson::{Lesson, LessonFields},
    paths::{FoldKey, RelativePath, Slug, slugify},
};
use forebay_store::content::LessonMeasures;

use super::{
    super::{
        error::{ContentError, Result},
        folder::CourseFolder,
    },
    input::{CourseInput, LessonInput, LessonPlace},
};

/// A file to write.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) path: RelativePath,
    pub(super) bytes: Vec<u8>,
    /// The measures of the lesson in it.
    pub(super) measures: LessonMeasures,
}

impl Placed {
    /// Refuses text that no sync stores: it must not replace a file that is stored.
    fn storable(self, max_bytes: u64) -> Result<Self> {
        let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        decode(&self.bytes, self.path.as_str(), max_bytes).map_err(ContentError::Problem)?;
        Ok(self)
    }
}

/// A lesson that was not written. The others of its call were.
#[derive(Debug)]
pub struct RefusedLesson {
    /// Its position in the call, from 0.
    pub index: usize,
    /// Why.
    pub error: ContentError,
}

/// The files of a course: documents, then lessons. Errors: the layout has no path for a document; a document cannot be
/// stored.
pub(super) fn place(
    folder: &CourseFolder,
    layout: &Layout,
    max_bytes: u64,
    input: CourseInput,
) -> Result<(Vec<Placed>, Vec<RefusedLesson>)> {
    let CourseInput { brief, outline, curriculum, research, lessons } = input;
    let documents =
        [(Document::Brief, brief), (Document::Outline, outline), (Document::Curriculum, curriculum)];
    let reports = research.into_iter().map(|(kind, text)| (Document::Research(kind), Some(text)));
    let mut placed = Vec::new();
    for (document, text) in documents.into_iter().chain(reports) {
        let Some(text) = text else { continue };
        let path = layout.document_path(document).ok_or(ContentError::DocumentWithoutPath { document })?;
        let measures = LessonMeasures::default();
        placed.push(Placed { path, bytes: text.into_bytes(), measures }.storable(max_bytes)?);
    }
    let has_numbers = lessons.iter().any(|lesson| matches!(lesson.place, LessonPlace::Number { .. }));
    let mut numbered = if has_numbers { numbered_lessons(folder, layout)? } else { BTreeMap::new() };
    let mut taken: BTreeMap<FoldKey, RelativePath> =
        placed.iter().map(|placed| (placed.path.fold(), placed.path.clone())).collect();
    let mut refused = Vec::new();
    for (index, lesson) in lessons.into_iter().enumerate() {
        match place_lesson(layout, &mut numbered, lesson).and_then(|lesson| lesson.storable(max_bytes)) {
            Ok(lesson) => match taken.insert(lesson.path.fold(), lesson.path.clone()) {
                None => placed.push(lesson),
                Some(other) => {
                    let error =
                        ContentError::SamePath { path: lesson.path.to_string(), other: other.to_string() };
                    refused.push(RefusedLesson { index, error });
                }
            },
            Err(error) => refused.push(RefusedLesson { index, error }),
        }
    }
    Ok((placed, refused))
}

fn place_lesson(
    layout: &Layout,
    numbered: &mut BTreeMap<(u32, u32), RelativePath>,
    input: LessonInput,
) -> Result<Placed> {
    let LessonInput { place, text, mut facts, measures } = input;
    check(&measures)?;
    let path = match place {
        LessonPlace::Path(path) => {
            let path = RelativePath::parse(&path).map_err(ContentError::Problem)?;
            let Role::Lesson { module, lesson, .. } = layout.classify(&path) else {
                return Err(ContentError::NoLessonPath { path: path.to_string() });
            };
            if module.is_some() && lesson.is_some() {
                // The path says it, and keeps saying it after a move.
                facts.numbers = None;
            }
            path
        }
        LessonPlace::Number { module, lesson, slug } => {
            facts.numbers = None;
            if let Some(path) = numbered.get(&(module, lesson)) {
                path.clone()
            } else {
                let slug = slug_of(slug.as_deref(), facts.title.as_deref(), &text)?;
                let path = layout.lesson_path(module, lesson, &slug);
                let path = path.ok_or(ContentError::NumberWithoutPath { module, lesson })?;
                // A second lesson of this call with the same number is the same lesson.
                numbered.insert((module, lesson), path.clone());
                path
            }
        }
    };
    let text = facts.above(&text, path.as_str(), &layout.lesson_fields());
    Ok(Placed { path, bytes: text.into_bytes(), measures })
}

/// The file of a lesson that exists.
pub(super) fn find_lesson(
    folder: &CourseFolder,
    layout: &Layout,
    place: LessonPlace,
) -> Result<RelativePath> {
    match place {
        LessonPlace::Path(path) => RelativePath::parse(&path).map_err(ContentError::Problem),
        LessonPlace::Number { module, lesson, .. } => {
            let mut numbered = numbered_lessons(folder, layout)?;
            numbered.remove(&(module, lesson)).ok_or(ContentError::LessonMissing { module, lesson })
        }
    }
}

/// The lessons of the folder by the numbers in their paths.
fn numbered_lessons(folder: &CourseFolder, layout: &Layout) -> Result<BTreeMap<(u32, u32), RelativePath>> {
    let mut numbered = BTreeMap::new();
    for found in folder.walk(layout)?.files {
        if let Role::Lesson { module: Some(module), lesson: Some(lesson), .. } = found.role {
            // The first one counts. A second one with its number is reported by the sync.
            numbered.entry((module, lesson)).or_insert(found.path);
        }
    }
    Ok(numbered)
}

/// The slug of a new lesson: the given one, else from its title. Words in a script without Latin letters make no slug.
fn slug_of(given: Option<&str>, title: Option<&str>, text: &str) -> Result<Slug> {
    let read = || Lesson::read("lesson.md", text, None, &LessonFields::default()).0;
    let slug = given.and_then(slugify).or_else(|| title.and_then(slugify));
    match slug.or_else(|| read().title.as_deref().and_then(slugify)) {
        Some(slug) => Ok(slug),
        None => Slug::parse("lesson").map_err(ContentError::Problem),
    }
}

/// Values that the database would refuse are refused before a file is written.
pub(super) fn check(measures: &LessonMeasures) -> Result<()> {
    let LessonMeasures {
        gps_score, didatica_score, generation_seconds, generation_cost, num_retries, ..
    } = measures;
    for (name, value, max) in [
        ("gps_score", *gps_score, 1.0),
        ("didatica_score", *didatica_score, 1.0),
        ("generation_seconds", *generation_seconds, f64::MAX),
        ("generation_cost", *generation_cost, f64::MAX),
        ("num_retries", num_retries.map(f64::from), f64::MAX),
    ] {
        check_value(name, value, max)?;
    }
    Ok(())
}

/// A voice score is between 0 and 1.
pub(in crate::content) fn check_voice(score: f64) -> Result<()> {
    check_value("voice_fidelity_score", Some(score), 1.0)
}

/// Whether a value is absent or between 0 and `max`.
fn check_value(name: &'static str, value: Option<f64>, max: f64) -> Result<()> {
    match value {
        Some(value) if !(0.0..=max).contains(&value) => {
            Err(ContentError::ValueOutOfRange { name, value, max })
        }
        _ => Ok(()),
    }
}
