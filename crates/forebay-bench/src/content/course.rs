//! Made-up courses in temporary folders.

use std::{
    fmt::Write,
    fs, io,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use forebay_domain::content::{
    file_text::hash,
    layout::{Layout, LayoutSettings},
    paths::Slug,
};
use forebay_engine::content::{CourseFolder, CourseSettings};
use tempfile::TempDir;

use crate::failure::Failure;

/// How many lessons a module has.
const PER_MODULE: u32 = 20;

/// A course in a folder that is deleted with this value.
pub(super) struct MadeUp {
    folder: TempDir,
}

impl MadeUp {
    /// A folder without files.
    pub(super) fn empty() -> io::Result<Self> {
        Ok(Self { folder: TempDir::new()? })
    }

    /// A course with a curriculum and no lessons.
    pub(super) fn with_curriculum(num_lessons: u32) -> io::Result<Self> {
        let course = Self::empty()?;
        fs::write(course.path().join("curriculum.yaml"), curriculum(num_lessons))?;
        Ok(course)
    }

    /// A course with a curriculum and all lessons.
    pub(super) fn with_lessons(num_lessons: u32) -> io::Result<Self> {
        let course = Self::with_curriculum(num_lessons)?;
        fs::create_dir(course.path().join("lessons"))?;
        for (module, number) in numbers(num_lessons) {
            fs::write(course.path().join(lesson_path(module, number)), lesson_text(module, number, 0))?;
        }
        Ok(course)
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn open(&self) -> Result<Arc<CourseFolder>, Failure> {
        let opened = CourseFolder::open(self.path()).map_err(forebay_engine::Error::from)?;
        Ok(Arc::new(opened))
    }

    /// Reads and hashes every lesson.
    pub(super) fn hash_all(&self) -> io::Result<Duration> {
        let started = Instant::now();
        let mut last = [0; 32];
        for entry in fs::read_dir(self.path().join("lessons"))? {
            last = hash(&fs::read(entry?.path())?);
        }
        std::hint::black_box(last);
        Ok(started.elapsed())
    }
}

/// The settings of a made-up course.
pub(super) fn settings(slug: &str) -> Result<CourseSettings, Failure> {
    let layout =
        Layout::new(&LayoutSettings::default()).map_err(|error| Failure::bench(error.to_string()))?;
    let slug = Slug::parse(slug).map_err(|problem| Failure::bench(problem.message))?;
    Ok(CourseSettings::new(slug, layout))
}

/// Modules and numbers of so many lessons.
fn numbers(num_lessons: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..num_lessons).map(|index| (index / PER_MODULE + 1, index % PER_MODULE + 1))
}

/// The path of a lesson.
pub(super) fn lesson_path(module: u32, number: u32) -> String {
    format!("lessons/{module}.{number}-part-{number}.md")
}

/// A lesson of about 4 kB. Each generation has another text.
pub(super) fn lesson_text(module: u32, number: u32, generation: u32) -> String {
    let mut text = format!(
        "---\nlesson_id: L{module}-{number}\ntitle: \"Lesson {module}.{number}\"\nbloom_level: apply\nobjectives:\n  \
         - Write a program with its own types\nkey_concepts: [ownership, borrowing]\n---\n\n# Lesson {module}.{number}\n"
    );
    for paragraph in 0..24 {
        let _infallible = write!(
            text,
            "\nParagraph {paragraph} of draft {generation}: a value has one owner at a time, and it is dropped when its \
             owner goes out of scope, so nobody frees it twice.\n"
        );
    }
    text
}

fn curriculum(num_lessons: u32) -> String {
    let mut text = "course:\n  title: A course to measure\nmodules:\n".to_owned();
    for (module, number) in numbers(num_lessons) {
        if number == 1 {
            let _infallible =
                write!(text, "  - number: {module}\n    title: Module {module}\n    lessons:\n");
        }
        let path = lesson_path(module, number);
        let _infallible = write!(
            text,
            "      - lesson_id: L{module}-{number}\n        title: Lesson {module}.{number}\n        file_path: {path}\n"
        );
    }
    text
}
