//! The names of a lesson's fields.

/// The names of fields in the front matter that a layout can choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LessonFields<'a> {
    /// The stable id.
    pub id: &'a str,
    /// The number of the module.
    pub module: &'a str,
    /// The number of the lesson in its module.
    pub lesson: &'a str,
    /// The place among its neighbours.
    pub position: &'a str,
}

impl Default for LessonFields<'_> {
    fn default() -> Self {
        Self { id: "lesson_id", module: "module", lesson: "lesson", position: "position" }
    }
}
