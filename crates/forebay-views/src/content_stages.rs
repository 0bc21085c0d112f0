//! What the stages of a course find: in its brief, its research, its curriculum.

use forebay_domain::content::brief::BriefSection;
use forebay_engine::content as engine;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    content::ContentProblem, content_written::ContentPersisted, course::CourseApproval, error::Error,
};

/// A checked brief.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentBrief {
    /// Its path in the course folder.
    pub path: String,
    /// Whether nothing is missing.
    pub is_complete: bool,
    /// Its title; null: it has none.
    pub title: Option<String>,
    /// The sections that it has, in their order.
    pub sections: Vec<ContentBriefSection>,
    /// Sections that are missing or empty, and places that are not filled in.
    pub problems: Vec<ContentProblem>,
    /// The result in the database.
    pub database: ContentPersisted,
}

/// A section of a brief.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentBriefSection {
    /// What it is about.
    #[schemars(schema_with = "crate::words::brief_section")]
    pub section: String,
    /// Its heading.
    pub heading: String,
    /// The line of the heading, from 1.
    pub line: u32,
}

/// The checked market research.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentResearch {
    /// Whether all four reports exist and nothing is missing in them.
    pub is_complete: bool,
    /// The four reports.
    pub reports: Vec<ContentReport>,
    /// What is missing.
    pub problems: Vec<ContentProblem>,
    /// The result in the database.
    pub database: ContentPersisted,
}

/// A report of the market research.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentReport {
    /// Which one.
    #[schemars(schema_with = "crate::words::research_kind")]
    pub report: String,
    /// Its path in the course folder; null: it is missing.
    pub path: Option<String>,
    /// Number of words; null: it is missing.
    pub num_words: Option<u32>,
    /// Its first paragraph; null: it has none.
    pub summary: Option<String>,
    /// Number of competitors that it lists; null: it has no such list.
    pub num_competitors: Option<u32>,
}

/// A checked curriculum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentCurriculum {
    /// Its path in the course folder.
    pub path: String,
    /// Whether it has no errors, so it may be approved.
    pub is_valid: bool,
    /// Whether it was approved as it is now.
    pub is_approved: bool,
    /// The last approval in this folder, whether or not of the curriculum as it is now; null: there is none.
    pub last_approval: Option<CourseApproval>,
    /// The title of the course; null: it names none.
    pub title: Option<String>,
    /// Number of modules.
    pub num_modules: u64,
    /// Number of lessons.
    pub num_lessons: u64,
    /// What is wrong with it, by line.
    pub problems: Vec<ContentProblem>,
}

/// An attempt to approve a curriculum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentApproval {
    /// The approval; null: the curriculum has errors, so it was not approved.
    pub approval: Option<CourseApproval>,
    /// Whether the same person had approved the same file already; nothing was added.
    pub is_repeated: bool,
    /// The curriculum.
    pub curriculum: ContentCurriculum,
    /// The result in the database.
    pub database: ContentPersisted,
}

/// The recorded voice fidelity of a course.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContentVoice {
    /// How well the text matches the persona's voice, 0 to 1.
    pub voice_fidelity_score: f64,
    /// The result in the database.
    pub database: ContentPersisted,
}

impl ContentBrief {
    /// A checked brief. `failed` makes the error of a code and a message.
    pub fn new(report: engine::BriefReport, failed: impl FnOnce(&'static str, String) -> Error) -> Self {
        let is_complete = report.is_complete();
        let engine::BriefReport { path, brief, problems, persisted } = report;
        let section = |section: BriefSection| ContentBriefSection {
            section: section.kind.as_str().to_owned(),
            heading: section.heading,
            line: section.line,
        };
        Self {
            path,
            is_complete,
            title: brief.title,
            sections: brief.sections.into_iter().map(section).collect(),
            problems: problems.into_iter().map(ContentProblem::from).collect(),
            database: ContentPersisted::new(persisted, failed),
        }
    }
}

impl ContentResearch {
    /// Checked research. `failed` makes the error of a code and a message.
    pub fn new(report: engine::ResearchReport, failed: impl FnOnce(&'static str, String) -> Error) -> Self {
        let is_complete = report.is_complete();
        let engine::ResearchReport { reports, problems, persisted } = report;
        let one = |checked: engine::CheckedReport| ContentReport {
            report: checked.kind.as_str().to_owned(),
            num_words: checked.path.as_ref().map(|_| checked.report.word_count),
            path: checked.path,
            summary: checked.report.summary,
            num_competitors: checked.report.num_competitors,
        };
        Self {
            is_complete,
            reports: reports.into_iter().map(one).collect(),
            problems: problems.into_iter().map(ContentProblem::from).collect(),
            database: ContentPersisted::new(persisted, failed),
        }
    }
}

impl From<engine::CurriculumCheck> for ContentCurriculum {
    fn from(check: engine::CurriculumCheck) -> Self {
        let (is_valid, is_approved) = (check.is_valid(), check.is_approved());
        let engine::CurriculumCheck { path, curriculum, problems, last_approval, .. } = check;
        Self {
            path,
            is_valid,
            is_approved,
            last_approval: last_approval.map(CourseApproval::from),
            num_modules: curriculum.as_ref().map_or(0, |curriculum| curriculum.modules.len() as u64),
            num_lessons: curriculum.as_ref().map_or(0, |curriculum| curriculum.lessons().count() as u64),
            title: curriculum.and_then(|curriculum| curriculum.course.title),
            problems: problems.into_iter().map(ContentProblem::from).collect(),
        }
    }
}

impl ContentApproval {
    /// An attempt to approve. `failed` makes the error of a code and a message.
    pub fn new(report: engine::ApprovalReport, failed: impl FnOnce(&'static str, String) -> Error) -> Self {
        let engine::ApprovalReport { check, approval, is_repeated, persisted } = report;
        Self {
            approval: approval.map(CourseApproval::from),
            is_repeated,
            curriculum: check.into(),
            database: ContentPersisted::new(persisted, failed),
        }
    }
}
