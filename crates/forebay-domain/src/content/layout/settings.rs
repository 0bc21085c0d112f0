//! The settings of a layout, as `[content.layout]` of `forebay.toml` has them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::preset::{Numbers, Preset};

/// Which file of a course folder is what. A list of patterns replaces that of the preset; an empty list means no file
/// has that role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LayoutSettings {
    /// What to start from. Default: `creator-os`.
    #[schemars(schema_with = "crate::words::schema::<Preset>")]
    pub preset: Option<Preset>,
    /// The brief of the course.
    pub brief: Option<Vec<String>>,
    /// The outline of the course, such as `src/SUMMARY.md`.
    pub outline: Option<Vec<String>>,
    /// The curriculum.
    pub curriculum: Option<Vec<String>>,
    /// Files that describe a module, such as `content/**/_index.md`.
    pub modules: Option<Vec<String>>,
    /// Lessons. The first pattern that matches gives the captures, so list the most specific one first.
    pub lessons: Option<Vec<String>>,
    /// Reports of the market research, each a list of patterns.
    pub research: ResearchPatterns,
    /// Tests and exercises.
    pub assessments: Option<Vec<String>>,
    /// Images and other files that lessons use.
    pub resources: Option<Vec<String>>,
    /// Files that are neither stored nor compared, in addition to hidden and temporary ones.
    pub ignored: Option<Vec<String>>,
    /// Where the numbers of modules and lessons come from first: the front matter, the file name, or the order of the
    /// files. Default: that of the preset.
    #[schemars(schema_with = "crate::words::schema::<Numbers>")]
    pub numbers: Option<Numbers>,
    /// The names of fields in the front matter of lessons.
    pub fields: Fields,
}

/// Patterns for each report of the market research.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResearchPatterns {
    /// Who would buy the course.
    pub market_analysis: Option<Vec<String>>,
    /// What other courses leave out.
    pub content_gaps: Option<Vec<String>>,
    /// How this course is different.
    pub differentiation: Option<Vec<String>>,
    /// Where the claims come from.
    pub sources: Option<Vec<String>>,
}

/// The names of fields in the front matter of a lesson.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fields {
    /// The stable id of the lesson. Default: `lesson_id`.
    pub id: Option<String>,
    /// The number of the module. Default: `module`.
    pub module: Option<String>,
    /// The number of the lesson in its module. Default: `lesson`.
    pub lesson: Option<String>,
    /// The place among its neighbours, where only the order counts. Default: `position`; `sidebar_position` for
    /// Docusaurus, `weight` for Hugo.
    pub position: Option<String>,
}
