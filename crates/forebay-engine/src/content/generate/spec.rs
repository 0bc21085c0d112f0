//! What a generator is told about a lesson.

use std::sync::Arc;

use forebay_domain::content::{CourseType, bloom::BloomLevel, paths::RelativePath};

/// A lesson to generate, with all that the curriculum and the brief say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonSpec {
    /// Its course.
    pub course: Arc<CourseSpec>,
    /// The number of its module.
    pub module_number: u32,
    /// The title of its module.
    pub module_title: Option<String>,
    /// Its number in the module.
    pub lesson_number: u32,
    /// Its stable id.
    pub lesson_id: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// The file that it is written to, in the course folder.
    pub file_path: RelativePath,
    /// What a learner can do afterwards.
    pub objectives: Vec<String>,
    /// Its level.
    pub bloom_level: Option<BloomLevel>,
    /// The concepts that it introduces.
    pub key_concepts: Vec<String>,
    /// How long it takes, in minutes.
    pub duration_minutes: Option<u32>,
    /// Its place in the course, from 1.
    pub position: u32,
    /// The lesson before it.
    pub previous: Option<Neighbour>,
    /// The lesson after it.
    pub next: Option<Neighbour>,
}

/// The lesson before or after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The number of its module.
    pub module_number: u32,
    /// Its number in the module.
    pub lesson_number: u32,
    /// Its stable id.
    pub lesson_id: Option<String>,
    /// Its title.
    pub title: Option<String>,
}

/// The course of a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourseSpec {
    /// Its name in the project.
    pub slug: String,
    /// Its title.
    pub title: Option<String>,
    /// For whom it is.
    pub level: Option<String>,
    /// What kind of knowledge it teaches.
    pub course_type: Option<CourseType>,
    /// What a learner can do after the course.
    pub objectives: Vec<String>,
    /// Number of modules.
    pub num_modules: u32,
    /// Number of lessons.
    pub num_lessons: u32,
    /// The text of its brief.
    pub brief: Option<String>,
}
