//! Whether a curriculum agrees with itself and with the folder.

use std::collections::{BTreeSet, HashMap};

use super::{Curriculum, Duration, Module, PlannedLesson};
use crate::content::{Problem, ProblemCode};

/// Checks numbers, durations, ids and files; `lesson_files` are the paths of the lessons in the course folder. Doubled
/// ids, numbers and files are errors, everything else is a warning. The problems are in the order of the lines.
pub fn check(curriculum: &Curriculum, path: &str, lesson_files: &BTreeSet<String>) -> Vec<Problem> {
    let mut checker = Checker { path, problems: Vec::new() };
    checker.numbers(curriculum);
    checker.durations(curriculum);
    checker.ids(curriculum);
    checker.files(curriculum, lesson_files);
    // A stable sort, with what has no line at the end.
    checker.problems.sort_by_key(|problem| problem.line.unwrap_or(u32::MAX));
    checker.problems
}

struct Checker<'a> {
    path: &'a str,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn error(&mut self, code: ProblemCode, line: u32, message: String) {
        self.problems.push(Problem::error(code, self.path, message).at(line));
    }

    fn warn(&mut self, code: ProblemCode, line: u32, message: String) {
        self.problems.push(Problem::warning(code, self.path, message).at(line));
    }

    fn numbers(&mut self, curriculum: &Curriculum) {
        let modules: Vec<(u32, u32)> = curriculum.modules.iter().map(|one| (one.number, one.line)).collect();
        self.sequence("module", "", &modules, None);
        let mut before = None;
        for module in &curriculum.modules {
            let lessons: Vec<(u32, u32)> = module.lessons.iter().map(|one| (one.number, one.line)).collect();
            let place = format!(" of module {}", module.number);
            self.sequence("lesson", &place, &lessons, before);
            before = lessons.iter().map(|(number, _)| *number).max().or(before);
        }
    }

    /// Checks that numbers are unique and without gaps. They begin with 0 or 1, or go on after `before`.
    fn sequence(&mut self, what: &str, place: &str, numbers: &[(u32, u32)], before: Option<u32>) {
        let mut sorted = numbers.to_vec();
        sorted.sort_by_key(|(number, _)| *number);
        let mut last: Option<(u32, u32)> = None;
        for (number, line) in sorted {
            match last {
                Some((same, first)) if same == number => {
                    let message =
                        format!("{what} {number}{place} occurs twice; the first is in line {first}");
                    self.error(ProblemCode::DuplicateNumber, line, message);
                }
                Some((below, _)) => self.gap(what, place, below.saturating_add(1), number, line),
                None if before.and_then(|before| before.checked_add(1)) == Some(number) => {}
                None => self.gap(what, place, 1, number, line),
            }
            if last.is_none_or(|(same, _)| same != number) {
                last = Some((number, line));
            }
        }
    }

    /// Reports the missing numbers before `number`, from `expected` on.
    fn gap(&mut self, what: &str, place: &str, expected: u32, number: u32, line: u32) {
        let message = match number.checked_sub(expected) {
            None | Some(0) => return,
            Some(1) => format!("{what} {expected}{place} is missing"),
            Some(_) => format!("{what}s {expected} to {}{place} are missing", number - 1),
        };
        self.warn(ProblemCode::NumberGap, line, message);
    }

    fn durations(&mut self, curriculum: &Curriculum) {
        let mut total = Some(0);
        for module in &curriculum.modules {
            let of_lessons = sum(module.lessons.iter().map(|lesson| lesson.duration));
            if let (Some(stated), Some(sum)) = (module.duration, of_lessons) {
                self.duration(&format!("module {}", module.number), "lessons", stated, sum);
            }
            let of_module = module.duration.map(|duration| u64::from(duration.minutes)).or(of_lessons);
            total = total.zip(of_module).map(|(total, minutes)| total + minutes);
        }
        if let (Some(stated), Some(total), false) =
            (curriculum.course.duration, total, curriculum.modules.is_empty())
        {
            self.duration("the course", "modules", stated, total);
        }
    }

    fn duration(&mut self, what: &str, parts: &str, stated: Duration, sum: u64) {
        if u64::from(stated.minutes) != sum {
            let message = format!("{what} takes {} minutes, but its {parts} take {sum}", stated.minutes);
            self.warn(ProblemCode::DurationMismatch, stated.line, message);
        }
    }

    fn ids(&mut self, curriculum: &Curriculum) {
        let mut known: HashMap<&str, u32> = HashMap::new();
        for (_, lesson) in curriculum.lessons() {
            let Some(id) = lesson.lesson_id.as_deref() else { continue };
            if let Some(first) = known.get(id) {
                let message = format!("the lesson id {id:?} occurs twice; the first is in line {first}");
                self.error(ProblemCode::DuplicateId, lesson.line, message);
            } else {
                known.insert(id, lesson.line);
            }
        }
    }

    fn files(&mut self, curriculum: &Curriculum, lesson_files: &BTreeSet<String>) {
        let mut named: HashMap<&str, u32> = HashMap::new();
        let mut has_all_files = true;
        for (module, lesson) in curriculum.lessons() {
            let Some(file) = lesson.file_path.as_deref() else {
                has_all_files = false;
                continue;
            };
            let Some(file) = found(file, lesson_files) else {
                let message = format!("{} names {file}, which does not exist", shown(module, lesson));
                self.warn(ProblemCode::MissingFile, lesson.line, message);
                continue;
            };
            if let Some(first) = named.insert(file, lesson.line) {
                let message = format!("{file} is named by two lessons; the first is in line {first}");
                self.error(ProblemCode::InvalidValue, lesson.line, message);
            }
        }
        // Lessons without a file are matched by number elsewhere, so their files are not known here.
        if has_all_files {
            let unlisted = lesson_files.iter().filter(|file| !named.contains_key(file.as_str()));
            self.problems.extend(unlisted.map(|file| {
                Problem::warning(ProblemCode::UnlistedFile, file, "the curriculum does not name this lesson")
            }));
        }
    }
}

/// The file that a path names: relative to the course folder, or to a folder above it, or to `lessons/`.
fn found<'a>(path: &str, lesson_files: &'a BTreeSet<String>) -> Option<&'a str> {
    let mut rest = path.trim_start_matches("./").trim_start_matches('/');
    loop {
        if let Some(file) = lesson_files.get(rest) {
            return Some(file);
        }
        match rest.split_once('/') {
            Some((_, below)) => rest = below,
            None => return lesson_files.get(&format!("lessons/{rest}")).map(String::as_str),
        }
    }
}

fn shown(module: &Module, lesson: &PlannedLesson) -> String {
    format!("lesson {}.{}", module.number, lesson.number)
}

/// The sum of all durations; None if one is unknown or there are none.
fn sum(durations: impl Iterator<Item = Option<Duration>>) -> Option<u64> {
    let mut total = None;
    for duration in durations {
        total = Some(total.unwrap_or(0) + u64::from(duration?.minutes));
    }
    total
}
