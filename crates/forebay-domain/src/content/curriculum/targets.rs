//! Where the file of each planned lesson is, or belongs.
//!
//! A model wrote the curriculum, so its paths are hostile until they are checked: nothing may leave the course folder,
//! and nothing but a lesson may be written under the name of one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Curriculum, Module, PlannedLesson};
use crate::content::{
    Problem, ProblemCode, Severity,
    layout::{Layout, Preset, Role},
    paths::{FoldKey, RelativePath, Slug, slugify},
};

/// A planned lesson and its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// Its module.
    pub module: &'a Module,
    /// The lesson.
    pub lesson: &'a PlannedLesson,
    /// Its file in the course folder, which may not exist yet. The error says why the lesson cannot be written.
    pub file: Result<RelativePath, Problem>,
}

/// What decides where files belong.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// The path of the curriculum, for problems.
    pub curriculum: &'a str,
    /// The name of the course. A path may begin above its folder, as the generator saw it.
    pub slug: &'a Slug,
    /// The layout of the folder.
    pub layout: &'a Layout,
    /// The lessons in the folder.
    pub lesson_files: &'a BTreeSet<RelativePath>,
}

/// The files of all lessons, in the order of the curriculum. `problems` are those of reading and checking it: a lesson
/// with an error has no file.
pub fn targets<'a>(curriculum: &'a Curriculum, places: &Places<'_>, problems: &[Problem]) -> Vec<Target<'a>> {
    let starts: BTreeSet<u32> = curriculum
        .modules
        .iter()
        .flat_map(|module| module.lessons.iter().map(|lesson| lesson.line).chain([module.line]))
        .collect();
    let mut taken: BTreeMap<FoldKey, u32> = BTreeMap::new();
    curriculum
        .lessons()
        .map(|(module, lesson)| {
            let end = starts.range(lesson.line + 1..).next().copied().unwrap_or(u32::MAX);
            let is_of_lesson = |problem: &&Problem| {
                let line = problem.line.filter(|line| (lesson.line..end).contains(line));
                line.is_some() && problem.severity == Severity::Error && problem.path == places.curriculum
            };
            let file = match problems.iter().find(is_of_lesson) {
                Some(problem) => Err(problem.clone()),
                None => places.file(module, lesson).and_then(|file| {
                    places.check_case(&file, lesson)?;
                    places.claim(&mut taken, file, lesson)
                }),
            };
            Target { module, lesson, file }
        })
        .collect()
}

impl Places<'_> {
    fn file(&self, module: &Module, lesson: &PlannedLesson) -> Result<RelativePath, Problem> {
        match lesson.file_path.as_deref() {
            Some(path) => self.named(path, lesson),
            None => self.unnamed(module, lesson),
        }
    }

    /// The file of a lesson whose path is given.
    fn named(&self, path: &str, lesson: &PlannedLesson) -> Result<RelativePath, Problem> {
        let path = path.trim_start_matches("./");
        let in_course = format!("{}/", self.slug);
        let below = path
            .find(&in_course)
            .filter(|at| *at == 0 || path[..*at].ends_with('/'))
            .map(|at| &path[at + in_course.len()..]);
        let is_unsafe = |problem: Problem| self.problem(problem.code, lesson, &problem.message);
        if let (Some(below), true) = (below, path.starts_with('/')) {
            // An absolute path of the course folder, as the generator saw it.
            return self.lesson_at(&[below.to_owned()], path, lesson);
        }
        RelativePath::parse(path).map_err(is_unsafe)?;
        let mut candidates: Vec<String> = below.into_iter().chain([path]).map(str::to_owned).collect();
        candidates.extend(path.match_indices('/').map(|(at, _)| path[at + 1..].to_owned()));
        // A bare name is one in the folder of lessons, unless it names another file of the course.
        let is_free =
            |path: &RelativePath| matches!(self.layout.classify(path), Role::Other | Role::Lesson { .. });
        if !path.contains('/') && RelativePath::parse(path).is_ok_and(|path| is_free(&path)) {
            candidates.push(format!("lessons/{path}"));
        }
        self.lesson_at(&candidates, path, lesson)
    }

    /// The first candidate that the layout takes for a lesson.
    fn lesson_at(
        &self,
        candidates: &[String],
        path: &str,
        lesson: &PlannedLesson,
    ) -> Result<RelativePath, Problem> {
        let parsed = candidates.iter().filter_map(|candidate| RelativePath::parse(candidate).ok());
        let is_lesson = |path: &RelativePath| matches!(self.layout.classify(path), Role::Lesson { .. });
        parsed.into_iter().find(is_lesson).ok_or_else(|| {
            let message = format!("`{path}` is not the path of a lesson in this layout");
            self.problem(ProblemCode::InvalidValue, lesson, &message)
        })
    }

    /// The file of a lesson without a path: the one with its number, else the usual name.
    fn unnamed(&self, module: &Module, lesson: &PlannedLesson) -> Result<RelativePath, Problem> {
        let has_number = |path: &&RelativePath| {
            matches!(self.layout.classify(path), Role::Lesson { module: Some(of_module), lesson: Some(number), .. }
                if (of_module, number) == (module.number, lesson.number))
        };
        if let Some(path) = self.lesson_files.iter().find(has_number) {
            return Ok(path.clone());
        }
        if self.layout.preset() != Preset::CreatorOs {
            return Err(self.problem(ProblemCode::MissingField, lesson, "the lesson has no file_path"));
        }
        let name = lesson.title.as_deref().or(lesson.lesson_id.as_deref()).unwrap_or_default();
        let slug = slugify(name).map_or_else(|| "lesson".to_owned(), |slug| slug.to_string());
        let path = format!("lessons/{}.{}-{slug}.md", module.number, lesson.number);
        self.lesson_at(std::slice::from_ref(&path), &path, lesson)
    }

    /// Refuses a file whose name differs from that of another lesson only by case or Unicode form.
    fn check_case(&self, file: &RelativePath, lesson: &PlannedLesson) -> Result<(), Problem> {
        let key = file.fold();
        let other = self.lesson_files.iter().find(|other| **other != *file && other.fold() == key);
        match other {
            Some(other) if !self.lesson_files.contains(file) => {
                let message =
                    format!("`{file}` and `{other}` are the same file where case or Unicode form is ignored");
                Err(self.problem(ProblemCode::PathCollision, lesson, &message))
            }
            _ => Ok(()),
        }
    }

    /// Gives each file to the first lesson that names it.
    fn claim(
        &self,
        taken: &mut BTreeMap<FoldKey, u32>,
        file: RelativePath,
        lesson: &PlannedLesson,
    ) -> Result<RelativePath, Problem> {
        if let Some(line) = taken.insert(file.fold(), lesson.line) {
            taken.insert(file.fold(), line);
            let message = format!("`{file}` is also the file of the lesson in line {line}");
            return Err(self.problem(ProblemCode::PathCollision, lesson, &message));
        }
        Ok(file)
    }

    fn problem(&self, code: ProblemCode, lesson: &PlannedLesson, message: &str) -> Problem {
        Problem::error(code, self.curriculum, message).at(lesson.line)
    }
}

#[cfg(test)]
mod tests;
