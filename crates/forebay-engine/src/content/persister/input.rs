//! The input of the calls of a generator.

use forebay_domain::content::{ResearchKind, lesson::LessonFacts};
use forebay_store::content::LessonMeasures;

/// Where a lesson belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LessonPlace {
    /// By its number. The layout gives the path. If the folder has a lesson with this number, that file is written.
    Number {
        /// The number of its module.
        module: u32,
        /// Its number in the module.
        lesson: u32,
        /// Its short name in the path of a new file, in any form; a slug is made from it. Default: from the title.
        slug: Option<String>,
    },
    /// By the path of its file in the course folder.
    Path(String),
}

/// A lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct LessonInput {
    /// Where it belongs.
    pub place: LessonPlace,
    /// Its Markdown.
    pub text: String,
    /// Facts about it, which become its front matter unless the text has one. Front matter without an id gets the id.
    pub facts: LessonFacts,
    /// Its measures. Values that are `None` do not change.
    pub measures: LessonMeasures,
}

/// A whole course, or parts of it. Parts that are absent stay as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CourseInput {
    /// The text of the brief.
    pub brief: Option<String>,
    /// The text of the outline.
    pub outline: Option<String>,
    /// The text of the curriculum.
    pub curriculum: Option<String>,
    /// The texts of research reports.
    pub research: Vec<(ResearchKind, String)>,
    /// Lessons.
    pub lessons: Vec<LessonInput>,
}
