//! The curriculum of a course (`curriculum.yaml`): its modules and lessons in order.
//!
//! [`Curriculum::read`] accepts the usual spellings and reads what it can; [`check`] compares the numbers, durations,
//! ids and files with each other and with the folder.

mod check;
mod read;
mod targets;
#[cfg(test)]
mod tests;

use super::{CourseType, Problem, bloom::BloomLevel, yaml::Node};

pub use check::check;
pub use targets::{Places, Target, targets};

/// A curriculum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Curriculum {
    /// The course.
    pub course: Course,
    /// Who teaches, as written: a name or a mapping.
    pub instructor: Option<Node>,
    /// Any other facts, as written.
    pub metadata: Option<Node>,
    /// What a learner can do after the course.
    pub learning_objectives: Vec<String>,
    /// The modules, in the order of the file.
    pub modules: Vec<Module>,
}

/// The course as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// Its title.
    pub title: Option<String>,
    /// Its short name.
    pub slug: Option<String>,
    /// For whom it is (`beginner`), as written.
    pub level: Option<String>,
    /// What kind of knowledge it teaches.
    pub course_type: Option<CourseType>,
    /// What kind of content it is (`course`, `workshop`), as written.
    pub piece_type: Option<String>,
    /// The id of the persona in whose voice it is written, as written. Default: the id of the instructor.
    pub persona_mind_id: Option<String>,
    /// How long it takes.
    pub duration: Option<Duration>,
}

/// A module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// Its number, as written or else its position.
    pub number: u32,
    /// Its title.
    pub title: Option<String>,
    /// How long it takes.
    pub duration: Option<Duration>,
    /// Its lessons, in the order of the file.
    pub lessons: Vec<PlannedLesson>,
    /// Its 1-based line.
    pub line: u32,
}

/// A lesson as the curriculum plans it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlannedLesson {
    /// Its stable id.
    pub lesson_id: Option<String>,
    /// Its number in the module: as written, else from its id or file name, else its position.
    pub number: u32,
    /// Its title.
    pub title: Option<String>,
    /// Its file, relative to the course folder or as the generator saw it.
    pub file_path: Option<String>,
    /// What a learner can do afterwards.
    pub objectives: Vec<String>,
    /// Its level.
    pub bloom_level: Option<BloomLevel>,
    /// The concepts that it introduces.
    pub key_concepts: Vec<String>,
    /// How long it takes.
    pub duration: Option<Duration>,
    /// Its 1-based line.
    pub line: u32,
}

/// A duration and where it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration {
    /// The duration in minutes.
    pub minutes: u32,
    /// The 1-based line.
    pub line: u32,
}

impl Curriculum {
    /// Reads a curriculum. Wrong values are problems, and the rest is read. The error says why nothing could be read.
    pub fn read(path: &str, text: &str) -> Result<(Self, Vec<Problem>), Problem> {
        read::read(path, text)
    }

    /// All lessons with their modules.
    pub fn lessons(&self) -> impl Iterator<Item = (&Module, &PlannedLesson)> {
        self.modules.iter().flat_map(|module| module.lessons.iter().map(move |lesson| (module, lesson)))
    }
}
