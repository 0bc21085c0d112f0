//! The numbers of lessons: which module, and which place in it.
//!
//! Numbers can come from the front matter, from the file name, from a list (a curriculum or the summary of a book), and
//! from the order of the files; [`Numbers`] says which of them count. A lesson without a number comes after the
//! numbered ones of its module, so adding a file never changes the number of another one that has its own.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{natural::natural_order, preset::Numbers};
use crate::content::{Problem, ProblemCode, paths::RelativePath};

#[cfg(test)]
mod tests;

/// What one source says about the number of a lesson.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LessonNumber {
    /// The number of its module.
    pub module: Option<u32>,
    /// Its number in the module.
    pub lesson: Option<u32>,
}

/// A lesson and what its file says about its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its path.
    pub path: RelativePath,
    /// The numbers of module and lesson in its path.
    pub in_path: LessonNumber,
    /// The numbers of module and lesson in its front matter.
    pub in_front_matter: LessonNumber,
    /// Its place among its neighbours; None: after those that have one.
    pub position: Option<f64>,
}

/// A lesson in a list that gives the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its path.
    pub path: RelativePath,
    /// Its module.
    pub module: u32,
    /// Its number in the module.
    pub lesson: u32,
}

/// A lesson with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedLesson {
    /// Its module.
    pub module: u32,
    /// Its number in the module.
    pub lesson: u32,
    /// Its path.
    pub path: RelativePath,
}

/// The numbers of all lessons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbering {
    /// The lessons whose number is their own, ordered by number.
    pub lessons: Vec<NumberedLesson>,
    /// Errors for lessons with the same number, and warnings for numbers that disagree; ordered by path.
    pub problems: Vec<Problem>,
}

/// Numbers lessons. `folder_positions` are the places of folders among their neighbours, by path.
///
/// Each folder is a module, unless its lessons say otherwise. Lessons with the same number are left out, all of them:
/// which one is right is not known here.
pub fn number_lessons(
    rule: Numbers,
    lessons: &[Candidate],
    listed: &[Listed],
    folder_positions: &BTreeMap<String, f64>,
) -> Numbering {
    let number = |one: &Listed| LessonNumber { module: Some(one.module), lesson: Some(one.lesson) };
    let listed: BTreeMap<&RelativePath, LessonNumber> =
        listed.iter().map(|one| (&one.path, number(one))).collect();
    let mut problems = Vec::new();
    let mut sorted: Vec<(&Candidate, LessonNumber)> = Vec::with_capacity(lessons.len());
    let nothing = ("", LessonNumber::default());
    for lesson in lessons {
        let in_list = ("curriculum", listed.get(&lesson.path).copied().unwrap_or_default());
        let (in_path, in_front_matter) =
            (("file name", lesson.in_path), ("front matter", lesson.in_front_matter));
        let sources = match rule {
            Numbers::FrontMatter => [in_front_matter, in_path, in_list],
            Numbers::FileName => [in_path, in_list, in_front_matter],
            Numbers::Order => [in_list, nothing, nothing],
        };
        let slot = LessonNumber::first_of(&sources);
        problems.extend(mismatch(lesson, slot, &sources));
        sorted.push((lesson, slot));
    }
    sorted.sort_by(|(one, _), (other, _)| compare(one, other, folder_positions));
    sorted.dedup_by(|(one, _), (other, _)| one.path == other.path);
    let mut by_number: BTreeMap<(u32, u32), Vec<&RelativePath>> = BTreeMap::new();
    for (path, number) in fill(&sorted) {
        by_number.entry(number).or_default().push(path);
    }
    let mut numbered = Vec::with_capacity(sorted.len());
    for ((module, lesson), paths) in by_number {
        if let [path] = paths[..] {
            numbered.push(NumberedLesson { module, lesson, path: path.clone() });
            continue;
        }
        for (index, path) in paths.iter().enumerate() {
            let other = paths[usize::from(index == 0)];
            let message = format!("module {module}, lesson {lesson} is also the number of `{other}`");
            problems.push(Problem::error(ProblemCode::DuplicateNumber, path.as_str(), message));
        }
    }
    problems.sort_by(|one, other| (&one.path, one.code).cmp(&(&other.path, other.code)));
    Numbering { lessons: numbered, problems }
}

impl LessonNumber {
    fn first_of(sources: &[(&str, Self)]) -> Self {
        Self {
            module: sources.iter().find_map(|(_, number)| number.module),
            lesson: sources.iter().find_map(|(_, number)| number.lesson),
        }
    }

    fn disagrees(self, other: Self) -> bool {
        let is_other =
            |one: Option<u32>, other: Option<u32>| one.zip(other).is_some_and(|(one, other)| one != other);
        is_other(self.module, other.module) || is_other(self.lesson, other.lesson)
    }
}

impl fmt::Display for LessonNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |number: Option<u32>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
        write!(f, "{}.{}", shown(self.module), shown(self.lesson))
    }
}

/// A warning if a source disagrees with the number that was chosen.
fn mismatch(lesson: &Candidate, chosen: LessonNumber, sources: &[(&str, LessonNumber)]) -> Option<Problem> {
    let (name, other) = sources.iter().find(|(_, other)| chosen.disagrees(*other))?;
    let message = format!("the number is {chosen}, but the {name} says {other}");
    Some(Problem::warning(ProblemCode::NumberMismatch, lesson.path.as_str(), message))
}

/// The order of lessons that have no number: by folder and then by file, each by position and then naturally.
fn compare(one: &Candidate, other: &Candidate, folder_positions: &BTreeMap<String, f64>) -> Ordering {
    let place = |position: Option<f64>| position.filter(|place| !place.is_nan()).unwrap_or(f64::INFINITY);
    let folder = |lesson: &Candidate| place(folder_positions.get(lesson.path.folder()).copied());
    folder(one)
        .total_cmp(&folder(other))
        .then_with(|| natural_order(one.path.folder(), other.path.folder()))
        .then_with(|| place(one.position).total_cmp(&place(other.position)))
        .then_with(|| natural_order(one.path.as_str(), other.path.as_str()))
}

/// Gives a number to every lesson. `sorted` is in the order of [`compare`].
fn fill<'a>(sorted: &[(&'a Candidate, LessonNumber)]) -> Vec<(&'a RelativePath, (u32, u32))> {
    // The modules of the lessons in each folder that have one.
    let mut known: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    let mut last_lesson: BTreeMap<u32, u32> = BTreeMap::new();
    for (lesson, slot) in sorted {
        if let Some(module) = slot.module {
            known.entry(lesson.path.folder()).or_default().insert(module);
            last_lesson.entry(module).or_default();
        }
    }
    let mut new_module = last_lesson.last_key_value().map_or(0, |(module, _)| *module);
    let mut modules: BTreeMap<&str, u32> = BTreeMap::new();
    let mut assigned = Vec::with_capacity(sorted.len());
    for (lesson, slot) in sorted {
        let folder = lesson.path.folder();
        let only_known = known.get(folder).filter(|modules| modules.len() == 1).and_then(BTreeSet::first);
        let module = slot.module.or(only_known.copied()).unwrap_or_else(|| {
            *modules.entry(folder).or_insert_with(|| {
                new_module = new_module.saturating_add(1);
                new_module
            })
        });
        let last = last_lesson.entry(module).or_default();
        *last = (*last).max(slot.lesson.unwrap_or_default());
        assigned.push((&lesson.path, module, slot.lesson));
    }
    let numbered = assigned.into_iter().map(|(path, module, lesson)| {
        let number = lesson.unwrap_or_else(|| {
            let last = last_lesson.entry(module).or_default();
            *last = last.saturating_add(1);
            *last
        });
        (path, (module, number))
    });
    numbered.collect()
}
